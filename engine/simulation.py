"""Fast-forward: a merchant's clock moves to the next due moment, lets it be
settled, and so on to the target. It never jumps over what would happen."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import effects, inbound, look_ups, merchants
from engine.machine import Machine
from engine.work import recount

A_MOMENT = timedelta(milliseconds=1)


def forward(machine: Machine, merchant_id: int, to: datetime) -> None:
    """Let the merchant's time go on to `to`; the worker takes it there."""
    with transaction(machine.db) as session:
        session.execute(
            update(merchants)
            .where(merchants.c.id == merchant_id, merchants.c.uninstalled_at.is_(None))
            .values(clock_target=to)
        )
    machine.bells.due()


def is_moving(machine: Machine, merchant_id: int) -> bool:
    """Whether time is still going on, or something is still being done."""
    with reading(machine.db) as session:
        target = select(merchants.c.clock_target).where(merchants.c.id == merchant_id)
        moving = session.execute(target).scalar_one() is not None
        return moving or _unsettled(session, merchant_id, clock.now())


def next_due(machine: Machine, merchant_id: int) -> datetime | None:
    """The merchant's time at which the next thing happens, if anything waits."""
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        wake_at = _next_wake(session, merchant_id)
        return None if wake_at is None else wake_at + clock.offset(merchant)


def run(machine: Machine) -> bool:
    """Move every clock that is on its way and has nothing left to settle; true
    where one moved and there may be something due now."""
    with reading(machine.db) as session:
        waiting = select(merchants.c.id).where(merchants.c.clock_target.is_not(None))
        ids = list(session.execute(waiting).scalars())
    moved = [merchant_id for merchant_id in ids if _advance(machine, merchant_id)]
    return bool(moved)


def _advance(machine: Machine, merchant_id: int) -> bool:
    with transaction(machine.db) as session:
        merchant = session.scalars(
            select(Merchant)
            .where(merchants.c.id == merchant_id)
            .with_for_update(skip_locked=True, key_share=True)
        ).one_or_none()
        if merchant is None or merchant.clock_target is None:
            return False
        now = clock.now()
        if _unsettled(session, merchant_id, now):
            return False
        goes_on = _step(session, merchant)
    if not goes_on:
        # What comes by the calendar and waits in no row, such as a summary.
        machine.bells.upkeep()
    return goes_on


def _step(session: Session, merchant: Merchant) -> bool:
    """To the next due moment, or to the target, whichever comes first."""
    here, target = clock.now(merchant), merchant.clock_target
    assert target is not None
    wake_at = _next_wake(session, merchant.id)
    due = None if wake_at is None else wake_at + clock.offset(merchant)
    stop = target if due is None else min(target, due)
    if stop > here:
        _shift(session, merchant, stop - here + A_MOMENT)
    if due is None or due > target:
        merchant.clock_target = None
        return False
    return True


def _unsettled(session: Session, merchant_id: int, now: datetime) -> bool:
    """Whether anything of the merchant's is due, or under way, or unread."""
    busy = (effects.c.state.in_(["claimed", "acting"])) | (
        (effects.c.state == "pending") & (effects.c.wake_at <= now)
    )
    asking = or_(look_ups.c.state == "asking", (look_ups.c.state == "waiting") & (look_ups.c.wake_at <= now))
    checks = (
        select(effects.c.id).where(effects.c.merchant_id == merchant_id, busy),
        select(inbound.c.id).where(inbound.c.merchant_id == merchant_id, inbound.c.state == "new"),
        select(look_ups.c.id).where(look_ups.c.merchant_id == merchant_id, asking),
    )
    return any(session.execute(check.limit(1)).first() is not None for check in checks)


def _next_wake(session: Session, merchant_id: int) -> Any:
    return session.execute(
        select(func.min(effects.c.wake_at)).where(
            effects.c.merchant_id == merchant_id,
            effects.c.state == "pending",
            effects.c.wake_at.is_not(None),
        )
    ).scalar_one()


def _shift(session: Session, merchant: Merchant, ahead: timedelta) -> None:
    """Move the clock and, in the same transaction, when waiting rows wake."""
    ahead = timedelta(milliseconds=-(-ahead // timedelta(milliseconds=1)))
    merchant.clock_offset_ms += ahead // timedelta(milliseconds=1)
    session.flush()
    waiting = select(effects.c.id, effects.c.wake_at).where(
        effects.c.merchant_id == merchant.id,
        effects.c.state.in_(["pending", "held"]),
        effects.c.wake_at.is_not(None),
    )
    for row in session.execute(waiting).all():
        session.execute(update(effects).where(effects.c.id == row.id).values(wake_at=row.wake_at - ahead))
    recount(session, merchant.id)
