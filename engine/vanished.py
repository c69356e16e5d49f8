"""What is no longer in the shop: trashed or deleted, which few webhooks tell.

An order that is gone is no sale; whoever placed it has bought all the same. A
product that is gone can't be sold.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.events import LookUp
from core.models import Merchant
from core.models.tables import orders, products, variants
from engine.machine import Machine
from integrations.live import ConnectedShop
from integrations.roles import Access

# A platform may show an app no older orders than those of 60 days: an older one only looks gone.
ORDERS_OF = timedelta(days=55)
MOST_PRODUCTS = 5000
AT_ONCE = 100


def find(machine: Machine, merchant_id: int, live: ConnectedShop, access: Access) -> int:
    """Ask the shop which of the orders and products we know it has no more;
    how many are gone."""
    count = 0
    for kind, refs in _known(machine, merchant_id).items():
        for start in range(0, len(refs), AT_ONCE):
            gone = live.gone(access, kind, refs[start : start + AT_ONCE])  # type: ignore[arg-type]
            with transaction(machine.db) as session:
                merchant = session.get_one(Merchant, merchant_id)
                for ref in gone:
                    vanish(session, merchant, LookUp(kind, ref))  # type: ignore[arg-type]
            count += len(gone)
    return count


def vanish(session: Session, merchant: Merchant, what: LookUp) -> None:
    """The shop has said that it has no such thing."""
    if what.kind == "order":
        mine = (orders.c.merchant_id == merchant.id, orders.c.ref == what.ref)
        ended = func.coalesce(orders.c.cancelled_at, clock.now(merchant))
        session.execute(update(orders).where(*mine).values(cancelled_at=ended, bought=False))
    if what.kind in ("product", "variant"):
        session.execute(
            update(variants).where(*_of(merchant.id, what)).values(stock_kind="none", stock_units=None)
        )


def _of(merchant_id: int, what: LookUp) -> tuple[Any, ...]:
    product = select(products.c.id).where(products.c.merchant_id == merchant_id, products.c.ref == what.ref)
    named = variants.c.ref == what.ref if what.kind == "variant" else variants.c.product_id.in_(product)
    return variants.c.merchant_id == merchant_id, named


def _known(machine: Machine, merchant_id: int) -> dict[str, Sequence[str]]:
    mine = orders.c.merchant_id == merchant_id
    recent = select(orders.c.ref).where(
        mine, orders.c.placed_at > clock.now() - ORDERS_OF, orders.c.cancelled_at.is_(None)
    )
    sold = or_(variants.c.stock_kind.is_(None), variants.c.stock_kind != "none")
    listed = (
        select(products.c.ref)
        .join(variants, variants.c.product_id == products.c.id)
        .where(products.c.merchant_id == merchant_id, sold)
        .distinct()
        .limit(MOST_PRODUCTS)
    )
    with reading(machine.db) as session:
        return {
            "order": list(session.execute(recent).scalars()),
            "product": list(session.execute(listed).scalars()),
        }
