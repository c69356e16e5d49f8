"""WooCommerce's products, variations and stock, read into our own words."""

from datetime import datetime

from core.events import Event, LookUp, Product, ProductUpdated, Stock, StockChanged, Variant
from core.money import Money
from integrations.payload import Payload
from integrations.woocommerce.dates import utc
from integrations.woocommerce.stock import is_counted_here, is_counted_with_parent, stock

WITH_VARIATIONS = ("variable", "variable-subscription")


def changed(payload: Payload) -> list[Event | LookUp]:
    if payload.text("type") == "variation":
        return _variation(payload)
    if payload.text("type") in WITH_VARIATIONS:
        return _parent(payload)
    return [ProductUpdated(_product(payload, (_only_variant(payload),)))]


def _variation(payload: Payload) -> list[Event | LookUp]:
    """Price and title of a variation are read with its product, whose page it
    shares; where it shares the stock too, only the product knows it."""
    ref, parent = payload.ref("id"), LookUp("product", payload.ref("parent_id"))
    if is_counted_with_parent(payload):
        return [parent]
    return [StockChanged(ref, stock(payload), _updated_at(payload)), parent]


def _parent(payload: Payload) -> list[Event | LookUp]:
    """Its own stock is that of the variations which share it, never a sum."""
    product = ProductUpdated(_product(payload, ()))
    return [product, LookUp("product", product.product.ref)] if is_counted_here(payload) else [product]


def _product(payload: Payload, variants: tuple[Variant, ...]) -> Product:
    images = payload.parts("images")
    categories = payload.parts("categories")
    tags = (one.text_or_none("name") for one in payload.parts("tags"))
    return Product(
        ref=payload.ref("id"),
        title=payload.text_or_none("name") or "",
        updated_at=_updated_at(payload),
        published=payload.text_or_none("status") == "publish",
        variants=variants,
        url=payload.link_or_none("permalink"),
        image_url=images[0].link_or_none("src") if images else None,
        kind=categories[0].text_or_none("name") if categories else None,
        tags=tuple(tag for tag in tags if tag),
        complete=bool(variants),
    )


def _only_variant(payload: Payload) -> Variant:
    """A product without variations is its own only variant; one without a
    price can't be bought."""
    currency = payload.shop.currency
    priced = payload.text_or_none("price") is not None
    return Variant(
        ref=payload.ref("id"),
        title="",
        price=payload.money("price", currency) if priced else Money(0, currency),
        sku=payload.text_or_none("sku"),
        stock=stock(payload) if priced else Stock("none"),
    )


def _updated_at(payload: Payload) -> datetime:
    return utc(payload, "date_modified_gmt", "date_created_gmt")


def stock_moved(payload: Payload) -> list[Event | LookUp]:
    """Sent by orders; the number may be a product's or a variation's. Where
    the hook carried an object, nothing of it is left."""
    moved = payload.numeric_ref_or_none("arg")
    return [LookUp("product", moved)] if moved else []
