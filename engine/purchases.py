"""Orders: remembered, and credited to the message whose click they followed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.events import Order
from core.models import Merchant
from core.models.tables import clicks, discount_codes, effects, orders
from core.vault import Vault
from engine.baskets import add_lines, is_news, replace_lines
from engine.built import BuiltOnce
from engine.identity import Found, fingerprint

CREDIT = timedelta(days=5)


_ADD = BuiltOnce(
    lambda session: (
        insert(orders, session)
        .on_conflict_do_nothing(index_elements=["merchant_id", "ref"])
        .returning(orders.c.id)
    )
)


def remember_order(
    session: Session,
    vault: Vault,
    merchant: Merchant,
    order: Order,
    found: Found | None,
    mark: str,
    heard: bool = True,
) -> None:
    """Write the order unless newer news of it is known; `heard` says that a
    webhook told it."""
    person_id = found.person_id if found else None
    values = _values(vault, merchant.id, order) | {"digest": mark} | _buyer(found)
    row = values | {"merchant_id": merchant.id, "ref": order.ref, "created_at": clock.now(), "heard": heard}
    made = session.connection().execute(_ADD(session), row).scalar_one_or_none()
    order_id = made or _refresh(session, merchant.id, order, values)
    if made is not None:
        add_lines(session, merchant.id, order.lines, order_id=made)
    if person_id is not None and order.bought:
        _credit(session, merchant.id, order_id, order, person_id)
    _mark_codes_used(session, merchant.id, order)


def _buyer(found: Found | None) -> dict[str, int]:
    """Who bought, as far as this body names anybody."""
    named = {"person_id": found.person_id, "address_id": found.email_id} if found else {}
    return {name: value for name, value in named.items() if value is not None}


def _refresh(session: Session, merchant_id: int, order: Order, values: dict[str, Any]) -> int:
    row = session.execute(
        select(orders.c.id, orders.c.platform_at, orders.c.digest)
        .where(orders.c.merchant_id == merchant_id, orders.c.ref == order.ref)
        .with_for_update()
    ).one()
    if is_news(order.updated_at, values["digest"], row.platform_at, row.digest):
        session.execute(update(orders).where(orders.c.id == row.id).values(**values))
        replace_lines(session, merchant_id, order.lines, order_id=row.id)
    return int(row.id)


def _values(vault: Vault, merchant_id: int, order: Order) -> dict[str, Any]:
    phone = order.contact.phone
    return {
        "name": order.name,
        "cart_ref": order.cart_ref,
        "cart_token": order.cart_token,
        "phone_fingerprint": fingerprint(vault, merchant_id, "phone", phone) if phone else None,
        "currency": order.total.currency,
        "total_minor": order.total.minor,
        "net_minor": order.net.minor,
        "refunded_minor": order.refunded.minor if order.refunded else 0,
        "bought": order.bought,
        "test": order.test,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "cancelled_at": order.cancelled_at,
        "discount_codes": list(order.discount_codes),
        "platform_at": order.updated_at,
    }


def _credit(session: Session, merchant_id: int, order_id: int, order: Order, person_id: int) -> None:
    """The last counted click within five days before the order gets it."""
    last = session.execute(
        select(clicks.c.effect_id)
        .join(effects, effects.c.id == clicks.c.effect_id)
        .where(
            effects.c.merchant_id == merchant_id,
            effects.c.person_id == person_id,
            clicks.c.counted.is_(True),
            clicks.c.at <= order.placed_at,
            clicks.c.at >= order.placed_at - CREDIT,
        )
        .order_by(clicks.c.at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if last is not None:
        session.execute(
            update(orders)
            .where(orders.c.id == order_id, orders.c.clicked_effect_id.is_(None))
            .values(clicked_effect_id=last)
        )


def _mark_codes_used(session: Session, merchant_id: int, order: Order) -> None:
    """Ours are in capitals; some platforms write every code small."""
    if order.discount_codes and order.bought:
        session.execute(
            update(discount_codes)
            .where(
                discount_codes.c.merchant_id == merchant_id,
                discount_codes.c.code.in_([code.upper() for code in order.discount_codes]),
                discount_codes.c.used_at.is_(None),
            )
            .values(used_at=order.placed_at)
        )
