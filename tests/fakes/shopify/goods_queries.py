"""Questions about products, variants, stock and places."""

from graphql import GraphQLError

from tests.fakes.shopify.asking import Asking, number_in
from tests.fakes.shopify.goods_nodes import item_node, level_node, location_node, product_node, variant_node
from tests.fakes.shopify.listing import Args, listed
from tests.fakes.shopify.pages import Node, page
from tests.fakes.shopify.search_fields import ITEM_FIELDS, LOCATION_FIELDS, PRODUCT_FIELDS, VARIANT_FIELDS


def products(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "products",
        list(shop.products.values()),
        args,
        PRODUCT_FIELDS,
        lambda one: product_node(shop, one),
    )


def product(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.products.get(number_in(args["id"], "Product"))
    return product_node(asking.shop, found) if found else None


def variants(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "productVariants",
        list(shop.variants()),
        args,
        VARIANT_FIELDS,
        lambda one: variant_node(shop, one),
    )


def variant(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.variant(number_in(args["id"], "ProductVariant"))
    return variant_node(asking.shop, found) if found else None


def items(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    found = asking.found(
        "inventoryItems",
        list(shop.variants()),
        args,
        ITEM_FIELDS,
        lambda terms: terms | {"id": terms["item_id"]},
    )
    return page(found, args, lambda pair: item_node(shop, pair[0]), lambda pair: (0, pair[0].item))


def item(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.by_item(number_in(args["id"], "InventoryItem"))
    return item_node(asking.shop, found) if found else None


def level(asking: Asking, args: Args) -> Node | None:
    location, _, item = (
        args["id"].removeprefix("gid://shopify/InventoryLevel/").partition("?inventory_item_id=")
    )
    if not (location.isdigit() and item.isdigit()):
        raise GraphQLError(f"Invalid global id '{args['id']}'", extensions={"code": "RESOURCE_NOT_FOUND"})
    found = asking.shop.by_item(int(item))
    if found is None or int(location) not in found.levels:
        return None
    return level_node(asking.shop, found, int(location))


def locations(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    known = [one for one in list(shop.locations.values()) if one.active or args.get("includeInactive")]
    return listed(asking, "locations", known, args, LOCATION_FIELDS, lambda one: location_node(shop, one))


def location(asking: Asking, args: Args) -> Node | None:
    shop = asking.shop
    if args.get("id") is None:
        return location_node(shop, next(iter(shop.locations.values())))
    found = shop.locations.get(number_in(args["id"], "Location"))
    return location_node(shop, found) if found else None
