"""Claiming what is due: fairly, in batches, with a number and a lease."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, exists, select, update

from core import clock
from core.db import transaction
from core.models.tables import connections, effects, remote_hosts, work
from engine.machine import Machine
from engine.work import recount

BATCH = 50

# The merchant not served for longest whose shop does not rest; its entry is
# locked from here on.
_RESTS = exists().where(
    connections.c.merchant_id == work.c.merchant_id,
    remote_hosts.c.host == connections.c.domain,
    remote_hosts.c.rests_until > bindparam("now"),
)
_TURN = (
    select(work.c.merchant_id)
    .where(
        work.c.next_at <= bindparam("now"),
        work.c.merchant_id.not_in(bindparam("full", expanding=True)),
        ~_RESTS,
    )
    .order_by(work.c.served_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
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
_CLAIM = (
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
    with transaction(machine.db) as session:
        connection, now = session.connection(), clock.now()
        turn = {"now": now, "full": machine.busy.full()}
        merchant_id = connection.execute(_TURN, turn).scalar_one_or_none()
        if merchant_id is None:
            return None
        claims = _claim(connection, merchant_id, now, timedelta(seconds=machine.config.lease_seconds), most)
        recount(connection, merchant_id, served_at=now)
    return Batch(merchant_id, claims, now)


def _claim(
    connection: Connection, merchant_id: int, now: datetime, lease: timedelta, most: int
) -> dict[int, int]:
    values = {"whose": merchant_id, "now": now, "until": now + lease, "most": most}
    return {row.id: row.claim for row in connection.execute(_CLAIM, values)}
