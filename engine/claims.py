"""Claiming what is due: fairly, in batches, with a number and a lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import transaction
from core.models.tables import connections, effects, remote_hosts, work
from engine.machine import Machine
from engine.work import recount

BATCH = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one merchant, claimed at `at` (real time)."""

    merchant_id: int
    rows: list[Any]
    at: datetime


def claim(machine: Machine, most: int = BATCH) -> Batch | None:
    """The most urgent rows of whoever has waited longest to be served."""
    with transaction(machine.db) as session:
        now = clock.now()
        merchant_id = _whose_turn(session, machine.busy.full(), now)
        if merchant_id is None:
            return None
        rows = _claim(session, merchant_id, now, timedelta(seconds=machine.config.lease_seconds), most)
        recount(session, merchant_id, served_at=now)
    return Batch(merchant_id, rows, now)


def _whose_turn(session: Session, full: list[int], now: datetime) -> int | None:
    """The merchant not served for longest whose shop does not rest; its entry
    is locked from here on."""
    resting = (
        select(connections.c.merchant_id)
        .join(remote_hosts, remote_hosts.c.host == connections.c.domain)
        .where(remote_hosts.c.rests_until > now)
    )
    return session.execute(
        select(work.c.merchant_id)
        .where(work.c.next_at <= now, work.c.merchant_id.not_in(full), work.c.merchant_id.not_in(resting))
        .order_by(work.c.served_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()


def _claim(session: Session, merchant_id: int, now: datetime, lease: timedelta, most: int) -> list[Any]:
    due = (
        select(effects.c.id)
        .where(
            effects.c.merchant_id == merchant_id,
            effects.c.state == "pending",
            effects.c.wake_at.is_not(None),
            effects.c.wake_at <= now,
        )
        .order_by(effects.c.wake_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(effects)
        .where(effects.c.id.in_(due.scalar_subquery()))
        .values(state="claimed", claim=effects.c.claim + 1, claimed_at=now, lease_until=now + lease)
        .returning(*effects.c)
    )
    return sorted(session.execute(claimed).all(), key=lambda row: (row.due_at, row.id))
