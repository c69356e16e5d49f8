"""Carts and lines: written when the news is newer than what is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.events import Cart, Line
from core.models.tables import carts, lines
from core.vault import Vault
from engine.built import Inserting
from engine.identity import Found, fingerprint

_ADD = Inserting(
    carts, lambda row: row.on_conflict_do_nothing(index_elements=["merchant_id", "ref"]).returning(carts.c.id)
)


def remember_cart(
    session: Session, vault: Vault, merchant_id: int, cart: Cart, found: Found | None, mark: str
) -> tuple[int, int | None]:
    """Write the cart unless newer news of it is known; its row's number and
    whose it is, which an older body does not change."""
    values = _values(vault, merchant_id, cart, found) | {"digest": mark}
    row = values | {"merchant_id": merchant_id, "ref": cart.ref, "created_at": clock.now()}
    for (made,) in _ADD.rows(session, row):
        add_lines(session, merchant_id, cart.lines, cart_id=made)
        return int(made), values["person_id"]
    return _refresh(session, merchant_id, cart, values)


def is_news(at: datetime, mark: str, known_at: datetime, known_mark: str) -> bool:
    """Newer wins; of two bodies of one moment always the same one wins."""
    return (at, mark) > (known_at, known_mark)


def replace_lines(
    session: Session,
    merchant_id: int,
    wanted: Sequence[Line],
    *,
    cart_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """Make the lines of one cart or order what `wanted` says."""
    owner = lines.c.cart_id == cart_id if cart_id is not None else lines.c.order_id == order_id
    session.execute(delete(lines).where(lines.c.merchant_id == merchant_id, owner))
    add_lines(session, merchant_id, wanted, cart_id=cart_id, order_id=order_id)


_ADD_LINES = Inserting(lines, lambda row: row)


def add_lines(
    session: Session,
    merchant_id: int,
    wanted: Sequence[Line],
    *,
    cart_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """The lines of a cart or order that has none yet."""
    rows = [
        {
            "merchant_id": merchant_id,
            "cart_id": cart_id,
            "order_id": order_id,
            "position": position,
            "product_ref": line.product_ref,
            "variant_ref": line.variant_ref,
            "title": line.title,
            "variant_title": line.variant_title,
            "sku": line.sku,
            "quantity": line.quantity,
            "price_minor": line.price.minor,
            "image_url": line.image_url,
            "url": line.url,
        }
        for position, line in enumerate(wanted)
    ]
    _ADD_LINES.tell(session, *rows)


def _refresh(
    session: Session, merchant_id: int, cart: Cart, values: dict[str, Any]
) -> tuple[int, int | None]:
    """The newest body counts in all it says, also for when the cart began."""
    row = session.execute(
        select(carts.c.id, carts.c.platform_at, carts.c.digest, carts.c.person_id)
        .where(carts.c.merchant_id == merchant_id, carts.c.ref == cart.ref)
        .with_for_update()
    ).one()
    if not is_news(cart.updated_at, values["digest"], row.platform_at, row.digest):
        return int(row.id), row.person_id
    kept = {} if values["person_id"] else {"person_id": row.person_id}
    session.execute(update(carts).where(carts.c.id == row.id).values(**values | kept))
    replace_lines(session, merchant_id, cart.lines, cart_id=row.id)
    return int(row.id), values["person_id"] or row.person_id


def _values(vault: Vault, merchant_id: int, cart: Cart, found: Found | None) -> dict[str, Any]:
    sealed = vault.seal(cart.url, f"cart:{merchant_id}:{cart.ref}:url") if cart.url else None
    phone = cart.contact.phone
    return {
        "person_id": found.person_id if found else None,
        "address_id": found.email_id if found else None,
        "token": cart.token,
        "phone_fingerprint": fingerprint(vault, merchant_id, "phone", phone) if phone else None,
        "kind": cart.kind,
        "currency": cart.total.currency,
        "total_minor": cart.total.minor,
        "url": sealed,
        "locale": cart.contact.locale,
        "started_at": cart.started_at,
        "activity_at": cart.activity_at,
        "platform_at": cart.updated_at,
        "completed_at": cart.completed_at,
        "lines_at": None,
        "test": cart.test,
    }
