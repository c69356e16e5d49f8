"""Products and stock told by GraphQL; unlike a webhook it says whether a variant is counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.events import Event, ProductUpdated, Stock, StockChanged, Variant
from integrations.roles import ShopIdentity
from integrations.shopify import products
from integrations.shopify.nodes import Node, number, payload, ref

TOPIC = "graphql/product"
# Unlisted ones are found by their link alone, and can be bought.
ON_SALE = ("ACTIVE", "UNLISTED")


def stock(variant: Node, tracked: bool) -> Stock:
    """What can be sold: the number is Shopify's own sum over all active locations."""
    if not tracked or variant["inventoryPolicy"] == "CONTINUE":
        return Stock("always")
    units = variant["inventoryQuantity"]
    if units is None:
        return Stock("unknown")
    return Stock("units", units) if units > 0 else Stock("none")


def on_sale(variant: Node) -> bool:
    return variant["product"]["status"] in ON_SALE


def product(node: Node, shop: ShopIdentity) -> ProductUpdated:
    told = products.product(payload(TOPIC, _as_webhook(node), shop))
    known = {
        number(one["id"]): stock(one, one["inventoryItem"]["tracked"]) for one in node["variants"]["nodes"]
    }
    counted: tuple[Variant, ...] = tuple(replace(v, stock=known[v.ref]) for v in told.variants)
    complete = not node["variants"]["pageInfo"]["hasNextPage"]
    return ProductUpdated(replace(told, variants=counted, complete=complete))


def events(node: Node, shop: ShopIdentity) -> list[Event]:
    return [product(node, shop)]


def of_item(node: Node, at: datetime) -> Iterator[Event]:
    """The stock of whatever is sold from this item of the store room."""
    for variant in node["variants"]["nodes"]:
        yield StockChanged(number(variant["id"]), stock(variant, node["tracked"]), at)


def _as_webhook(node: Node) -> dict[str, Any]:
    image = (node["featuredMedia"] or {}).get("image") or {}
    return {
        "id": number(node["id"]),
        "title": node["title"],
        "handle": node["handle"],
        "status": node["status"].lower(),
        "published_at": node["publishedAt"],
        "updated_at": node["updatedAt"],
        "product_type": node["productType"],
        "tags": ", ".join(node["tags"]),
        "image": {"src": image.get("url")},
        "variants": [_variant(one) for one in node["variants"]["nodes"]],
    }


def _variant(node: Node) -> dict[str, Any]:
    return {
        "id": number(node["id"]),
        "title": node["title"],
        "price": str(node["price"]),
        "sku": node["sku"],
        "inventory_policy": node["inventoryPolicy"].lower(),
        "inventory_quantity": node["inventoryQuantity"],
        "inventory_item_id": ref(node["inventoryItem"]),
    }
