"""Remembering: events become records, and older news never overwrites newer.

All rows of one webhook are locked in one order: people, then carts and
orders, then variants; see the design's step 6.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.events import (
    Cart,
    CartLinesChanged,
    CartUpdated,
    ConsentChanged,
    Contact,
    Event,
    Order,
    OrderDelivered,
    OrderEvent,
    OrderShipped,
    PersonChanged,
    Product,
    ProductUpdated,
    StockChanged,
)
from core.models import Merchant
from core.models.tables import carts, consents, inbound_people, orders
from core.vault import Vault
from engine import catalogue, purchases
from engine.baskets import remember_cart, replace_lines
from engine.built import Inserting
from engine.identity import Found, lock_people, resolve


@dataclass(frozen=True, slots=True)
class Touched:
    """What an event was about: the person, whether nothing was known of her
    before, and, of a cart event, the cart."""

    event: Event
    person_id: int | None = None
    cart_id: int | None = None
    just_met: bool = False


def remember(
    session: Session, vault: Vault, merchant: Merchant, events: Sequence[Event], inbound_id: int | None = None
) -> list[Touched]:
    """Write what the events say; tells whom and what each was about."""
    people = _people(session, vault, merchant, events)
    _link_bodies(session, merchant.id, inbound_id, people)
    heard = inbound_id is not None
    return [
        _remember(session, vault, merchant, event, people.get(_contact(event)), heard) for event in events
    ]


def digest(snapshot: object) -> str:
    """A short mark of a whole snapshot; equal news need no write. It begins
    with how far things have come, which decides between two of one moment."""
    return f"{_stage(snapshot)}{hashlib.sha256(repr(snapshot).encode()).hexdigest()[:16]}"


def _stage(snapshot: object) -> int:
    """A shop says "placed" and "paid" within one second: paid came after. Of a
    product a webhook may tell less than the shop does when it is asked."""
    match snapshot:
        case Order():
            return 2 if snapshot.cancelled_at else 1 if snapshot.paid_at else 0
        case Cart():
            return 1 if snapshot.completed_at else 0
        case Product():
            return 1 if snapshot.complete and all(one.stock for one in snapshot.variants) else 0
        case _:
            return 0


def _people(
    session: Session, vault: Vault, merchant: Merchant, events: Sequence[Event]
) -> dict[Contact | None, Found | None]:
    """Everybody named, each found once, before anything else is locked."""
    times: dict[Contact, datetime] = {}
    for event in events:
        contact = _contact(event)
        if contact is not None:
            times[contact] = max(times.get(contact, _seen_at(event)), _seen_at(event))
    ordered = sorted(times, key=repr)
    return {c: resolve(session, vault, merchant.id, c, times[c]) for c in ordered}


def _contact(event: Event) -> Contact | None:
    match event:
        case CartUpdated(cart=cart):
            return cart.contact
        case OrderEvent(order=order):
            return order.contact
        case PersonChanged(contact=contact) | ConsentChanged(contact=contact):
            return contact
        case _:
            return None


def _seen_at(event: Event) -> datetime:
    match event:
        case CartUpdated(cart=cart):
            return cart.updated_at
        case OrderEvent(order=order):
            return order.updated_at
        case PersonChanged(updated_at=at) | ConsentChanged(at=at):
            return at
        case _:
            return clock.now()


_LINK = Inserting(inbound_people, lambda row: row.on_conflict_do_nothing())


def _link_bodies(
    session: Session, merchant_id: int, inbound_id: int | None, people: dict[Contact | None, Found | None]
) -> None:
    """So that erasing a person empties every body that named it."""
    named = {found.person_id for found in people.values() if found is not None}
    if inbound_id is None or not named:
        return
    rows = [{"inbound_id": inbound_id, "person_id": p, "merchant_id": merchant_id} for p in sorted(named)]
    _LINK.tell(session, *rows)


def _remember(
    session: Session, vault: Vault, merchant: Merchant, event: Event, found: Found | None, heard: bool
) -> Touched:
    person_id = found.person_id if found else None
    cart_id = None
    match event:
        case CartUpdated(cart=cart):
            cart_id, person_id = remember_cart(session, vault, merchant.id, cart, found, digest(cart))
            _lock_owner(session, merchant.id, person_id, found)
        case CartLinesChanged():
            person_id, cart_id = _refresh_lines(session, merchant.id, event)
        case OrderEvent(order=order):
            purchases.remember_order(session, vault, merchant, order, found, digest(order), heard)
        case OrderShipped() | OrderDelivered():
            _stamp(session, merchant.id, event)
        case ConsentChanged():
            _remember_consent(session, merchant, event, found)
        case ProductUpdated(product=product):
            catalogue.remember_product(session, merchant.id, product, digest(product))
        case StockChanged():
            catalogue.remember_stock(session, merchant.id, event.variant_ref, event.stock, event.at)
    just_met = found is not None and found.just_made and found.person_id == person_id
    return Touched(event, person_id, cart_id, just_met)


def _lock_owner(session: Session, merchant_id: int, owner: int | None, found: Found | None) -> None:
    """An older body may name somebody else than the one whose cart it is now."""
    if owner is not None and (found is None or owner != found.person_id):
        lock_people(session, merchant_id, [owner])


def _refresh_lines(
    session: Session, merchant_id: int, event: CartLinesChanged
) -> tuple[int | None, int | None]:
    """A nameless cart may only refresh a checkout known by its token, and
    that checkout's own news comes with every change: so it is left alone
    where the checkout is as new."""
    lock_people(session, merchant_id, _owners(session, merchant_id, event.token))
    row = session.execute(
        select(carts.c.id, carts.c.person_id, carts.c.platform_at, carts.c.lines_at)
        .where(carts.c.merchant_id == merchant_id, carts.c.token == event.token)
        .order_by(carts.c.activity_at.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None, None
    if event.updated_at > max(row.platform_at, row.lines_at or row.platform_at):
        total = sum(line.price.minor * line.quantity for line in event.lines)
        fresh = {"total_minor": total, "lines_at": event.updated_at}
        session.execute(update(carts).where(carts.c.id == row.id).values(**fresh))
        replace_lines(session, merchant_id, event.lines, cart_id=row.id)
    return row.person_id, row.id


def _owners(session: Session, merchant_id: int, token: str) -> list[int]:
    """Whoever looks at what is known of them must see that it has moved."""
    mine = (carts.c.merchant_id == merchant_id, carts.c.token == token, carts.c.person_id.is_not(None))
    return list(session.execute(select(carts.c.person_id).where(*mine)).scalars())


def _stamp(session: Session, merchant_id: int, event: OrderShipped | OrderDelivered) -> None:
    column = orders.c.shipped_at if isinstance(event, OrderShipped) else orders.c.delivered_at
    session.execute(
        update(orders)
        .where(orders.c.merchant_id == merchant_id, orders.c.ref == event.order_ref, column.is_(None))
        .values({column.name: event.at})
    )


_AGREE = Inserting(consents, lambda row: row.on_conflict_do_nothing())


def _remember_consent(
    session: Session, merchant: Merchant, event: ConsentChanged, found: Found | None
) -> None:
    """Only ever added to; the same act told twice is one row."""
    if found is None or found.email_id is None or event.channel != "email":
        return
    values = {
        "merchant_id": merchant.id,
        "address_id": found.email_id,
        "channel": event.channel,
        "purpose": event.purpose,
        "state": event.state,
        # A date in the future would outlive every later objection.
        "act_at": min(event.at, clock.now(merchant)),
        "source": event.source,
        "text": event.text,
        "recorded_at": clock.now(),
    }
    _AGREE.tell(session, values)
