"""Enrolling: a trip and its effects, new or brought up to date."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.actions import Enrol, SendMessage
from core.db import insert
from core.models.tables import effects, enrolments
from core.reasons import Reason
from engine import blast, decisions
from engine.deciding import Deciding, Trip
from engine.trips import complete_if_over, lane_of
from engine.work import announce

MOVABLE = ("pending", "claimed", "held")


def enrol(case: Deciding, action: Enrol, trip: Trip | None) -> None:
    """Begin a trip, or let the running one follow its newest activity."""
    if trip is None:
        _begin(case, action)
    elif trip.subject_id == action.subject_id or _take_over(case, action, trip):
        _follow(case, action, trip)


def _begin(case: Deciding, action: Enrol) -> None:
    state = "held" if blast.would_be(case) else "active"
    enrolment_id = case.session.execute(
        insert(enrolments, case.session)
        .values(**_row(case, action), state=state)
        .on_conflict_do_nothing()
        .returning(enrolments.c.id)
    ).scalar_one_or_none()
    if enrolment_id is None:
        # This very cart has had its trip; it never gets a second one.
        return decisions.record(case, "refused", (Reason.DUPLICATE,))
    reasons = (Reason.BLAST_HELD,) if state == "held" else ()
    decisions.record(case, "enrolled", reasons, enrolment_id=enrolment_id)
    for message in action.messages:
        _add(case, enrolment_id, message, "held" if state == "held" else "pending")
    complete_if_over(case.session, case.merchant.id, enrolment_id, case.now)
    return None


def _row(case: Deciding, action: Enrol) -> dict[str, Any]:
    person_id = case.subject.person_id
    assert person_id is not None, "a flow enrolled nobody"
    return {
        "merchant_id": case.merchant.id,
        "person_id": person_id,
        "flow": case.flow.key,
        "mode": case.saved.mode,
        "subject": action.subject,
        "subject_id": action.subject_id,
        "episode": action.episode,
        "lane": lane_of(person_id) if action.exclusive else None,
        "since": action.since,
        "settings_version": case.saved.version,
        "enrolled_at": case.now,
    }


def _take_over(case: Deciding, action: Enrol, trip: Trip) -> bool:
    """The newer cart takes the trip over, unless it has had one of its own."""
    had_one = case.session.execute(
        select(enrolments.c.id).where(
            enrolments.c.merchant_id == case.merchant.id,
            enrolments.c.flow == case.flow.key,
            enrolments.c.mode == case.saved.mode,
            enrolments.c.subject == action.subject,
            enrolments.c.subject_id == action.subject_id,
            enrolments.c.episode == action.episode,
        )
    ).scalar_one_or_none()
    if had_one is not None:
        decisions.record(case, "refused", (Reason.DUPLICATE,))
        return False
    decisions.record(case, "replaced", (Reason.CART_REPLACED,), enrolment_id=trip.id, cart_id=trip.subject_id)
    decisions.record(case, "took_over", enrolment_id=trip.id)
    return True


def _follow(case: Deciding, action: Enrol, trip: Trip) -> None:
    """Waiting messages move to the new times, done ones are not repeated."""
    case.session.execute(
        update(enrolments)
        .where(enrolments.c.id == trip.id, enrolments.c.merchant_id == case.merchant.id)
        .values(subject_id=action.subject_id, since=action.since)
    )
    known = {
        row.step: row
        for row in case.session.execute(
            select(
                effects.c.id, effects.c.step, effects.c.state, effects.c.due_at, effects.c.waits_for
            ).where(effects.c.enrolment_id == trip.id, effects.c.kind == "send_message")
        )
    }
    furthest = max((step for step, row in known.items() if row.state not in MOVABLE), default=0)
    for message in action.messages:
        row = known.get(message.step)
        if row is None and message.step > furthest:
            _add(case, trip.id, message, "held" if trip.state == "held" else "pending")
        elif row is not None and row.state in MOVABLE and row.due_at != message.due_at:
            _move(case, trip, row, message)


def _move(case: Deciding, trip: Trip, row: Any, message: SendMessage) -> None:
    """A claimed row goes back too: whoever works on it finds it changed."""
    wake_at = clock.real_time(case.merchant, message.due_at)
    state = "held" if trip.state == "held" else "pending"
    values = {"due_at": message.due_at, "valid_until": message.valid_until, "state": state, "slot_day": None}
    movable = (effects.c.merchant_id == case.merchant.id, effects.c.state.in_(MOVABLE))
    code_waits = False
    if row.waits_for is not None:
        code = update(effects).where(effects.c.id == row.waits_for, *movable)
        moved = case.session.execute(code.values(**values, wake_at=wake_at))
        code_waits = bool(moved.rowcount)  # type: ignore[attr-defined]
    message_row = update(effects).where(effects.c.id == row.id, *movable)
    case.session.execute(message_row.values(**values, wake_at=None if code_waits else wake_at))
    announce(case.session, case.merchant.id, wake_at)


def _add(case: Deciding, enrolment_id: int, message: SendMessage, state: str) -> None:
    """One row is one effect: a message with a code waits for the code's row."""
    key = f"{case.merchant.key}.{enrolment_id}.{message.step}"
    wake_at = clock.real_time(case.merchant, message.due_at)
    code_id = None
    if message.incentive.kind != "none":
        row = _effect(case, enrolment_id, message, f"{key}.code", "create_discount", state, wake_at)
        code_id = _insert(case, row)
    row = _effect(case, enrolment_id, message, key, "send_message", state, None if code_id else wake_at)
    _insert(case, row | {"waits_for": code_id})
    announce(case.session, case.merchant.id, wake_at)


def _effect(
    case: Deciding,
    enrolment_id: int,
    message: SendMessage,
    key: str,
    kind: str,
    state: str,
    wake_at: datetime | None,
) -> dict[str, Any]:
    return {
        "merchant_id": case.merchant.id,
        "key": key,
        "enrolment_id": enrolment_id,
        "person_id": case.subject.person_id,
        "flow": case.flow.key,
        "mode": case.saved.mode,
        "kind": kind,
        "purpose": case.flow.purpose,
        "step": message.step,
        "state": state,
        "due_at": message.due_at,
        "valid_until": message.valid_until,
        "wake_at": wake_at,
        "settings_version": case.saved.version,
        "payload": {
            "content": message.content,
            "incentive": message.incentive.kind,
            "value": message.incentive.value,
        },
    }


def _insert(case: Deciding, row: dict[str, Any]) -> int:
    made = insert(effects, case.session).values(**row, claim=0, attempts=0, undo=False)
    return int(case.session.execute(made.returning(effects.c.id)).scalar_one())
