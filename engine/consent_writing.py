"""An objection written back to the shop, where the shop keeps consent."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.models import Merchant
from core.models.tables import addresses, effects
from core.reasons import Reason
from engine.access import access_to
from engine.batches import Open, is_expired
from engine.machine import Machine
from engine.verdicts import Ready, Settled, begin_acting, lost, skipped
from engine.work import announce
from integrations.live import ConsentWrite

KIND = "write_consent"
VALID_FOR = timedelta(days=30)


def plan(
    machine: Machine, session: Session, merchant: Merchant, address_id: int, person_id: int, at: datetime
) -> None:
    """One effect for each objection; nothing where the shop keeps no consent."""
    live = machine.connected.get(merchant.platform)
    if live is None or not live.keeps_consent:
        return
    row = {
        "merchant_id": merchant.id,
        "key": f"{merchant.key}.consent.{address_id}.{at:%Y%m%d%H%M%S%f}",
        "person_id": person_id,
        "flow": "consent",
        "mode": "live",
        "kind": KIND,
        "purpose": "service",
        "state": "pending",
        "due_at": at,
        "valid_until": at + VALID_FOR,
        "wake_at": clock.now(),
        "settings_version": 0,
        "payload": {"address": address_id, "state": "opted_out"},
    }
    made = insert(effects, session).values(**row, step=0, claim=0, attempts=0, undo=False)
    session.execute(made.on_conflict_do_nothing(index_elements=["key"]))
    announce(session, merchant.id, clock.now())


def prepare(machine: Machine, session: Session, opened: Open, row: Any) -> Ready | Settled:
    """The address as it is known now: whoever was erased meanwhile is not told of."""
    if is_expired(opened, row):
        return skipped(row, Reason.EXPIRED)
    if opened.merchant.uninstalled_at is not None:
        return skipped(row, Reason.UNINSTALLED)
    mine = addresses.c.merchant_id == opened.merchant.id
    known = session.execute(
        select(addresses).where(mine, addresses.c.person_id == row.person_id).order_by(addresses.c.id)
    ).all()
    email = next((one for one in known if one.id == row.payload["address"]), None)
    if email is None:
        return skipped(row, Reason.ERASED)
    consent = ConsentWrite(
        email=_opened(machine, opened.merchant.id, email),
        customer_ref=next(
            (_opened(machine, opened.merchant.id, one) for one in known if one.channel == "customer"), None
        ),
        state=row.payload["state"],
        at=row.due_at,
    )
    if not begin_acting(session, opened, row, timedelta(seconds=machine.config.lease_seconds)):
        return lost(session, row)
    return Ready(lambda: _write(machine, opened, consent))


def _opened(machine: Machine, merchant_id: int, row: Any) -> str:
    return machine.vault.open(row.value, f"address:{merchant_id}:{row.fingerprint}").decode()


def _write(machine: Machine, opened: Open, consent: ConsentWrite) -> str:
    live = machine.connected[opened.merchant.platform]
    live.write_consent(access_to(machine, opened.merchant.id), consent)
    return ""
