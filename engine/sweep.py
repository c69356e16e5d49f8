"""Putting right what was lost: leases of dead workers, bells nobody heard."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ScalarSelect, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact, transaction
from core.errors import NeedsMerchant, Permanent, Retryable
from core.models.tables import effects, merchants, work
from core.reasons import Reason
from engine import discounts, look_ups
from engine.batches import Open, open_batch
from engine.claims import Batch
from engine.machine import Machine
from engine.settling import ASK_AGAIN, Outcome, after, settle
from engine.work import announce, recount

log = structlog.get_logger()


def leases(machine: Machine) -> None:
    """An expired lease gives back only `claimed`; an expired `acting` becomes
    `unknown`, and its provider is asked where it can tell."""
    transact(machine.db, _end_leases)
    for row in _doubtful(machine):
        _ask_guarded(machine, row)
    machine.bells.due()


def _ask_guarded(machine: Machine, row: Any) -> None:
    """One row that can't be asked about must not keep the others waiting."""
    try:
        _ask_provider(machine, row)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("doubtful_row_not_asked_about", effect_id=row.id)
        _ask_later(machine, row)


def recount_work(machine: Machine) -> None:
    """Every merchant's entry is set to its earliest waiting row."""
    with reading(machine.db) as session:
        earliest = (
            select(func.min(effects.c.wake_at))
            .where(
                effects.c.merchant_id == merchants.c.id,
                effects.c.state == "pending",
                effects.c.wake_at.is_not(None),
            )
            .scalar_subquery()
        )
        waiting = select(merchants.c.id, earliest, work.c.next_at).join(work, isouter=True)
        wrong = [
            (row[0], row[1]) for row in session.execute(waiting) if row[1] is not None and row[1] != row[2]
        ]
    for merchant_id, wake_at in wrong:
        with transaction(machine.db) as session:
            announce(session, merchant_id, wake_at)
            recount(session, merchant_id)


def _end_leases(session: Session) -> None:
    """The merchants' entries come last: whoever holds one must not wait for rows."""
    now = clock.now()
    doubtful = {"state": "unknown", "reason": Reason.UNKNOWN.value, "settled_at": now}
    session.execute(update(effects).where(effects.c.id.in_(_over(now, "acting"))).values(**doubtful))
    look_ups.give_back(session, now)
    _give_back_claims(session, now)


def _over(now: datetime, state: str) -> ScalarSelect[int]:
    """Rows whose lease is over; one that is being settled this moment is left alone."""
    found = select(effects.c.id).where(effects.c.state == state, effects.c.lease_until < now)
    return found.with_for_update(skip_locked=True).scalar_subquery()


def _doubtful(machine: Machine) -> list[Any]:
    """Rows in doubt whose provider has still to be asked."""
    with reading(machine.db) as session:
        found = select(effects).where(effects.c.state == "unknown", effects.c.lease_until < clock.now())
        return list(session.execute(found.limit(100)))


def _give_back_claims(session: Session, now: datetime) -> None:
    owners = session.execute(
        update(effects)
        .where(effects.c.id.in_(_over(now, "claimed")))
        .values(state="pending", wake_at=now, lease_until=None)
        .returning(effects.c.merchant_id)
    )
    for merchant_id in sorted(set(owners.scalars())):
        announce(session, merchant_id, now)


def _ask_provider(machine: Machine, row: Any) -> None:
    """Only the provider's own word moves a doubtful row: it has the key, or
    it proves that it never had."""
    opened = open_batch(machine, Batch(row.merchant_id, {row.id: row.claim}, clock.now()))
    try:
        happened = _happened(machine, opened, row)
    except (Retryable, Permanent, NeedsMerchant) as error:
        log.warning("provider_does_not_answer", effect_id=row.id, why=str(error))
        return _ask_later(machine, row)
    if happened is None:
        return _end_in_doubt(machine, opened, row)
    state = "done" if happened else "pending"
    outcome = Outcome(
        row.id,
        row.claim,
        state,
        ("unknown",),
        wake_at=None if happened else clock.now(),
        attempts=row.attempts + 1,
        keeps_slot=happened,
    )
    with transaction(machine.db) as session:
        if happened and row.kind == "create_discount":
            discounts.confirm(session, opened.merchant, row.id)
        if settle(session, [outcome]):
            after(session, opened.merchant, row, outcome)
    return None


def _happened(machine: Machine, opened: Open, row: Any) -> bool | None:
    if row.kind == "send_message" and opened.account is not None:
        # Nobody can ask her server.
        return None
    if row.kind == "send_message":
        return machine.channel_for(opened.merchant.platform).was_sent(row.key, row.merchant_id)
    if row.kind == "create_discount":
        return discounts.exists_in_shop(machine, opened, row.id)
    # Removing twice does no harm, so it may simply be done again.
    return False


def _ask_later(machine: Machine, row: Any) -> None:
    with transaction(machine.db) as session:
        session.execute(
            update(effects)
            .where(effects.c.id == row.id, effects.c.claim == row.claim, effects.c.state == "unknown")
            .values(lease_until=clock.now() + ASK_AGAIN)
        )


def _end_in_doubt(machine: Machine, opened: Open, row: Any) -> None:
    """It stays `unknown` and counts as sent; the trip goes on without it."""
    stays = Outcome(
        row.id,
        row.claim,
        "unknown",
        ("unknown",),
        Reason.UNKNOWN.value,
        attempts=row.attempts,
        keeps_slot=True,
    )
    with transaction(machine.db) as session:
        if settle(session, [stays]):
            after(session, opened.merchant, row, stays)
    log.warning("effect_in_doubt", merchant_id=row.merchant_id, effect_id=row.id)
