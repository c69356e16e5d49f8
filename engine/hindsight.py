"""What a flow would have done with people whose carts are known: the same
`plan` and `recheck`, the same permission, under a clock that is only imagined.

Pure but for its tally: everything has been loaded before, and nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from core.actions import Enrol, Exit, Refuse, SendMessage, Skip, Wait
from core.events import CartUpdated
from core.facts import ConsentFacts, Facts
from core.models import Merchant
from core.reasons import Reason
from core.settings import FlowSettings
from engine import calendar, permission
from engine.as_it_was import about, as_event, as_it_was, until
from engine.facts import facts_for
from engine.known import Loaded, Slot, Subject
from engine.shop_settings import ShopSettings
from flows.flow import Flow

MODE = "hindsight"


@dataclass
class Tally:
    """What would have been. `people` would have been written to, `bought_anyway`
    are those of them who bought after all that, with no message at all;
    `bought_first` bought before the first was due. `refused` counts carts by the
    weightiest reason why nothing would have begun."""

    carts: int = 0
    people: int = 0
    messages: int = 0
    bought_anyway: int = 0
    bought_first: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: Reason) -> None:
        self.refused[reason.value] = self.refused.get(reason.value, 0) + 1


@dataclass(frozen=True, slots=True)
class Imagined:
    """What is imagined to hold: the flow, its settings and the shop's."""

    merchant: Merchant
    flow: Flow
    settings: FlowSettings
    shop: ShopSettings


def tell(tally: Tally, imagined: Imagined, loaded: Loaded, person_id: int, cart_ids: Sequence[int]) -> None:
    """Let one person's carts happen again, in their order, up to `loaded.now`."""
    past = _Past(tally, imagined, loaded, person_id)
    carts = sorted((loaded.carts[cart_id] for cart_id in cart_ids), key=lambda row: (row.activity_at, row.id))
    for cart in carts:
        tally.carts += 1
        past.pass_until(cart.activity_at)
        past.hear(cart)
    past.pass_until(loaded.now)
    past.sum_up()


class _Past:
    """One person's trips as they would have been."""

    def __init__(self, tally: Tally, imagined: Imagined, loaded: Loaded, person_id: int) -> None:
        self._tally, self._imagined, self._person_id = tally, imagined, person_id
        self._loaded = about(loaded, person_id)
        self._trips: list[Any] = []
        self._steps: dict[int, list[Any]] = {}
        self._waiting: dict[int, tuple[datetime, SendMessage]] = {}
        self._slots: list[Slot] = []
        self._bought_first = False
        person = loaded.persons.get(person_id)
        country = person.country if person else None
        self._zone = calendar.zone_of(country, imagined.merchant.timezone)

    def pass_until(self, moment: datetime) -> None:
        """Everything that would have fallen due by then, the earliest first."""
        while self._waiting:
            step, (at, message) = min(self._waiting.items(), key=lambda item: (item[1][0], item[0]))
            if at > moment:
                return
            del self._waiting[step]
            self._fall_due(at, message)

    def hear(self, cart: Any) -> None:
        """The cart as its last activity left it; a trip that is over by then ends first."""
        now = cart.activity_at
        if self._trip is not None:
            told = self._cart(self._loaded.carts[self._trip.subject_id], now)
            self._follow(self._plan(told, now), now, refusing=False)
        self._follow(self._plan(self._cart(cart, now), now), now)

    def sum_up(self) -> None:
        written = [step.acted_at for steps in self._steps.values() for step in steps]
        self._tally.messages += len(written)
        self._tally.bought_first += self._bought_first and not written
        if written:
            self._tally.people += 1
            self._tally.bought_anyway += self._bought_since(min(written))

    @property
    def _trip(self) -> Any | None:
        return next((trip for trip in self._trips if trip.state == "active"), None)

    def _plan(self, cart: Any, now: datetime) -> Sequence[Any]:
        flow = self._imagined.flow
        facts = self._facts(cart.id, now)
        event = CartUpdated(as_event(cart, tuple(self._loaded.lines.get(cart.id, ()))))
        return flow.plan(event, self._imagined.settings, facts.only(flow.needs))

    def _follow(self, actions: Sequence[Any], now: datetime, *, refusing: bool = True) -> None:
        for action in actions:
            match action:
                case Exit(reason=reason):
                    self._end(reason, now)
                case Enrol():
                    self._enrol(action)
                case Refuse(reasons=reasons) if refusing:
                    self._tally.refuse(reasons[0])

    def _enrol(self, action: Enrol) -> None:
        trip = self._trip
        if trip is None:
            trip = SimpleNamespace(id=len(self._trips) + 1, state="active", ended_at=None)
            self._trips.append(trip)
            self._steps[trip.id] = []
        trip.subject_id, trip.since = action.subject_id, action.since
        done = {step.step for step in self._steps[trip.id]}
        self._waiting = {m.step: (m.due_at, m) for m in action.messages if m.step > max(done, default=0)}

    def _end(self, reason: Reason, now: datetime) -> None:
        trip = self._trip
        if trip is not None:
            trip.state, trip.ended_at = "exited", now
            self._bought_first |= reason is Reason.BOUGHT and not self._steps[trip.id]
        self._waiting = {}

    def _fall_due(self, at: datetime, message: SendMessage) -> None:
        trip = self._trip
        if trip is None:
            return
        flow, facts = self._imagined.flow, self._facts(trip.subject_id, at)
        answer: Any = flow.recheck(message, self._imagined.settings, facts.only(flow.needs))
        if not isinstance(answer, Skip | Wait):
            answer = permission.may(self._asked(message, facts), self._imagined.shop, at)
        match answer:
            case Wait(until=later):
                self._waiting[message.step] = (max(later, at + timedelta(seconds=1)), message)
            case Skip(reason=reason, ends_trip=True):
                self._end(reason, at)
            case permission.Go(slot_day=day):
                self._send(trip, message, at, day)
        if not self._waiting and trip.state == "active":
            trip.state, trip.ended_at = "completed", at

    def _send(self, trip: Any, message: SendMessage, at: datetime, day: Any) -> None:
        steps = self._steps[trip.id]
        steps.append(SimpleNamespace(id=message.step, step=message.step, state="done", acted_at=at))
        if day is not None:
            self._slots.append(Slot(day, -len(self._slots) - 1, self._imagined.flow.key))

    def _asked(self, message: SendMessage, facts: Facts) -> permission.Asked:
        flow = self._imagined.flow
        sent = [step.acted_at for trip in self._trips for step in self._steps[trip.id] if trip is self._trip]
        return permission.Asked(
            flow=flow.key,
            purpose=flow.purpose,
            effect_id=0,
            due_at=message.due_at,
            valid_until=message.valid_until,
            reasons=facts[ConsentFacts].reasons,
            slots=self._slots,
            planned=(),
            ranks={flow.key: flow.rank},
            before=max(sent, default=None),
            zone=self._zone,
        )

    def _facts(self, cart_id: int, now: datetime) -> Facts:
        flow, policy = self._imagined.flow, self._imagined.shop.consent_policy
        subject = Subject(self._person_id, cart_id)
        return facts_for(self._as_of(now), subject, flow.key, MODE, flow.purpose, policy)

    def _as_of(self, now: datetime) -> Loaded:
        """What was known at that moment. What was in stock then is not known."""
        known, person_id = self._loaded, self._person_id
        carts = {key: self._cart(row, now) for key, row in known.carts.items()}
        newest = max(
            (row for row in carts.values() if row.activity_at <= now),
            key=lambda row: (row.activity_at, row.ref),
            default=None,
        )
        return replace(
            known,
            now=now,
            carts=carts,
            newest={person_id: newest.id} if newest else {},
            orders=[as_it_was(row, now, "paid_at") for row in known.orders if row.placed_at <= now],
            acts={address: until(acts, now) for address, acts in known.acts.items()},
            stock={},
            trips={(person_id, self._imagined.flow.key, MODE): self._trips},
            steps=self._steps,
        )

    def _cart(self, row: Any, now: datetime) -> Any:
        return as_it_was(row, now, "completed_at")

    def _bought_since(self, moment: datetime) -> bool:
        mine = (row for row in self._loaded.orders if row.person_id == self._person_id)
        return any(row.bought and row.placed_at > moment for row in mine)
