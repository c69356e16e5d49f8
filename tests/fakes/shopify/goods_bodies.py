"""Webhook bodies of products, variants and stock."""

from collections.abc import Iterable

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid
from tests.fakes.shopify.records import (
    Product,
    Variant,
)
from tests.fakes.shopify.shapes import Body, milli, money, shape_of, written


def product(shop: Memory, one: Product) -> Body:
    variants = one.variants[:100]
    image = {"id": one.number, "product_id": one.number, "src": one.image_url} if one.image_url else None
    return shape_of("products_update") | {
        "id": one.number,
        "admin_graphql_api_id": gid("Product", one.number),
        "title": one.title,
        "handle": one.handle,
        "product_type": one.kind,
        "vendor": one.vendor,
        "status": one.status.lower(),
        "tags": ", ".join(one.tags),
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
        "published_at": written(shop, one.published_at),
        "image": image,
        "images": [image] if image else [],
        "variants": [_product_variant(shop, variant) for variant in variants],
        "variant_gids": list(_gids(one.variants)),
    }


def _gids(variants: Iterable[Variant]) -> Iterable[Body]:
    for one in variants:
        named = gid("ProductVariant", one.number)
        yield {"admin_graphql_api_id": named, "updated_at": milli(one.updated_at)}


def _product_variant(shop: Memory, one: Variant) -> Body:
    shape: Body = shape_of("products_update")["variants"][0]
    return shape | _of_variant(shop, one) | {"inventory_item_id": one.item}


def _of_variant(shop: Memory, one: Variant, before: int | None = None) -> Body:
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("ProductVariant", one.number),
        "product_id": one.product.number,
        "title": one.title,
        "option1": one.title,
        "price": money(one.price),
        "compare_at_price": None,
        "sku": one.sku,
        "position": one.position,
        "inventory_policy": "continue" if one.oversell else "deny",
        "inventory_quantity": shop.available(one),
        "old_inventory_quantity": shop.available(one) if before is None else before,
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
    }


def variant(shop: Memory, one: Variant, before: int) -> Body:
    return shape_of("variants_in_stock") | _of_variant(shop, one, before)


def level(shop: Memory, one: Variant, location: int) -> Body:
    """One location, and no word on the variant."""
    return shape_of("inventory_levels_update") | {
        "inventory_item_id": one.item,
        "location_id": location,
        "available": one.levels[location],
        "updated_at": written(shop, one.levels_changed[location]),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={one.item}",
    }
