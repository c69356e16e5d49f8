"""Settling: what became of an effect, written once by whoever owns it."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, false, or_, update
from sqlalchemy.orm import Session

from core import clock
from core.models import Merchant
from core.models.tables import effects
from core.reasons import Reason
from core.statements import Statement, one_of
from engine import awaiting, notices, places, refusals
from engine.trips import complete_if_over, end_trip
from engine.work import announce

ASK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the row `id` in claim number `claim`.

    `state` is where it goes; `wake_at` (real time) where it waits again.
    `from_states` are the states it may come from: a late owner may still
    settle what meanwhile became `unknown`. `ask_at` (real time) is set while
    the provider of a doubtful row can still be asked.
    """

    id: int
    claim: int
    state: str
    from_states: tuple[str, ...]
    reason: str | None = None
    wake_at: datetime | None = None
    provider_ref: str | None = None
    attempts: int = 0
    keeps_slot: bool = False
    ask_at: datetime | None = None


# All of an outcome but whose it is.
_KIND = attrgetter(*(field.name for field in fields(Outcome) if field.name != "id"))


def settle(session: Session | Connection, outcomes: Sequence[Outcome]) -> int:
    """Write the outcomes, together what came to the same; how many held."""
    alike: dict[Any, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        alike[_KIND(outcome)].append(outcome)
    now = clock.now()
    return sum(_write(session, group[0], [one.id for one in group], now) for group in alike.values())


def _write(session: Session | Connection, outcome: Outcome, ids: list[int], now: datetime) -> int:
    values = {
        "which": ids,
        "number": outcome.claim,
        "new_state": outcome.state,
        "new_reason": outcome.reason,
        "new_wake_at": outcome.wake_at,
        "new_attempts": outcome.attempts,
        "new_ref": outcome.provider_ref,
        "new_lease": outcome.ask_at,
        "new_settled_at": None if outcome.state in ("pending", "held") else now,
    }
    return _statement(outcome.from_states, outcome.keeps_slot).run(session, values)


@cache
def _statement(from_states: tuple[str, ...], keeps_slot: bool) -> Statement:
    """The claim's number fences: whoever lost the row changes nothing."""
    values: dict[str, Any] = {
        "state": bindparam("new_state"),
        "reason": bindparam("new_reason"),
        "wake_at": bindparam("new_wake_at"),
        "attempts": bindparam("new_attempts"),
        "provider_ref": bindparam("new_ref"),
        "settled_at": bindparam("new_settled_at"),
        "lease_until": bindparam("new_lease"),
    }
    if not keeps_slot:
        values["slot_day"] = None
    mine = and_(one_of(effects.c.id, "which"), effects.c.claim == bindparam("number"))
    from_state = or_(false(), *(effects.c.state == state for state in from_states))
    return Statement(update(effects).where(mine, from_state).values(**values))


def after(session: Session, merchant: Merchant, row: Any, outcome: Outcome, ends_trip: bool = False) -> None:
    """What follows from a settled row: who waited for it, and the trip."""
    if outcome.wake_at is not None:
        announce(session, merchant.id, outcome.wake_at)
    at = clock.now(merchant)
    if row.kind == "create_discount":
        _pass_on(session, merchant, row, outcome)
    if row.enrolment_id is None:
        return
    if _is_in_doubt_for_good(row, outcome):
        notices.raise_notice(session, merchant.id, awaiting.DOUBT)
    if refusals.is_one(row, outcome):
        refusals.look(session, merchant)
    if ends_trip and outcome.reason is not None:
        end_trip(session, merchant.id, row.enrolment_id, Reason(outcome.reason), at)
        return
    places.after(session, merchant, row, outcome.state, outcome.reason)
    if outcome.state in ("done", "skipped", "failed", "unknown"):
        complete_if_over(session, merchant.id, row.enrolment_id, at)


def _is_in_doubt_for_good(row: Any, outcome: Outcome) -> bool:
    """It may have arrived, nobody can be asked, and a member has to decide."""
    is_message = row.kind == "send_message" and row.mode == "live"
    return is_message and outcome.state == "unknown" and outcome.ask_at is None


def _pass_on(session: Session, merchant: Merchant, row: Any, outcome: Outcome) -> None:
    """The message that waits for a code goes on, or is left out with it."""
    waiting = update(effects).where(
        effects.c.merchant_id == merchant.id, effects.c.waits_for == row.id, effects.c.state == "pending"
    )
    if outcome.state == "done" or outcome.reason == Reason.SHADOW:
        session.execute(waiting.values(wake_at=clock.now()))
        announce(session, merchant.id, clock.now())
    elif outcome.state in ("skipped", "failed") or (outcome.state == "unknown" and outcome.ask_at is None):
        session.execute(
            waiting.values(state="skipped", reason=outcome.reason, wake_at=None, settled_at=clock.now())
        )


def backoff(attempts: int, least: timedelta = timedelta(minutes=1)) -> timedelta:
    """How long to wait after this many tries: doubling, half an hour at most,
    and a little apart, so that what failed together does not return together."""
    doubled: timedelta = least * 2 ** min(attempts, 10)
    return min(doubled, timedelta(minutes=30)) * random.uniform(0.8, 1.0)  # noqa: S311 - Spreading needs no secrecy.
