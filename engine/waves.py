"""Waves: the people of a waiting line whose turn it is are taken on their trips,
a portion at a time, each in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import ReleaseWave, SendMessage, Skip, Wait, WakeAt
from core.facts import ConsentFacts, Facts, LineFacts, SignUpFacts
from core.models import Merchant
from core.models.tables import effects, enrolments, merchants, people, restocks, sign_ups
from core.reasons import Reason
from engine import blast, calendar, late, places, waiting
from engine.batches import Open
from engine.decisions import Said, record
from engine.known import Subject
from engine.machine import Machine
from engine.permission import Go
from engine.restocks import RUNNING, WAITS, Line, apply, end, look_at
from engine.settings_known import Settings
from engine.settling import Outcome
from engine.shop_settings import ShopSettings
from engine.trips import RUNNING as UNDER_WAY
from engine.verdicts import Settled, skipped
from engine.work import announce

FRESH = timedelta(seconds=60)
# So many are taken at once; the others follow with the next look.
PORTION = 500
# So many whose hours are quiet are passed by before the next look.
PASSED_BY = 2_000


def prepare(machine: Machine, session: Session, opened: Open, row: Any) -> Settled:
    """Look at the line and let the flow decide how many are to be told; they
    are taken on their trips, and the next look is set, all in this transaction."""
    queue = _locked(session, opened.merchant.id, row.payload["restock"])
    if queue is None:
        return skipped(row, Reason.DUPLICATE)
    settings = machine.settings_of(session, opened.merchant.id, queue.settings_rev)
    saved = settings.flows[row.flow]
    flow = machine.flows[row.flow]
    line = Line(opened.merchant, flow, saved, queue.variant_id, queue.id, row.step)
    over = _over(opened, saved.mode, row)
    if over is not None:
        end(session, line, over)
        return skipped(row, over)
    asked = opened.asked
    if asked is None or asked.began < row.claimed_at or clock.now() - asked.ended >= FRESH:
        at = clock.now()
        return Settled(Outcome(row.id, row.claim, "pending", ("claimed",), row.reason, at))
    _mend(session, opened.merchant.id, queue)
    facts = Facts(_facts(session, opened, row, queue))
    for action in flow.wake(row.payload["name"], saved.settings, facts):
        _apply(session, settings, line, action, row, facts)
    return Settled(Outcome(row.id, row.claim, "done", ("claimed",)))


def _locked(session: Session, merchant_id: int, restock_id: int) -> Any | None:
    """The restock, if it still runs, and the revision of the shop's settings."""
    rev = select(merchants.c.settings_rev).where(merchants.c.id == merchant_id).scalar_subquery()
    mine = (restocks.c.merchant_id == merchant_id, restocks.c.id == restock_id, RUNNING)
    found = select(restocks, rev.label("settings_rev")).where(*mine).with_for_update()
    return session.execute(found).one_or_none()


def _over(opened: Open, mode: str, row: Any) -> Reason | None:
    if opened.connection.state == "uninstalled" or opened.merchant.uninstalled_at is not None:
        return Reason.UNINSTALLED
    return Reason.FLOW_OFF if mode != row.mode else None


def _mend(session: Session, merchant_id: int, queue: Any) -> None:
    """Whoever was called and has no trip any more is in her place again."""
    trip = exists().where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == queue.flow,
        enrolments.c.mode == "live",
        enrolments.c.subject == "sign_up",
        enrolments.c.subject_id == sign_ups.c.id,
        enrolments.c.episode == sign_ups.c.episode,
        enrolments.c.state.in_(UNDER_WAY),
    )
    mine = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.variant_id == queue.variant_id)
    lost = (*mine, sign_ups.c.state == "called", ~trip)
    session.execute(update(sign_ups).where(*lost).values(state="waiting", episode=sign_ups.c.episode + 1))


def _facts(session: Session, opened: Open, row: Any, queue: Any) -> LineFacts:
    """The line under its lock, with the stock that the shop has just told."""
    now = clock.now(opened.merchant)
    assert opened.asked is not None
    variant = opened.waves[row.id]
    stock = opened.asked.stock.get(variant.variant_ref, waiting.NOTHING)
    told = waiting.queue_of(session, opened.merchant.id, queue.id)
    facts = waiting.line_facts(now, variant, told, stock)
    someone, later = session.execute(_who_waits(queue, now)).one()
    return replace(facts, anybody=bool(someone), later_at=later)


def _who_waits(queue: Any, now: datetime) -> Select[Any]:
    """Whether anybody's turn could be now, and when the next one's will be."""
    mine = _in_line(queue, now)
    ready = exists().where(*mine, _ready(now))
    later = select(func.min(sign_ups.c.not_before)).where(*mine, sign_ups.c.not_before > now)
    return select(ready, later.scalar_subquery())


def _in_line(queue: Any, now: datetime) -> tuple[Any, ...]:
    """Those who wait; shadow mode calls everybody once in a restock."""
    mine = (sign_ups.c.merchant_id == queue.merchant_id, sign_ups.c.variant_id == queue.variant_id)
    waits = (*mine, WAITS, sign_ups.c.ends_at > now)
    if queue.mode != "shadow":
        return waits
    return (*waits, or_(sign_ups.c.rehearsed.is_(None), sign_ups.c.rehearsed != queue.id))


def _ready(now: datetime) -> Any:
    return or_(sign_ups.c.not_before.is_(None), sign_ups.c.not_before <= now)


def _apply(session: Session, settings: Settings, line: Line, action: Any, row: Any, facts: Facts) -> None:
    if not isinstance(action, ReleaseWave):
        if not isinstance(action, WakeAt) or _goes_on(session, line, facts):
            apply(session, line, action)
        return
    # How many a member wants told at once, where she has said so.
    wanted = min(action.people, row.payload.get("people", action.people))
    called, more = _release(session, settings.shop, line, wanted, action.message)
    _count(session, line, called, facts[LineFacts].now if action.begins else None)
    if more:
        rest = row.payload.get("people")
        again = None if rest is None else rest - called
        look_at(session, line, facts[LineFacts].now, "wave", again)


def _goes_on(session: Session, line: Line, facts: Facts) -> bool:
    """Whether anybody is left to be told; else the restock is over. Where a
    portion was taken and more follow at once, the next look is set already."""
    queue = waiting.queue_of(session, line.merchant.id, line.restock_id or 0)
    someone, later = session.execute(_who_waits(queue, facts[LineFacts].now)).one()
    if someone or later is not None or queue.on_way:
        return True
    end(session, line, None)
    return False


def _release(
    session: Session, shop: ShopSettings, line: Line, most: int, message: SendMessage
) -> tuple[int, bool]:
    """Take the next ones on their trips, at most a portion of them; how many,
    and whether more are to follow at once."""
    queue = waiting.queue_of(session, line.merchant.id, line.restock_id or 0)
    turn, passed = _turn(session, shop, line, queue, min(most, PORTION))
    if turn:
        _enrol(session, line, turn, message)
        _call(session, line, [one.id for one in turn])
    full = len(turn) == PORTION and most > PORTION
    return len(turn), full or (passed >= PASSED_BY and len(turn) < most)


def _turn(session: Session, shop: ShopSettings, line: Line, queue: Any, most: int) -> tuple[list[Any], int]:
    """The next ones, the oldest first. Whoever has quiet hours is passed by and
    keeps the place; how many were."""
    now, passed = clock.now(line.merchant), 0
    found: list[Any] = []
    while len(found) < most and passed < PASSED_BY:
        some = _next(session, queue, now, most - len(found), [one.id for one in found])
        quiet = {one.id: until for one in some if (until := _quiet_until(shop, line.merchant, one, now))}
        for until in set(quiet.values()):
            which = [one for one, its in quiet.items() if its == until]
            places.leave_until(session, line.merchant.id, which, until)
        found += [one for one in some if one.id not in quiet]
        passed += len(quiet)
        if not quiet:
            break
    return found, passed


def _next(session: Session, queue: Any, now: datetime, most: int, but: Sequence[int]) -> Sequence[Any]:
    """Whose row somebody else holds this moment is about to leave the line."""
    named = (sign_ups.c.id, sign_ups.c.person_id, sign_ups.c.episode, people.c.country)
    found = (
        select(*named)
        .join(people, people.c.id == sign_ups.c.person_id)
        .where(*_in_line(queue, now), _ready(now), sign_ups.c.id.not_in(but))
        .order_by(sign_ups.c.place_at, sign_ups.c.id)
        .limit(most)
        .with_for_update(of=sign_ups, skip_locked=True)
    )
    return session.execute(found).all()


def _quiet_until(shop: ShopSettings, merchant: Merchant, one: Any, now: datetime) -> datetime | None:
    if not shop.quiet_email:
        return None
    zone = calendar.zone_of(one.country, merchant.timezone)
    return calendar.quiet_until(now, zone, shop.quiet_from, shop.quiet_until)


def _call(session: Session, line: Line, which: Sequence[int]) -> None:
    is_shadow = line.saved.mode == "shadow"
    values: dict[str, Any] = {"rehearsed": line.restock_id} if is_shadow else {"state": "called"}
    mine = (sign_ups.c.merchant_id == line.merchant.id, sign_ups.c.id.in_(which))
    session.execute(update(sign_ups).where(*mine).values(**values, not_before=None))


def _enrol(session: Session, line: Line, turn: Sequence[Any], message: SendMessage) -> None:
    """A trip with its one message for each; beyond what the blast guard lets
    through they are held."""
    merchant, now = line.merchant, clock.now(line.merchant)
    room = blast.room(session, merchant.id, line.flow.key, line.saved.mode, now)
    states = ["active" if n < room else "held" for n in range(len(turn))]
    rows = [_trip(line, one, state, now) for one, state in zip(turn, states, strict=True)]
    made = session.execute(enrolments.insert().returning(enrolments.c.id, enrolments.c.subject_id), rows)
    trips = {row.subject_id: row.id for row in made}
    messages = [
        _message(line, one, trips[one.id], state, message) for one, state in zip(turn, states, strict=True)
    ]
    session.execute(effects.insert(), messages)
    for one, state in zip(turn, states, strict=True):
        _record(session, line, one, trips[one.id], state, now)
    if "held" in states:
        blast.tell_of(session, merchant.id, line.flow.key)
    announce(session, merchant.id, clock.real_time(merchant, message.due_at))
    late.note(session, merchant, [message.due_at])


def _trip(line: Line, one: Any, state: str, now: datetime) -> dict[str, Any]:
    return {
        "merchant_id": line.merchant.id,
        "person_id": one.person_id,
        "flow": line.flow.key,
        "mode": line.saved.mode,
        "subject": line.flow.subject,
        "subject_id": one.id,
        # Shadow mode may call the same wish in each restock.
        "episode": line.restock_id if line.saved.mode == "shadow" else one.episode,
        "state": state,
        "since": now,
        "settings_version": line.saved.version,
        "enrolled_at": now,
    }


def _message(line: Line, one: Any, trip_id: int, state: str, message: SendMessage) -> dict[str, Any]:
    return {
        "merchant_id": line.merchant.id,
        "key": f"{line.merchant.key}.{trip_id}.{message.step}",
        "enrolment_id": trip_id,
        "person_id": one.person_id,
        "flow": line.flow.key,
        "mode": line.saved.mode,
        "kind": "send_message",
        "purpose": line.flow.purpose,
        "step": message.step,
        "state": "pending" if state == "active" else "held",
        "due_at": message.due_at,
        "valid_until": message.valid_until,
        "wake_at": clock.real_time(line.merchant, message.due_at),
        "settings_version": line.saved.version,
        "payload": {
            "content": message.content,
            "incentive": message.incentive.kind,
            "value": message.incentive.value,
            "sign_up": one.id,
            "restock": line.restock_id,
        },
        "claim": 0,
        "attempts": 0,
        "undo": False,
    }


def _record(session: Session, line: Line, one: Any, trip_id: int, state: str, now: datetime) -> None:
    said = Said(
        merchant_id=line.merchant.id,
        flow=line.flow.key,
        mode=line.saved.mode,
        kind="called",
        subject_id=one.id,
        person_id=one.person_id,
        settings_version=line.saved.version,
        at=now,
        reasons=(Reason.BLAST_HELD,) if state == "held" else (),
        enrolment_id=trip_id,
        subject=line.flow.subject,
    )
    record(session, said)


def _count(session: Session, line: Line, called: int, began_at: datetime | None) -> None:
    """How many have been called; with `began_at` a new wave begins with them."""
    mine = (restocks.c.merchant_id == line.merchant.id, restocks.c.id == line.restock_id)
    values: dict[str, Any] = {"called": restocks.c.called + called}
    if began_at is None:
        values |= {"wave_called": restocks.c.wave_called + called}
    else:
        values |= {"wave_called": called, "wave": restocks.c.wave + 1, "wave_at": began_at}
    session.execute(update(restocks).where(*mine).values(**values))


def kept(session: Session, row: Any, answer: Go | Skip | Wait) -> Go | Skip | Wait:
    """Whoever is held by quiet hours keeps the place but not the unit: somebody
    else is told meanwhile."""
    waits = isinstance(answer, Wait) and answer.reason is Reason.QUIET_HOURS
    if "sign_up" not in row.payload or not waits:
        return answer
    assert isinstance(answer, Wait)
    if row.mode == "live":
        places.leave_until(session, row.merchant_id, [row.payload["sign_up"]], answer.until)
    return Skip(Reason.QUIET_HOURS, ends_trip=True)


def exactly(session: Session, opened: Open, row: Any, subject: Subject, facts: Facts) -> Facts:
    """The line as it stands under its lock, this message being the only one on
    its way: whoever comes next sees that it has gone."""
    line, restock_id = facts[LineFacts], row.payload["restock"]
    mine = (restocks.c.merchant_id == opened.merchant.id, restocks.c.id == restock_id)
    session.execute(select(restocks.c.id).where(*mine).with_for_update())
    queue = waiting.queue_of(session, opened.merchant.id, restock_id)
    variant = opened.loaded.sign_ups[subject.id]
    now = waiting.line_facts(line.now, variant, queue, line.stock)
    exact = replace(now, on_way=1 if row.mode == "live" else 0)
    return Facts(exact, facts[SignUpFacts], facts[ConsentFacts])


def whose_turn(session: Session, merchant: Merchant, variant_id: int, most: int) -> Sequence[Any]:
    """The next ones in a line, the oldest first: rows of sign-ups."""
    now = clock.now(merchant)
    mine = (sign_ups.c.merchant_id == merchant.id, sign_ups.c.variant_id == variant_id)
    found = select(sign_ups).where(*mine, WAITS, sign_ups.c.ends_at > now)
    return session.execute(found.order_by(sign_ups.c.place_at, sign_ups.c.id).limit(most)).all()
