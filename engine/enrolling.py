"""Enrolling: a trip, new or brought up to date."""

from dataclasses import replace
from typing import Any

from sqlalchemy import update

from core.actions import Enrol
from core.models.tables import enrolments
from core.reasons import Reason
from engine import blast, holdout
from engine.built import Inserting
from engine.deciding import Deciding, Trip
from engine.episodes import next_episode
from engine.messages import MOVABLE, add_messages, keep_up, messages_of
from engine.trips import complete_if_over, lane_of


def enrol(case: Deciding, action: Enrol, trip: Trip | None) -> Trip | None:
    """Begin a trip, or let the running one follow its newest activity; the
    running trip after it."""
    if trip is None:
        return _begin(case, action)
    if trip.subject_id != action.subject_id and not _take_over(case, action, trip):
        return trip
    _follow(case, action, trip)
    return replace(trip, subject_id=action.subject_id)


_ADD = Inserting(enrolments, lambda row: row.on_conflict_do_nothing().returning(enrolments.c.id))


def _begin(case: Deciding, action: Enrol) -> Trip | None:
    state = _state(case)
    episode = next_episode(case, action)
    enrolment_id = None
    if episode is not None:
        row = _row(case, action) | {"episode": episode, "state": state}
        enrolment_id = next((added for (added,) in _ADD.rows(case.session, row)), None)
    if enrolment_id is None:
        # This very cart has had its trip; it never gets a second one.
        case.record("refused", (_why_not_again(case),))
        return None
    if state == holdout.STATE:
        case.record("refused", (Reason.HELD_OUT,), enrolment_id=enrolment_id)
        return None
    _record_entry(case, enrolment_id, state)
    if not action.messages:
        complete_if_over(case.session, case.merchant.id, enrolment_id, case.now)
        return None
    trip = Trip(enrolment_id, action.subject_id, case.saved.version, state)
    add_messages(case, trip, action.messages)
    return trip


def _record_entry(case: Deciding, enrolment_id: int, state: str) -> None:
    is_held = state == "held"
    case.record("enrolled", (Reason.BLAST_HELD,) if is_held else (), enrolment_id=enrolment_id)
    if is_held:
        blast.tell(case)


def _state(case: Deciding) -> str:
    person_id = case.subject.person_id
    assert person_id is not None, "a flow enrolled nobody"
    if holdout.is_left_out(case.merchant.id, case.flow.key, person_id, case.saved.settings.holdout):
        return holdout.STATE
    return "held" if blast.would_be(case) else "active"


def _why_not_again(case: Deciding) -> Reason:
    """Whoever was left out with this cart is so until a new one."""
    mine = (trip.state for trip in case.cart_trips if trip.mode == case.saved.mode)
    return Reason.HELD_OUT if holdout.STATE in mine else Reason.DUPLICATE


def _row(case: Deciding, action: Enrol) -> dict[str, Any]:
    person_id = case.subject.person_id
    assert person_id is not None
    return {
        "merchant_id": case.merchant.id,
        "person_id": person_id,
        "flow": case.flow.key,
        "mode": case.saved.mode,
        "subject": action.subject,
        "subject_id": action.subject_id,
        "lane": lane_of(person_id) if action.exclusive else None,
        "since": action.since,
        "settings_version": case.saved.version,
        "enrolled_at": case.now,
    }


def _take_over(case: Deciding, action: Enrol, trip: Trip) -> bool:
    """The newer cart takes the trip over, unless it has had one of its own."""
    episode = next_episode(case, action)
    if episode is None:
        case.record("refused", (Reason.DUPLICATE,))
        return False
    case.session.execute(
        update(enrolments)
        .where(enrolments.c.id == trip.id, enrolments.c.merchant_id == case.merchant.id)
        .values(subject_id=action.subject_id, episode=episode)
    )
    case.record("replaced", (Reason.CART_REPLACED,), enrolment_id=trip.id, cart_id=trip.subject_id)
    case.record("took_over", enrolment_id=trip.id)
    return True


def _follow(case: Deciding, action: Enrol, trip: Trip) -> None:
    """Waiting messages move to the new times, done ones are not repeated."""
    case.session.execute(
        update(enrolments)
        .where(enrolments.c.id == trip.id, enrolments.c.merchant_id == case.merchant.id)
        .values(since=action.since)
    )
    known = messages_of(case, trip)
    furthest = max((step for step, row in known.items() if row.state not in MOVABLE), default=0)
    further = [m for m in action.messages if m.step not in known and m.step > furthest]
    add_messages(case, trip, further)
    for message in action.messages:
        row = known.get(message.step)
        if row is not None and row.state in MOVABLE:
            keep_up(case, trip, row, message)
