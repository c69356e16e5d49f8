"""Key rotation: everything sealed is sealed anew with the newest key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from core.db import reading, transaction
from core.models import tables as t
from core.vault import SealBroken
from engine.identity import name_binding
from engine.inbox import body_binding
from engine.machine import Machine

log = structlog.get_logger()

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
    Sealed(t.connections, "refresh", lambda r: f"connection:{r.merchant_id}:refresh"),
    Sealed(t.companions, "secret", lambda r: f"companion:{r.merchant_id}:secret"),
    Sealed(t.members, "email", lambda r: f"member:{r.merchant_id}:email"),
    Sealed(t.data_requests, "contact", lambda r: f"data_request:{r.merchant_id}:{r.ref}"),
    Sealed(t.connecting, "token", lambda r: f"connecting:{r.id}:token"),
    Sealed(t.people, "first_name", lambda r: name_binding(r.merchant_id, r.id)),
    Sealed(t.addresses, "value", lambda r: f"address:{r.merchant_id}:{r.fingerprint}"),
    Sealed(t.carts, "url", lambda r: f"cart:{r.merchant_id}:{r.ref}:url"),
    Sealed(t.inbound, "body", lambda r: body_binding(r.merchant_id, r.dedupe)),
    Sealed(t.effects, "content", lambda r: f"effect:{r.key}:content"),
    Sealed(t.mail_servers, "password", lambda r: f"mail_server:{r.merchant_id}:password"),
    Sealed(t.mailbox_messages, "mime", lambda r: f"mailbox:{r.merchant_id}:{r.key}"),
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many values were sealed anew, and how many no known key opens."""

    anew: int = 0
    broken: int = 0

    def __add__(self, other: "Rotated") -> "Rotated":
        return Rotated(self.anew + other.anew, self.broken + other.broken)


def rotate(machine: Machine) -> Rotated:
    """Seal everything with the newest key. Safe to run again, and while Kontor
    runs: each value is replaced only where it is still the one that was read."""
    return sum((_rotate(machine, sealed) for sealed in SEALED), Rotated())


def _rotate(machine: Machine, sealed: Sealed) -> Rotated:
    done, last = Rotated(), 0
    column = sealed.table.c[sealed.column]
    while True:
        wanted = select(sealed.table).where(sealed.table.c.id > last, column.is_not(None))
        with reading(machine.db) as session:
            rows = session.execute(wanted.order_by(sealed.table.c.id).limit(BATCH)).all()
        if not rows:
            return done
        last = rows[-1].id
        done += _seal_anew(machine, sealed, rows)


def _seal_anew(machine: Machine, sealed: Sealed, rows: Any) -> Rotated:
    old = [row for row in rows if not machine.vault.is_newest(getattr(row, sealed.column))]
    with transaction(machine.db) as session:
        return sum((_replace(machine, session, sealed, row) for row in old), Rotated())


def _replace(machine: Machine, session: Session, sealed: Sealed, row: Any) -> Rotated:
    """One value that can't be opened must not keep the others from the new key."""
    known, binding = getattr(row, sealed.column), sealed.binding(row)
    try:
        new = machine.vault.seal(machine.vault.open(known, binding), binding)
    except SealBroken:
        log.warning("seal_broken", table=sealed.table.name, column=sealed.column, row=row.id)
        return Rotated(broken=1)
    table = sealed.table
    same = [table.c.id == row.id, table.c[sealed.column] == known]
    if "merchant_id" in table.c:
        same.append(table.c.merchant_id == row.merchant_id)
    replaced = session.execute(update(table).where(*same).values({sealed.column: new}))
    return Rotated(anew=replaced.rowcount)  # type: ignore[attr-defined]
