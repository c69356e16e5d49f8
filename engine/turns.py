"""Whose turn it is in a waiting line, and taking them on their trips."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import SendMessage
from core.models import Merchant
from core.models.tables import effects, enrolments, people, sign_ups
from core.reasons import Reason
from engine import blast, calendar, late, places
from engine.decisions import Said, record
from engine.restocks import Line
from engine.shop_settings import ShopSettings
from engine.waitlist import WAITS
from engine.work import announce

# So many are taken at once; the others follow with the next look.
PORTION = 500
# So many whose hours are quiet are passed by before the next look.
PASSED_BY = 2_000


def whose_turn(session: Session, merchant: Merchant, variant_id: int, most: int) -> Sequence[Any]:
    """The next ones in a line, the oldest first: rows of sign-ups."""
    now = clock.now(merchant)
    mine = (sign_ups.c.merchant_id + 0 == merchant.id, sign_ups.c.variant_id == variant_id)
    found = select(sign_ups).where(*mine, WAITS, sign_ups.c.ends_at > now)
    return session.execute(found.order_by(sign_ups.c.place_at, sign_ups.c.id).limit(most)).all()


def next_ones(session: Session, shop: ShopSettings, line: Line, most: int) -> tuple[list[Any], int]:
    """The next ones, the oldest first. Whoever has quiet hours is passed by and
    keeps the place; how many were."""
    now, passed = clock.now(line.merchant), 0
    found: list[Any] = []
    while len(found) < most and passed < PASSED_BY:
        some = _next(session, line, now, most - len(found), [one.id for one in found])
        quiet = {one.id: until for one in some if (until := _quiet_until(shop, line.merchant, one, now))}
        for until in set(quiet.values()):
            which = [one for one, its in quiet.items() if its == until]
            places.leave_until(session, line.merchant.id, which, until)
        found += [one for one in some if one.id not in quiet]
        passed += len(quiet)
        if not quiet:
            break
    return found, passed


def _next(session: Session, line: Line, now: datetime, most: int, but: Sequence[int]) -> Sequence[Any]:
    """Whose row somebody else holds this moment is about to leave the line."""
    named = (sign_ups.c.id, sign_ups.c.person_id, sign_ups.c.episode, people.c.country)
    found = (
        select(*named)
        .join(people, people.c.id == sign_ups.c.person_id)
        .where(*in_line(line, now), ready(now), sign_ups.c.id.not_in(but))
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


def call(session: Session, line: Line, which: Sequence[int]) -> None:
    is_shadow = line.saved.mode == "shadow"
    values: dict[str, Any] = {"rehearsed": line.restock_id} if is_shadow else {"state": "called"}
    mine = (sign_ups.c.merchant_id == line.merchant.id, sign_ups.c.id.in_(which))
    session.execute(update(sign_ups).where(*mine).values(**values, not_before=None))


def enrol(session: Session, line: Line, turn: Sequence[Any], message: SendMessage) -> None:
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


def in_line(line: Line, now: datetime) -> tuple[Any, ...]:
    """Those who wait; shadow mode calls everybody once in a restock."""
    # The sum keeps SQLite from an index of all the shop's sign-ups: the line has its own.
    mine = (sign_ups.c.merchant_id + 0 == line.merchant.id, sign_ups.c.variant_id == line.variant_id)
    waits = (*mine, WAITS, sign_ups.c.ends_at > now)
    if line.saved.mode != "shadow":
        return waits
    return (*waits, or_(sign_ups.c.rehearsed.is_(None), sign_ups.c.rehearsed != line.restock_id))


def ready(now: datetime) -> Any:
    return or_(sign_ups.c.not_before.is_(None), sign_ups.c.not_before <= now)
