"""Claiming what is due: fairly, in batches, with a number and a lease."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from core import clock
from core.db import passing
from core.models.tables import connections, effects, remote_hosts, work
from core.statements import Statement
from engine.machine import Machine
from engine.work import recount

BATCH = 50

# The merchant not served for longest whose shop does not rest.
_RESTS = exists().where(
    connections.c.merchant_id == work.c.merchant_id,
    remote_hosts.c.host == connections.c.domain,
    remote_hosts.c.rests_until > bindparam("now"),
)


def _turn(*conditions: ColumnElement[bool]) -> ReturningUpdate[tuple[int]]:
    waiting = select(work.c.merchant_id).where(work.c.next_at <= bindparam("now"), ~_RESTS, *conditions)
    first = waiting.order_by(work.c.served_at).limit(1).with_for_update(skip_locked=True)
    served = update(work).where(work.c.merchant_id == first.scalar_subquery())
    return served.values(served_at=bindparam("now")).returning(work.c.merchant_id)


_TURN = Statement(_turn())
_TURN_OF_OTHERS = _turn(work.c.merchant_id.not_in(bindparam("full", expanding=True)))
_DUE = (
    select(effects.c.id)
    .where(
        effects.c.merchant_id == bindparam("whose"),
        effects.c.state == "pending",
        effects.c.wake_at.is_not(None),
        effects.c.wake_at <= bindparam("now"),
    )
    .order_by(effects.c.wake_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = Statement(
    update(effects)
    .where(effects.c.id.in_(_DUE.scalar_subquery()))
    .values(
        state="claimed",
        claim=effects.c.claim + 1,
        claimed_at=bindparam("now"),
        lease_until=bindparam("until"),
    )
    .returning(effects.c.id, effects.c.claim)
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one merchant, claimed at `at` (real time): each one's id and the
    number of this claim."""

    merchant_id: int
    claims: Mapping[int, int]
    at: datetime


def claim(machine: Machine, most: int = BATCH) -> Batch | None:
    """The most urgent rows of whoever has waited longest to be served."""
    with machine.db.connect() as connection:
        return claim_on(connection, machine, most)


def claim_on(connection: Connection, machine: Machine, most: int = BATCH) -> Batch | None:
    """The same over a connection that is kept for several transactions."""
    with passing(connection):
        now = clock.now()
        lease = timedelta(seconds=machine.config.lease_seconds)
        asked: list[int] = []
        while (merchant_id := _next(connection, now, machine.busy.full())) and merchant_id not in asked:
            claims = _claim(connection, merchant_id, now, lease, most)
            # A full portion means that the entry still tells the truth: there is, or was, more.
            if len(claims) < most:
                recount(connection, merchant_id)
            if claims:
                return Batch(merchant_id, claims, now)
            asked.append(merchant_id)
    return None


def _next(connection: Connection, now: datetime, full: list[int]) -> int | None:
    """Whose turn it is; it goes to the end of the line, and its entry is
    locked from here on."""
    found: Iterable[Any] = (
        connection.execute(_TURN_OF_OTHERS, {"now": now, "full": full})
        if full
        else _TURN.rows(connection, {"now": now})
    )
    return next((int(row[0]) for row in found), None)


def _claim(
    connection: Connection, merchant_id: int, now: datetime, lease: timedelta, most: int
) -> dict[int, int]:
    values = {"whose": merchant_id, "now": now, "until": now + lease, "most": most}
    return {row: number for row, number in _CLAIM.rows(connection, values)}  # noqa: C416 - Two numbers, not any pair.
