"""What preparing an effect can come to, and the step from `claimed` to `acting`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import Skip, Wait
from core.models.tables import effects, enrolments
from core.reasons import Reason, noted
from core.statements import Statement
from engine.batches import Open
from engine.settling import Outcome

SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Ready:
    """The row is `acting`; `act` calls the outside world and names the result."""

    act: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is to be done in the world; the row goes where `outcome` says."""

    outcome: Outcome
    ends_trip: bool = False


def skipped(row: Any, reason: Reason, ends_trip: bool = False, detail: str = "") -> Settled:
    return Settled(Outcome(row.id, row.claim, "skipped", ("claimed",), noted(reason, detail)), ends_trip)


def soon(row: Any) -> Settled:
    """Back to be claimed, asked about and decided anew."""
    at = clock.now() + SOON
    return Settled(Outcome(row.id, row.claim, "pending", ("claimed",), row.reason, at, attempts=row.attempts))


def stopped(opened: Open, row: Any, answer: Skip | Wait) -> Settled:
    """It does not happen, or not now."""
    if isinstance(answer, Skip):
        return skipped(row, answer.reason, answer.ends_trip, answer.detail)
    return waits(opened, row, answer)


def waits(opened: Open, row: Any, wait: Wait) -> Settled:
    wake_at = clock.real_time(opened.merchant, wait.until)
    why = noted(wait.reason, wait.detail)
    return Settled(Outcome(row.id, row.claim, "pending", ("claimed",), why, wake_at, attempts=row.attempts))


def begin_acting(session: Session, opened: Open, row: Any, lease: timedelta, **values: Any) -> bool:
    """`claimed → acting` as one statement: this claim, and the trip still on.
    False where somebody else has changed the row or ended the trip."""
    values |= {"state": "acting", "lease_until": clock.now() + lease, "acted_at": clock.now(opened.merchant)}
    told = {f"new_{name}": value for name, value in values.items()}
    begin = _begin(tuple(sorted(values)))
    return begin.run(session, told | {"row_id": row.id, "number": row.claim}) > 0


@cache
def _begin(names: tuple[str, ...]) -> Statement:
    trip_is_on = or_(
        effects.c.undo.is_(True),
        effects.c.enrolment_id.is_(None),
        exists().where(enrolments.c.id == effects.c.enrolment_id, enrolments.c.state == "active"),
    )
    mine = (effects.c.id == bindparam("row_id"), effects.c.claim == bindparam("number"))
    return Statement(
        update(effects)
        .where(*mine, effects.c.state == "claimed", trip_is_on)
        .values({name: bindparam(f"new_{name}") for name in names})
    )


def lost(session: Session, row: Any) -> Settled:
    """Acting could not begin: the trip is over, and the row is left out with
    the trip's reason; or the row is somebody else's by now."""
    over = session.execute(
        select(enrolments.c.reason)
        .join(effects, effects.c.enrolment_id == enrolments.c.id)
        .where(
            effects.c.id == row.id,
            effects.c.claim == row.claim,
            effects.c.state == "claimed",
            enrolments.c.state.in_(["exited", "completed"]),
        )
    ).one_or_none()
    if over is None:
        return dropped(row)
    known = over.reason in [reason.value for reason in Reason]
    return skipped(row, Reason(over.reason) if known else Reason.EXPIRED)


def dropped(row: Any) -> Settled:
    """The row is no longer ours; settling it changes nothing."""
    return Settled(Outcome(row.id, row.claim, "skipped", (), None))
