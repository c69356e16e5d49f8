"""Key rotation: everything sealed is sealed anew with the newest key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select, update

from core.db import reading, transaction
from core.models import tables as t
from engine.machine import Machine

BATCH = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values and what each is bound to."""

    table: Table
    column: str
    binding: Callable[[Any], str]


SEALED = (
    Sealed(t.connections, "webhook_secret", lambda r: f"connection:{r.merchant_id}:webhook_secret"),
    Sealed(t.connections, "previous_secret", lambda r: f"connection:{r.merchant_id}:previous_secret"),
    Sealed(t.connections, "token", lambda r: f"connection:{r.merchant_id}:token"),
    Sealed(t.people, "first_name", lambda r: f"person:{r.merchant_id}:first_name"),
    Sealed(t.addresses, "value", lambda r: f"address:{r.merchant_id}:{r.fingerprint}"),
    Sealed(t.carts, "url", lambda r: f"cart:{r.merchant_id}:{r.ref}:url"),
    Sealed(t.inbound, "body", lambda r: f"inbound:{r.merchant_id}:{r.dedupe}"),
    Sealed(t.effects, "content", lambda r: f"effect:{r.key}:content"),
    Sealed(t.mailbox_messages, "mime", lambda r: f"mailbox:{r.merchant_id}:{r.key}"),
)


def rotate(machine: Machine) -> int:
    """Seal everything with the newest key; how many values changed. Safe to
    run again, and while Kontor runs: each value is replaced only where it is
    still the one that was read."""
    return sum(_rotate(machine, sealed) for sealed in SEALED)


def _rotate(machine: Machine, sealed: Sealed) -> int:
    changed, last = 0, 0
    column = sealed.table.c[sealed.column]
    while True:
        wanted = select(sealed.table).where(sealed.table.c.id > last, column.is_not(None))
        with reading(machine.db) as session:
            rows = session.execute(wanted.order_by(sealed.table.c.id).limit(BATCH)).all()
        if not rows:
            return changed
        last = rows[-1].id
        changed += _seal_anew(machine, sealed, rows)


def _seal_anew(machine: Machine, sealed: Sealed, rows: Any) -> int:
    changed = 0
    column = sealed.table.c[sealed.column]
    with transaction(machine.db) as session:
        for row in rows:
            old = getattr(row, sealed.column)
            if machine.vault.is_newest(old):
                continue
            binding = sealed.binding(row)
            new = machine.vault.seal(machine.vault.open(old, binding), binding)
            same = (sealed.table.c.id == row.id, sealed.table.c.merchant_id == row.merchant_id, column == old)
            session.execute(update(sealed.table).where(*same).values({sealed.column: new}))
            changed += 1
    return changed
