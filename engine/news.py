"""What a reading tells that is not known exactly so: readings overlap, and nothing new follows from it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db import reading
from core.events import CartUpdated, ConsentChanged, Event, LookUp, OrderEvent, ProductUpdated
from core.models.tables import addresses, carts, consents, orders, products
from core.statements import one_of
from engine.identity import fingerprint
from engine.machine import Machine
from engine.records import digest

ACT = (consents.c.purpose, consents.c.state, consents.c.act_at, consents.c.source)


def news(machine: Machine, merchant_id: int, told: Sequence[Event | LookUp]) -> list[Event | LookUp]:
    marks = [_mark(machine, merchant_id, event) for event in told]
    with reading(machine.db) as session:
        known = _snapshots(session, merchant_id, marks) | _acts(session, merchant_id, marks)
    return [event for event, mark in zip(told, marks, strict=True) if mark is None or mark not in known]


def _mark(machine: Machine, merchant_id: int, event: Event | LookUp) -> tuple[Any, ...] | None:
    """Where it would be remembered, of what, and what it says; None for what is always worth a look."""
    match event:
        case OrderEvent(order=order):
            return orders, order.ref, digest(order)
        case CartUpdated(cart=cart):
            return carts, cart.ref, digest(cart)
        case ProductUpdated(product=product):
            return products, product.ref, digest(product)
        case ConsentChanged(contact=contact, channel="email") if contact.email:
            who = fingerprint(machine.vault, merchant_id, "email", contact.email)
            return consents, who, (event.purpose, event.state, event.at, event.source)
        case _:
            return None


def _snapshots(session: Session, merchant_id: int, marks: Sequence[Any]) -> set[Any]:
    known: set[Any] = set()
    for table in (orders, carts, products):
        mine = (table.c.merchant_id == merchant_id, one_of(table.c.ref, "refs"))
        found = select(table.c.ref, table.c.digest).where(*mine)
        rows = session.execute(found, {"refs": _of(marks, table)})
        known |= {(table, row.ref, row.digest) for row in rows}
    return known


def _acts(session: Session, merchant_id: int, marks: Sequence[Any]) -> set[Any]:
    mine = (addresses.c.merchant_id == merchant_id, addresses.c.channel == "email")
    found = (
        select(addresses.c.fingerprint, *ACT)
        .join(consents, consents.c.address_id == addresses.c.id)
        .where(*mine, consents.c.merchant_id == merchant_id, one_of(addresses.c.fingerprint, "refs"))
    )
    rows = session.execute(found, {"refs": _of(marks, consents)})
    return {(consents, who, tuple(act)) for who, *act in rows}


def _of(marks: Sequence[Any], table: Any) -> list[str]:
    return sorted({mark[1] for mark in marks if mark is not None and mark[0] is table})
