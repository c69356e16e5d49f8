"""Trips: how one ends, and what that does to everything still waiting in it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.models.tables import effects, enrolments
from core.reasons import Reason

RUNNING = ("active", "held")
WAITING = ("pending", "claimed", "held")
OPEN = ("pending", "claimed", "held", "acting")


def lane_of(person_id: int) -> str:
    """The lane in which a person has but one trip of a flow at a time."""
    return f"person:{person_id}"


def end_trip(session: Session, merchant_id: int, enrolment_id: int, reason: Reason, at: datetime) -> bool:
    """End a running trip for `reason` and skip all that waits in it; false
    where it had ended before. `at` is the merchant's time."""
    ended = session.execute(
        update(enrolments)
        .where(
            enrolments.c.id == enrolment_id,
            enrolments.c.merchant_id == merchant_id,
            enrolments.c.state.in_(RUNNING),
        )
        .values(state="exited", reason=reason.value, ended_at=at, lane=None)
    ).rowcount  # type: ignore[attr-defined]
    if ended:
        skip_waiting(session, merchant_id, reason, enrolment_ids=[enrolment_id])
    return bool(ended)


def end_trips_of_person(
    session: Session,
    merchant_id: int,
    person_id: int,
    reason: Reason,
    at: datetime,
    flows: Sequence[str] = (),
) -> None:
    """End every running trip of the person, of these flows or of all."""
    found = select(enrolments.c.id).where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.person_id == person_id,
        enrolments.c.state.in_(RUNNING),
    )
    if flows:
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
    asked_yet = and_(effects.c.state == "unknown", effects.c.lease_until.is_not(None))
    still = exists().where(
        effects.c.enrolment_id == enrolment_id,
        effects.c.undo.is_(False),
        or_(effects.c.state.in_(OPEN), asked_yet),
    )
    return bool(
        session.execute(
            update(enrolments)
            .where(
                enrolments.c.id == enrolment_id,
                enrolments.c.merchant_id == merchant_id,
                enrolments.c.state == "active",
                ~still,
            )
            .values(state="completed", ended_at=at, lane=None)
        ).rowcount  # type: ignore[attr-defined]
    )
