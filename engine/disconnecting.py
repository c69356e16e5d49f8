"""Letting go of a shop as its merchant wishes: our changes there are undone, then the keys are forgotten."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models import Merchant
from core.models.tables import connections, discount_codes, effects, hooks
from core.network import within
from core.reasons import Reason
from engine import companions, privacy
from engine.access import access_to
from engine.checkups import webhook_url
from engine.machine import Machine
from engine.trips import skip_waiting
from integrations.live import ConnectedShop
from integrations.roles import Access

log = structlog.get_logger()

FAILURES = (NeedsMerchant, Permanent, Retryable, InDoubt)
LEASE = timedelta(minutes=2)
# The merchant waits for the answer, and a thread with her, however slow her shop is.
UNDONE_WITHIN = 60.0


def disconnect(machine: Machine, merchant_id: int) -> bool:
    """Whether our webhooks are gone from the shop; the keys are forgotten all
    the same, unless she has connected it anew meanwhile."""
    began = clock.now()
    with reading(machine.db) as session:
        mine = connections.c.merchant_id == merchant_id
        row = session.execute(select(connections).where(mine)).one_or_none()
    if row is None or row.state == "uninstalled":
        return True
    with transaction(machine.db) as session:
        # First of all nothing more goes out.
        skip_waiting(session, merchant_id, Reason.UNINSTALLED)
    undone = _undo(machine, row)
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id, with_for_update=True)
        session.execute(delete(hooks).where(hooks.c.merchant_id == merchant_id))
        if privacy.connected_since(session, merchant_id, began):
            _look_after_anew(session, merchant_id)
        else:
            privacy.uninstall(session, merchant)
    return undone


def _look_after_anew(session: Session, merchant_id: int) -> None:
    """We may have deleted webhooks that were just made."""
    mine = connections.c.merchant_id == merchant_id
    session.execute(update(connections).where(mine).values(hooks_at=None))


def former_webhooks(machine: Machine, platform: str, domain: str) -> str | None:
    """Where the webhooks of this store lead to, if it was connected before."""
    store = (connections.c.platform == platform, connections.c.domain == domain)
    with reading(machine.db) as session:
        row = session.execute(select(connections).where(*store).limit(1)).one_or_none()
    return None if row is None else webhook_url(machine, row)


@within(UNDONE_WITHIN)
def _undo(machine: Machine, row: Any) -> bool:
    live = machine.connected.get(row.platform)
    if live is None:
        return True
    try:
        access = access_to(machine, row.merchant_id)
        for effect in _changes(machine, row.merchant_id):
            _take_back(machine, live, access, effect)
        live.drop_hooks(access, webhook_url(machine, row))
        companions.forget(machine, row.platform, access)
    except FAILURES as error:
        log.warning("not_undone_in_the_shop", merchant_id=row.merchant_id, why=str(error))
        return False
    return True


def _changes(machine: Machine, merchant_id: int) -> list[Any]:
    """Codes still in the shop, with the effects that wait to take them out."""
    waiting = (
        select(effects.c.id, effects.c.claim, discount_codes.c.id.label("code_id"), discount_codes.c.code)
        .join(discount_codes, discount_codes.c.merchant_id == effects.c.merchant_id)
        .where(
            effects.c.merchant_id == merchant_id,
            effects.c.undo.is_(True),
            effects.c.state == "pending",
            effects.c.payload["made_by"].as_integer() == discount_codes.c.effect_id,
            discount_codes.c.used_at.is_(None),
            discount_codes.c.removed_at.is_(None),
        )
    )
    with reading(machine.db) as session:
        return list(session.execute(waiting))


def _take_back(machine: Machine, live: ConnectedShop, access: Access, effect: Any) -> None:
    """Claimed as the worker does, so that it is not done twice."""
    if not _move(machine, effect, "pending", "acting", lease_until=clock.now() + LEASE):
        return
    try:
        live.remove_discount(access, effect.code)
    except FAILURES:
        _move(machine, effect, "acting", "pending", lease_until=None)
        raise
    now = clock.now()
    _move(machine, effect, "acting", "done", acted_at=now, settled_at=now, wake_at=None, lease_until=None)
    removed = update(discount_codes).where(discount_codes.c.id == effect.code_id)
    with transaction(machine.db) as session:
        session.execute(removed.values(removed_at=now))


def _move(machine: Machine, effect: Any, state: str, to: str, **values: Any) -> bool:
    mine = (effects.c.id == effect.id, effects.c.state == state)
    with transaction(machine.db) as session:
        done = session.execute(
            update(effects).where(*mine).values(state=to, claim=effects.c.claim + 1, **values)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]
