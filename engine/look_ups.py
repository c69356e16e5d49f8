"""Asking the shop about what a webhook only hinted at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.db import may_pass, reading, transaction
from core.errors import NeedsMerchant, Permanent, Retryable
from core.events import LookUp
from core.models import Merchant
from core.models.tables import look_ups, merchants
from core.statements import one_of
from engine import inbox, legal_acts, privacy
from engine.access import access_to, is_refused
from engine.machine import Machine
from engine.settling import backoff
from engine.vanished import vanish

log = structlog.get_logger()

BATCH = 50
LEASE = timedelta(minutes=2)
# How the inbox asks whether an announced uninstall is true.
UNINSTALLED = ("installation", "app")


def run(machine: Machine, most: int = 100) -> int:
    """Ask about what waits, a merchant at a time; how many batches."""
    done = 0
    while done < most and not machine.stopping.is_set() and _run_batch(machine):
        done += 1
    return done


def give_back(session: Session, now: datetime) -> None:
    """A look-up whose asker died waits again, or gives way to one that
    already waits for the same subject."""
    stale = select(look_ups).where(look_ups.c.state == "asking", look_ups.c.lease_until < now)
    for row in session.execute(stale).all():
        _wait_again(session, row, now, "lease over")


def _run_batch(machine: Machine) -> bool:
    rows = _claim(machine)
    if not rows:
        return False
    with machine.busy.serving(rows[0].merchant_id):
        _ask_about(machine, rows)
    return True


def _ask_about(machine: Machine, rows: Sequence[Any]) -> None:
    try:
        _serve(machine, rows)
    except Exception as error:
        # Whatever is wrong with these, they are not asked for ever and block nobody.
        if may_pass(error):
            raise
        log.exception("look_up_not_handled", merchant_id=rows[0].merchant_id)
        _refuse(machine, rows, f"internal: {type(error).__name__}")


def _refuse(machine: Machine, rows: Sequence[Any], why: str) -> None:
    """Whichever it is that can't be asked about, the others are asked without it."""
    if len(rows) == 1:
        _end(machine, rows, "failed", why)
        return
    for row in rows:
        if machine.stopping.is_set():
            break
        _ask_about(machine, [row])


def _serve(machine: Machine, rows: Sequence[Any]) -> None:
    merchant_id, began = rows[0].merchant_id, clock.now()
    wanted = {LookUp(row.kind, row.ref): row for row in rows}
    try:
        found = _ask(machine, merchant_id, list(wanted))
    except Retryable as error:
        # Nobody but an app that is gone is refused a new token after its uninstall was told.
        if is_refused(error) and _announced(rows):
            _refused(machine, rows, str(error.__cause__), began)
        else:
            _later(machine, rows, error)
    except NeedsMerchant as error:
        _refused(machine, rows, str(error), began)
    except Permanent as error:
        log.warning("look_up_refused", merchant_id=merchant_id, why=str(error))
        _refuse(machine, rows, str(error))
    else:
        _answered(machine, merchant_id, wanted, found)


def _claim(machine: Machine) -> list[Any]:
    """What waits of the merchant with the oldest question, whose shop can
    be asked at all."""
    with transaction(machine.db) as session:
        now = clock.now()
        first = session.execute(_OLDEST, asked_of(machine, now)).scalar_one_or_none()
        if first is None:
            return []
        mine = (
            select(look_ups.c.id)
            .where(look_ups.c.merchant_id == first, look_ups.c.state == "waiting", look_ups.c.wake_at <= now)
            .order_by(look_ups.c.wake_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(look_ups)
            .where(look_ups.c.id.in_(mine.scalar_subquery()))
            .values(state="asking", claim=look_ups.c.claim + 1, lease_until=now + LEASE)
            .returning(*look_ups.c)
        )
        return list(session.execute(claimed))


# A question that is due, of a shop that can be asked; what changes is in `asked_of`.
ASKABLE = (
    look_ups.c.merchant_id == merchants.c.id,
    look_ups.c.state == literal_column("'waiting'"),
    look_ups.c.wake_at <= bindparam("now"),
    merchants.c.uninstalled_at.is_(None),
    one_of(merchants.c.platform, "live"),
    ~one_of(look_ups.c.merchant_id, "full"),
)
_OLDEST = select(look_ups.c.merchant_id).where(*ASKABLE).order_by(look_ups.c.wake_at).limit(1)


def asked_of(machine: Machine, now: datetime) -> dict[str, Any]:
    """What ASKABLE is bound to at the moment."""
    return {"now": now, "live": list(machine.live), "full": machine.busy.full()}


def _ask(machine: Machine, merchant_id: int, wanted: Sequence[LookUp]) -> Any:
    with reading(machine.db) as session:
        platform = session.get_one(Merchant, merchant_id).platform
    return machine.live[platform].look_up(access_to(machine, merchant_id), wanted)


def _answered(machine: Machine, merchant_id: int, wanted: dict[LookUp, Any], found: Any) -> None:
    """The answers enter as events; what the shop does not have is gone."""
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        for hint, row in wanted.items():
            state = "done" if hint in found else "gone"
            if _settle(session, row, state, None):
                inbox.apply(machine, session, merchant, found.get(hint, ()), row.inbound_id)
                if state == "gone":
                    vanish(session, merchant, hint)
                elif (hint.kind, hint.ref) == UNINSTALLED:
                    legal_acts.close(session, merchant, legal_acts.SHOP_ERASURE, "still_installed")


def _announced(rows: Sequence[Any]) -> bool:
    """Whether one of these asks if an uninstall that was told is true."""
    return any((row.kind, row.ref) == UNINSTALLED for row in rows)


def _refused(machine: Machine, rows: Sequence[Any], why: str, began: datetime) -> None:
    """A failing call proves an uninstall that was announced; without the
    announcement it only means that the merchant must reconnect. A call that
    began before she connected anew proves nothing."""
    merchant_id = rows[0].merchant_id
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id, with_for_update=True)
        if _announced(rows) and not privacy.connected_since(session, merchant_id, began):
            privacy.uninstall(session, merchant)
        else:
            privacy.needs_merchant(session, merchant_id, why, began)
        for row in rows:
            _settle(session, row, "failed", why)


def _later(machine: Machine, rows: Sequence[Any], error: Retryable) -> None:
    with transaction(machine.db) as session:
        for row in rows:
            wake_at = clock.now() + (error.after or backoff(row.attempts, timedelta(seconds=5)))
            _wait_again(session, row, wake_at, str(error))


def _end(machine: Machine, rows: Sequence[Any], state: str, why: str) -> None:
    with transaction(machine.db) as session:
        for row in rows:
            _settle(session, row, state, why)


def _wait_again(session: Session, row: Any, wake_at: datetime, why: str) -> None:
    """Merged with one that already waits for the same subject."""
    twin = session.execute(
        select(look_ups.c.id).where(
            look_ups.c.merchant_id == row.merchant_id,
            look_ups.c.kind == row.kind,
            look_ups.c.ref == row.ref,
            look_ups.c.state == "waiting",
        )
    ).scalar_one_or_none()
    if twin is not None:
        _settle(session, row, "gone", "merged")
        return
    again = {"state": "waiting", "wake_at": wake_at, "attempts": row.attempts + 1, "reason": why}
    mine = (look_ups.c.id == row.id, look_ups.c.claim == row.claim, look_ups.c.state == "asking")
    try:
        with session.begin_nested():
            session.execute(update(look_ups).where(*mine).values(**again, lease_until=None))
    except IntegrityError:
        # Somebody else has begun to wait for the same subject this very moment.
        _settle(session, row, "gone", "merged")


def _settle(session: Session, row: Any, state: str, why: str | None) -> bool:
    settled = session.execute(
        update(look_ups)
        .where(look_ups.c.id == row.id, look_ups.c.claim == row.claim, look_ups.c.state == "asking")
        .values(state=state, reason=why, lease_until=None)
    )
    return bool(settled.rowcount)  # type: ignore[attr-defined]
