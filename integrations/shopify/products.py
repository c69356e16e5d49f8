"""Shopify's products, variants and stock, read into our own words."""

from core.events import Event, LookUp, Product, ProductUpdated, Stock, StockChanged, Variant
from integrations.payload import Payload


def changed(payload: Payload) -> list[Event | LookUp]:
    return [ProductUpdated(product(payload))]


def product(payload: Payload) -> Product:
    variants = tuple(_variant(one, payload.shop.currency) for one in payload.parts("variants"))
    handle = payload.text_or_none("handle")
    image = payload.part_or_none("image")
    return Product(
        ref=payload.ref("id"),
        title=payload.text("title"),
        updated_at=payload.time("updated_at"),
        published=_published(payload),
        variants=variants,
        url=f"https://{payload.shop.domain}/products/{handle}" if handle else None,
        image_url=image.link_or_none("src") if image else None,
        kind=payload.text_or_none("product_type"),
        tags=_tags(payload),
        complete=len(payload.parts("variant_gids")) <= len(variants),
    )


def _published(payload: Payload) -> bool:
    return payload.text_or_none("status") == "active" and payload.time_or_none("published_at") is not None


def _tags(payload: Payload) -> tuple[str, ...]:
    tags = (tag.strip() for tag in (payload.text_or_none("tags") or "").split(","))
    return tuple(tag for tag in tags if tag)


def _variant(payload: Payload, currency: str) -> Variant:
    return Variant(
        ref=payload.ref("id"),
        title=payload.text_or_none("title") or "",
        price=payload.money("price", currency),
        sku=payload.text_or_none("sku"),
        stock=_stock(payload),
        item_ref=payload.ref_or_none("inventory_item_id"),
    )


def _stock(payload: Payload) -> Stock | None:
    """Nothing on the shelf says nothing here: the body does not tell whether
    the variant is counted at all."""
    if payload.text_or_none("inventory_policy") == "continue":
        return Stock("always")
    units = payload.whole_or_none("inventory_quantity")
    return Stock("units", units) if units is not None and units > 0 else None


def in_stock(payload: Payload) -> list[Event | LookUp]:
    return [StockChanged(payload.ref("id"), _stock(payload) or Stock("unknown"), payload.time("updated_at"))]


def out_of_stock(payload: Payload) -> list[Event | LookUp]:
    oversold = payload.text_or_none("inventory_policy") == "continue"
    stock = Stock("always" if oversold else "none")
    return [StockChanged(payload.ref("id"), stock, payload.time("updated_at"))]


def deleted(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("product", payload.ref("id"))]


def level_hint(payload: Payload) -> list[Event | LookUp]:
    """One location's level without its variant: the sum must be asked for."""
    return [LookUp("inventory_item", payload.ref("inventory_item_id"))]


def item_hint(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("inventory_item", payload.ref("id"))]
