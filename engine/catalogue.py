"""Products, variants and their stock, as last heard."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core.db import insert
from core.events import Product, Stock, Variant
from core.models.tables import products, variants
from engine.baskets import is_news


def remember_product(session: Session, merchant_id: int, product: Product, mark: str) -> None:
    """Write the product and its variants unless newer news is known."""
    values = _values(product) | {"digest": mark}
    made = session.execute(
        insert(products, session)
        .values(merchant_id=merchant_id, ref=product.ref, **values)
        .on_conflict_do_nothing(index_elements=["merchant_id", "ref"])
        .returning(products.c.id)
    ).scalar_one_or_none()
    row = session.execute(
        select(products.c.id, products.c.platform_at, products.c.digest)
        .where(products.c.merchant_id == merchant_id, products.c.ref == product.ref)
        .with_for_update()
    ).one()
    if made is None:
        if not is_news(product.updated_at, mark, row.platform_at, row.digest):
            return
        session.execute(update(products).where(products.c.id == row.id).values(**values))
    for variant in sorted(product.variants, key=lambda v: v.ref):
        _remember_variant(session, merchant_id, row.id, variant, product.updated_at)
    if product.complete:
        _miss_others(session, merchant_id, row.id, product)


def remember_stock(session: Session, merchant_id: int, variant_ref: str, stock: Stock, at: datetime) -> None:
    """The newest stock of a variant that is already known; of two of one
    moment the smaller wins, for nobody is promised what may be gone."""
    same_but_less = (variants.c.stock_at == at) & (variants.c.stock_units > (stock.units or 0))
    session.execute(
        update(variants)
        .where(
            variants.c.merchant_id == merchant_id,
            variants.c.ref == variant_ref,
            or_(variants.c.stock_at.is_(None), variants.c.stock_at < at, same_but_less),
        )
        .values(stock_kind=stock.kind, stock_units=stock.units, stock_at=at)
    )


def _remember_variant(
    session: Session, merchant_id: int, product_id: int, variant: Variant, at: datetime
) -> None:
    values: dict[str, Any] = {
        "product_id": product_id,
        "item_ref": variant.item_ref,
        "title": variant.title,
        "sku": variant.sku,
        "price_minor": variant.price.minor,
        "currency": variant.price.currency,
        "gone_at": None,
    }
    row = insert(variants, session).values(merchant_id=merchant_id, ref=variant.ref, **values)
    session.execute(row.on_conflict_do_update(index_elements=["merchant_id", "ref"], set_=values))
    if variant.stock is not None:
        remember_stock(session, merchant_id, variant.ref, variant.stock, at)


def _miss_others(session: Session, merchant_id: int, product_id: int, product: Product) -> None:
    """A variant that its product no longer has is gone."""
    named = [variant.ref for variant in product.variants]
    theirs = (variants.c.merchant_id == merchant_id, variants.c.product_id == product_id)
    missing = (variants.c.ref.not_in(named), variants.c.gone_at.is_(None))
    session.execute(update(variants).where(*theirs, *missing).values(gone_at=product.updated_at))


def _values(product: Product) -> dict[str, Any]:
    return {
        "title": product.title,
        "url": product.url,
        "image_url": product.image_url,
        "kind": product.kind,
        "tags": list(product.tags),
        "published": product.published,
        "platform_at": product.updated_at,
    }
