"""Trips: how one ends, and what that does to everything still waiting in it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.models.tables import effects, enrolments
from core.reasons import Reason
from core.statements import Statement
from engine import places
from engine.decisions import Said, record

RUNNING = ("active", "held")
WAITING = ("pending", "claimed", "held")
OPEN = ("pending", "claimed", "held", "acting")


def lane_of(person_id: int) -> str:
    """The lane in which a person has but one trip of a flow at a time."""
    return f"person:{person_id}"


def end_trip(
    session: Session,
    merchant_id: int,
    enrolment_id: int,
    reason: Reason,
    at: datetime,
    inbound_id: int | None = None,
) -> bool:
    """End a running trip for `reason`, skip all that waits in it and record
    the decision; false where it had ended before. `at` is the merchant's time,
    `inbound_id` the webhook that led here."""
    trip = session.execute(
        update(enrolments)
        .where(
            enrolments.c.id == enrolment_id,
            enrolments.c.merchant_id == merchant_id,
            enrolments.c.state.in_(RUNNING),
        )
        .values(state="exited", reason=reason.value, ended_at=at, lane=None)
        .returning(*enrolments.c)
    ).one_or_none()
    if trip is None:
        return False
    skip_waiting(session, merchant_id, reason, enrolment_ids=[enrolment_id])
    if trip.subject == "sign_up" and trip.mode == "live":
        places.ended(session, merchant_id, trip.subject_id, reason, at, again=trip.episode < 0)
    record(session, Said.of_trip(trip, "exited", (reason,), at, inbound_id))
    return True


def end_trips_of_person(
    session: Session,
    merchant_id: int,
    person_id: int,
    reason: Reason,
    at: datetime,
    flows: Sequence[str] | None = None,
) -> None:
    """End every running trip of the person, of these flows or of all."""
    found = select(enrolments.c.id).where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.person_id == person_id,
        enrolments.c.state.in_(RUNNING),
    )
    if flows is not None:
        found = found.where(enrolments.c.flow.in_(flows))
    for enrolment_id in session.execute(found).scalars().all():
        end_trip(session, merchant_id, enrolment_id, reason, at)


def skip_waiting(
    session: Session,
    merchant_id: int,
    reason: Reason,
    *,
    enrolment_ids: Sequence[int] | None = None,
    flow: str | None = None,
    mode: str | None = None,
) -> None:
    """Skip what waits: of these trips, of one flow, or of the whole shop.
    Undoing our own change is never stopped."""
    stopped = update(effects).where(
        effects.c.merchant_id == merchant_id, effects.c.state.in_(WAITING), effects.c.undo.is_(False)
    )
    if enrolment_ids is not None:
        stopped = stopped.where(effects.c.enrolment_id.in_(enrolment_ids))
    if flow is not None:
        stopped = stopped.where(effects.c.flow == flow)
    if mode is not None:
        stopped = stopped.where(effects.c.mode == mode)
    session.execute(
        stopped.values(
            state="skipped",
            reason=reason.value,
            slot_day=None,
            wake_at=None,
            lease_until=None,
            settled_at=clock.now(),
        )
    )


def complete_if_over(session: Session, merchant_id: int, enrolment_id: int, at: datetime) -> bool:
    """A trip in which nothing waits any more is completed. What is in doubt
    waits as long as its provider may still say that it never had it."""
    values = {"whose": merchant_id, "trip": enrolment_id, "at": at}
    return _COMPLETE.run(session, values) > 0


_ASKED_YET = and_(effects.c.state == "unknown", effects.c.lease_until.is_not(None))
_STILL = exists().where(
    effects.c.enrolment_id == bindparam("trip"),
    effects.c.undo.is_(False),
    or_(*(effects.c.state == state for state in OPEN), _ASKED_YET),
)
_COMPLETE = Statement(
    update(enrolments)
    .where(
        enrolments.c.id == bindparam("trip"),
        enrolments.c.merchant_id == bindparam("whose"),
        enrolments.c.state == "active",
        ~_STILL,
    )
    .values(state="completed", ended_at=bindparam("at"), lane=None)
)
