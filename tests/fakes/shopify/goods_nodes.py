"""Products, variants, stock and places in the words of the schema."""

from datetime import datetime
from typing import Any

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import base, gid, when
from tests.fakes.shopify.pages import Node, page, simple
from tests.fakes.shopify.records import (
    Location,
    Product,
    Variant,
)


def location_node(shop: Memory, location: Location) -> Node:
    return base("Location", location) | {
        "name": location.name,
        "isActive": location.active,
        "fulfillsOnlineOrders": location.active,
        "shipsInventory": location.active,
    }


def product_node(shop: Memory, product: Product) -> Node:
    image = image_of(product)
    return base("Product", product) | {
        "title": product.title,
        "handle": product.handle,
        "productType": product.kind,
        "vendor": product.vendor,
        "status": product.status,
        "tags": list(product.tags),
        "publishedAt": when(product.published_at),
        "onlineStoreUrl": f"https://{shop.profile.domain}/products/{product.handle}"
        if product.published_at
        else None,
        "featuredImage": image,
        "featuredMedia": {"__typename": "MediaImage", "image": image} if image else None,
        "totalInventory": sum(shop.available(one) for one in product.variants),
        "tracksInventory": any(one.tracked for one in product.variants),
        "variantsCount": {"count": len(product.variants), "precision": "EXACT"},
        "variants": lambda args: page(
            product.variants,
            args,
            lambda one: variant_node(shop, one),
            lambda one: (one.position, one.number),
        ),
    }


def image_of(product: Product) -> Node | None:
    if product.image_url is None:
        return None
    return {"url": lambda args: product.image_url, "altText": product.title}


def variant_node(shop: Memory, variant: Variant) -> Node:
    sellable = variant.oversell or not variant.tracked or shop.available(variant) > 0
    return base("ProductVariant", variant) | {
        "title": variant.title,
        "displayName": f"{variant.product.title} - {variant.title}",
        "price": f"{variant.price:.2f}",
        "sku": variant.sku,
        "position": variant.position,
        "inventoryPolicy": "CONTINUE" if variant.oversell else "DENY",
        "inventoryQuantity": shop.available(variant),
        "sellableOnlineQuantity": shop.available(variant),
        "availableForSale": sellable,
        "image": lambda args: image_of(variant.product),
        "product": lambda args: product_node(shop, variant.product),
        "inventoryItem": lambda args: item_node(shop, variant),
    }


def item_node(shop: Memory, variant: Variant) -> Node:
    return base("InventoryItem", variant) | {
        "id": gid("InventoryItem", variant.item),
        "legacyResourceId": str(variant.item),
        "sku": variant.sku,
        "tracked": variant.tracked,
        "requiresShipping": True,
        "duplicateSkuCount": 0,
        "locationsCount": {"count": len(variant.levels), "precision": "EXACT"},
        "variant": lambda args: variant_node(shop, variant),
        "variants": lambda args: simple([variant_node(shop, variant)], args),
        "inventoryLevel": lambda args: _level_at(shop, variant, args["locationId"]),
        "inventoryLevels": lambda args: simple(_levels(shop, variant, args), args),
    }


def _levels(shop: Memory, variant: Variant, args: dict[str, Any]) -> list[Node]:
    wanted = [one for one in variant.levels if args.get("includeInactive") or shop.locations[one].active]
    return [level_node(shop, variant, one) for one in sorted(wanted)]


def _level_at(shop: Memory, variant: Variant, location: str) -> Node | None:
    number = int(location.rsplit("/", 1)[-1])
    return level_node(shop, variant, number) if number in variant.levels else None


def level_node(shop: Memory, variant: Variant, location: int) -> Node:
    changed = variant.levels_changed.get(location, variant.updated_at)
    return {
        "__typename": "InventoryLevel",
        "id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={variant.item}",
        "isActive": shop.locations[location].active,
        "createdAt": when(variant.created_at),
        "updatedAt": when(changed),
        "item": lambda args: item_node(shop, variant),
        "location": lambda args: location_node(shop, shop.locations[location]),
        "quantities": lambda args: [
            _quantity(name, variant.levels[location], changed) for name in args["names"] if name in QUANTITIES
        ],
    }


QUANTITIES = (
    "available",
    "on_hand",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "safety_stock",
    "quality_control",
)


def _quantity(name: str, available: int, changed: datetime) -> Node:
    return {
        "__typename": "InventoryQuantity",
        "id": f"gid://shopify/InventoryQuantity/{name}",
        "name": name,
        "quantity": available if name in {"available", "on_hand"} else 0,
        "updatedAt": when(changed),
    }
