"""WooCommerce's products, variations and stock, read into our own words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.events import Event, LookUp, Product, ProductUpdated, Stock, StockChanged, Variant
from core.money import Money
from integrations.payload import Payload
from integrations.woocommerce.dates import utc
from integrations.woocommerce.stock import (
    is_counted_here,
    is_counted_with_parent,
    own_or_shared_stock,
    stock,
)

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


def whole(payload: Payload, variations: Sequence[Payload]) -> ProductUpdated:
    """A product read together with its variations. It was read after the body
    of the same second, which may lack the variations: so it is the newer one."""
    if payload.text("type") not in WITH_VARIATIONS:
        return ProductUpdated(_product(payload, (_only_variant(payload),)))
    at = max(_updated_at(one) for one in (payload, *variations)) + timedelta(microseconds=1)
    variants = tuple(_variant(one) for one in variations if is_on_sale(one))
    return ProductUpdated(replace(_product(payload, variants), updated_at=at, complete=True))


def is_on_sale(payload: Payload) -> bool:
    """A variation that is switched off is "private"."""
    return payload.text_or_none("status") == "publish"


def levels(payload: Payload, variations: Sequence[Payload], at: datetime) -> list[StockChanged]:
    """What can be sold of each variant, as read at a moment: an import that
    writes past WooCommerce moves no date of modification."""
    if payload.text("type") not in WITH_VARIATIONS:
        return [StockChanged(payload.ref("id"), sellable(payload), at)]
    return [StockChanged(one.ref("id"), sellable(one), at) for one in variations if is_on_sale(one)]


def sellable(payload: Payload) -> Stock:
    """What has no price can't be bought."""
    priced = payload.text_or_none("price") is not None
    return own_or_shared_stock(payload) if priced else Stock("none")


def _variant(variation: Payload) -> Variant:
    currency = variation.shop.currency
    priced = variation.text_or_none("price") is not None
    options = (one.text_or_none("option") for one in variation.parts("attributes"))
    return Variant(
        ref=variation.ref("id"),
        title=", ".join(option for option in options if option),
        price=variation.money("price", currency) if priced else Money(0, currency),
        sku=variation.text_or_none("sku"),
        stock=sellable(variation),
    )


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
