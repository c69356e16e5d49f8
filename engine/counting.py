"""Counting the figures of some days from the rows themselves: whatever is
kept of them was counted here."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Label, ScalarSelect, Select, Subquery, and_, case, func, literal, select
from sqlalchemy.orm import Session

from core.models.tables import carts, clicks, consents, discount_codes, effects, enrolments, orders
from engine import calendar
from engine.figures import ACCEPTED, FAILED, IN_DOUBT, LEFT_OUT, WENT_OUT, Figures, Key

A_DAY = timedelta(days=1)
Counted = Mapping[Key, Figures]


@dataclass(frozen=True, slots=True)
class Days:
    """Days that follow one another, from midnight to midnight in the shop's zone."""

    first: date
    last: date
    zone: str

    @property
    def moments(self) -> list[datetime]:
        """Where each begins, and where the last one ends."""
        whole = range((self.last - self.first).days + 2)
        return [calendar.at_hour(self.day(n), time(0), ZoneInfo(self.zone)) for n in whole]

    def day(self, nth: int) -> date:
        return self.first + nth * A_DAY

    def nth(self, column: ColumnElement[Any]) -> Label[int]:
        """The place of the day that a moment falls on."""
        ends = list(enumerate(self.moments[1:-1]))
        within = [(column < end, literal(nth)) for nth, end in ends]
        place: ColumnElement[int] = case(*within, else_=literal(len(ends))) if within else literal(0)
        return place.label("nth")

    def hold(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(column >= self.moments[0], column < self.moments[-1])


def count(session: Session, merchant_id: int, flows: Collection[str], days: Days, now: datetime) -> Counted:
    """The figures of these days; days on which nothing was are left out.
    `now` is the merchant's time: what is due later is not due."""
    found: dict[Key, Figures] = defaultdict(Figures)
    asked = _Asked(session, merchant_id, tuple(flows), days)
    _count_trips(asked, found)
    _count_messages(asked, found, now)
    _count_orders(asked, found, _recovered(asked), "recovered")
    _count_orders(asked, found, _bought_anyway(asked), "bought_anyway")
    _count_discounts(asked, found)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    session: Session
    merchant_id: int
    flows: tuple[str, ...]
    days: Days

    def key(self, row: Any) -> Key:
        return Key(row.flow, row.mode, self.days.day(row.nth))


def _count_trips(asked: _Asked, found: dict[Key, Figures]) -> None:
    began = asked.days.nth(enrolments.c.enrolled_at)
    rows = (
        select(began, enrolments.c.flow, enrolments.c.mode, (enrolments.c.state == "held_out").label("out"))
        .where(
            enrolments.c.merchant_id == asked.merchant_id,
            enrolments.c.flow.in_(asked.flows),
            asked.days.hold(enrolments.c.enrolled_at),
        )
        .subquery()
    )
    for row in asked.session.execute(_grouped(rows, rows.c.out)):
        one = found[asked.key(row)]
        one.held_out += row.times if row.out else 0
        one.entered += 0 if row.out else row.times


def _count_messages(asked: _Asked, found: dict[Key, Figures], now: datetime) -> None:
    rows = _messages(asked, now)
    became = (rows.c.state, rows.c.reason)
    sums = [func.sum(case((rows.c[name], 1), else_=0)).label(name) for name in ("clicked", "unsubscribed")]
    for row in asked.session.execute(_grouped(rows, *became).add_columns(*sums)):
        one = found[asked.key(row)]
        one.clicked += row.clicked
        one.unsubscribed += row.unsubscribed
        _add(one, row.state, row.reason, row.times)


def _messages(asked: _Asked, now: datetime) -> Subquery:
    """Those that are due by now. Only what went out can be clicked."""
    went_out = effects.c.state.in_(WENT_OUT)
    clicked = _first(clicks.c.id, clicks.c.effect_id == effects.c.id, clicks.c.counted)
    objected = _first(consents.c.id, consents.c.effect_id == effects.c.id, consents.c.state == "opted_out")
    return (
        select(
            asked.days.nth(effects.c.due_at),
            effects.c.flow,
            effects.c.mode,
            effects.c.state,
            effects.c.reason,
            and_(went_out, clicked.is_not(None)).label("clicked"),
            and_(went_out, objected.is_not(None)).label("unsubscribed"),
        )
        .where(
            effects.c.merchant_id == asked.merchant_id,
            effects.c.kind == "send_message",
            effects.c.flow.in_(asked.flows),
            asked.days.hold(effects.c.due_at),
            effects.c.due_at <= now,
        )
        .subquery()
    )


def _first(column: ColumnElement[int], *of_message: ColumnElement[bool]) -> ScalarSelect[int]:
    """Looked up for each message: asked whether any exists, PostgreSQL reads all there are."""
    return select(column).where(*of_message).limit(1).correlate(effects).scalar_subquery()


def _add(one: Figures, state: str, reason: str | None, times: int) -> None:
    if state in ACCEPTED:
        one.accepted += times
    elif state in IN_DOUBT:
        one.in_doubt += times
    elif state in FAILED:
        one.failed += times
    elif state in LEFT_OUT:
        # What stands behind a colon is a detail of the reason.
        one.left_out[(reason or "").partition(":")[0]] += times
    else:
        one.waiting += times


def _paid(asked: _Asked) -> ColumnElement[bool]:
    return and_(
        orders.c.merchant_id == asked.merchant_id,
        asked.days.hold(orders.c.placed_at),
        orders.c.bought,
        orders.c.paid_at.is_not(None),
        orders.c.test.is_(False),
    )


def _recovered(asked: _Asked) -> Subquery:
    return (
        select(*_worth(asked), effects.c.flow, effects.c.mode)
        .join(effects, effects.c.id == orders.c.clicked_effect_id)
        .where(_paid(asked), effects.c.merchant_id == asked.merchant_id, effects.c.flow.in_(asked.flows))
        .subquery()
    )


def _bought_anyway(asked: _Asked) -> Subquery:
    """Orders of carts that were on a trip, each once however often they were."""
    return (
        select(*_worth(asked), enrolments.c.flow, enrolments.c.mode, orders.c.id)
        .join(carts, and_(carts.c.merchant_id == asked.merchant_id, carts.c.ref == orders.c.cart_ref))
        .join(
            enrolments,
            and_(
                enrolments.c.merchant_id == asked.merchant_id,
                enrolments.c.flow.in_(asked.flows),
                enrolments.c.mode.in_(("live", "shadow")),
                enrolments.c.subject == "cart",
                enrolments.c.subject_id == carts.c.id,
                enrolments.c.state != "held_out",
            ),
        )
        .where(_paid(asked), orders.c.clicked_effect_id.is_(None))
        .distinct()
        .subquery()
    )


def _worth(asked: _Asked) -> tuple[Any, ...]:
    net = (orders.c.net_minor - orders.c.refunded_minor).label("net")
    return asked.days.nth(orders.c.placed_at), orders.c.currency, net


def _count_orders(asked: _Asked, found: dict[Key, Figures], rows: Subquery, which: str) -> None:
    for row in asked.session.execute(_grouped(rows, rows.c.currency).add_columns(func.sum(rows.c.net))):
        taken = found[asked.key(row)].of(row.currency)
        setattr(taken, which, getattr(taken, which) + row.times)
        name = f"{which}_minor"
        setattr(taken, name, getattr(taken, name) + int(row[-1]))


def _count_discounts(asked: _Asked, found: dict[Key, Figures]) -> None:
    """Codes are made live only."""
    rows = (
        select(
            asked.days.nth(discount_codes.c.used_at),
            discount_codes.c.flow,
            literal("live").label("mode"),
            discount_codes.c.currency,
            discount_codes.c.reserved_minor,
        )
        .where(
            discount_codes.c.merchant_id == asked.merchant_id,
            discount_codes.c.flow.in_(asked.flows),
            asked.days.hold(discount_codes.c.used_at),
        )
        .subquery()
    )
    worth = func.sum(rows.c.reserved_minor)
    for row in asked.session.execute(_grouped(rows, rows.c.currency).add_columns(worth)):
        found[asked.key(row)].of(row.currency).discount_minor += int(row[-1])


def _grouped(rows: Subquery, *by: ColumnElement[Any]) -> Select[Any]:
    """How many of these rows there were a day, of each flow and mode and of each of `by`."""
    each = (rows.c.nth, rows.c.flow, rows.c.mode, *by)
    return select(*each, func.count().label("times")).group_by(*each)
