"""The questions this Shopify can answer; any other root field answers null or an error."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from tests.fakes.shopify import nodes
from tests.fakes.shopify.asking import ORDERS_VISIBLE, Asking, number_in
from tests.fakes.shopify.discounts import bulk_creation, code_discount_node, discount_node
from tests.fakes.shopify.pages import Node, page
from tests.fakes.shopify.records import BulkCreation, Checkout, Job, Order
from tests.fakes.shopify.search import Kind

Args = dict[str, Any]
Resolver = Callable[[Asking, Args], Any]

ORDER_FIELDS: dict[str, Kind] = {
    "id": "id",
    "name": "text",
    "email": "text",
    "customer_id": "id",
    "checkout_token": "text",
    "cart_token": "text",
    "created_at": "time",
    "processed_at": "time",
    "updated_at": "time",
    "financial_status": "text",
    "fulfillment_status": "text",
    "status": "text",
    "test": "flag",
    "tag": "text",
    "discount_code": "text",
}
CHECKOUT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "created_at": "time",
    "updated_at": "time",
    "status": "text",
    "recovery_state": "text",
    "email_state": "text",
}
CUSTOMER_FIELDS: dict[str, Kind] = {
    "id": "id",
    "email": "words",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "customer_date": "time",
    "updated_at": "time",
    "tag": "text",
}
PRODUCT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "title": "words",
    "handle": "text",
    "status": "text",
    "product_type": "text",
    "vendor": "text",
    "tag": "text",
    "created_at": "time",
    "updated_at": "time",
}
VARIANT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "product_id": "id",
    "product_ids": "text",
    "sku": "text",
    "title": "words",
    "updated_at": "time",
}
ITEM_FIELDS: dict[str, Kind] = {"id": "id", "sku": "text", "updated_at": "time"}
DISCOUNT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "title": "words",
    "code": "text",
    "created_at": "time",
    "updated_at": "time",
    "starts_at": "time",
    "ends_at": "time",
    "method": "text",
    "times_used": "id",
    "type": "text",
    "status": "text",
}
LOCATION_FIELDS: dict[str, Kind] = {"id": "id", "name": "text"}
SUBSCRIPTION_FIELDS: dict[str, Kind] = {"id": "id", "created_at": "time", "updated_at": "time"}
SORTS = {
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "PROCESSED_AT": "processed_at",
    "ORDER_NUMBER": "id",
    "TITLE": "title",
    "NAME": "name",
    "SKU": "sku",
    "STARTS_AT": "starts_at",
    "CHECKOUT_ID": "id",
}


def _listed(
    asking: Asking,
    root: str,
    records: list[Any],
    args: Args,
    fields: dict[str, Kind],
    make: Callable[[Any], Node],
) -> Node:
    found = asking.found(root, records, args, fields)
    sort = SORTS.get(str(args.get("sortKey")), "id")
    return page(
        found, args, lambda pair: make(pair[0]), lambda pair: (pair[1].get(sort) or 0, pair[0].number)
    )


def _counted(asking: Asking, root: str, records: list[Any], args: Args, fields: dict[str, Kind]) -> Node:
    count, limit = len(asking.found(root, records, args, fields)), args.get("limit")
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}


def _visible(asking: Asking) -> list[Order]:
    """Sixty days of orders, or all with read_all_orders."""
    if "read_all_orders" in asking.scopes:
        return list(asking.shop.orders.values())
    since = asking.shop.now() - ORDERS_VISIBLE
    return [one for one in asking.shop.orders.values() if one.created_at >= since]


def _order(asking: Asking, args: Args) -> Node | None:
    number = number_in(args["id"], "Order")
    return next(
        (nodes.order_node(asking.shop, one) for one in _visible(asking) if one.number == number), None
    )


def _orders(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking, "orders", _visible(asking), args, ORDER_FIELDS, lambda one: nodes.order_node(shop, one)
    )


def _abandoned(asking: Asking) -> list[Checkout]:
    """With a way to reach the person, and idle for as long as the shop waits;
    bought ones stay in it as recovered if they were in it before."""
    return [one for one in asking.shop.checkouts.values() if asking.shop.is_abandoned(one)]


def _abandoned_checkouts(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "abandonedCheckouts",
        _abandoned(asking),
        args,
        CHECKOUT_FIELDS,
        lambda one: nodes.checkout_node(shop, one),
    )


def _customers(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "customers",
        list(shop.customers.values()),
        args,
        CUSTOMER_FIELDS,
        lambda one: nodes.customer_node(shop, one),
    )


def _customer(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.customers.get(number_in(args["id"], "Customer"))
    return nodes.customer_node(asking.shop, found) if found else None


def _customer_by(asking: Asking, args: Args) -> Node | None:
    wanted, shop = args["identifier"], asking.shop
    if wanted.get("id"):
        return _customer(asking, wanted)
    for one in shop.customers.values():
        same_email = (
            wanted.get("emailAddress") and (one.email or "").lower() == wanted["emailAddress"].lower()
        )
        if same_email or (wanted.get("phoneNumber") and one.phone == wanted["phoneNumber"]):
            return nodes.customer_node(shop, one)
    return None


def _products(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "products",
        list(shop.products.values()),
        args,
        PRODUCT_FIELDS,
        lambda one: nodes.product_node(shop, one),
    )


def _product(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.products.get(number_in(args["id"], "Product"))
    return nodes.product_node(asking.shop, found) if found else None


def _variants(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "productVariants",
        list(shop.variants()),
        args,
        VARIANT_FIELDS,
        lambda one: nodes.variant_node(shop, one),
    )


def _variant(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.variant(number_in(args["id"], "ProductVariant"))
    return nodes.variant_node(asking.shop, found) if found else None


def _items(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    found = asking.found(
        "inventoryItems",
        list(shop.variants()),
        args,
        ITEM_FIELDS,
        lambda terms: terms | {"id": terms["item_id"]},
    )
    return page(found, args, lambda pair: nodes.item_node(shop, pair[0]), lambda pair: (0, pair[0].item))


def _item(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.by_item(number_in(args["id"], "InventoryItem"))
    return nodes.item_node(asking.shop, found) if found else None


def _level(asking: Asking, args: Args) -> Node | None:
    location, _, item = (
        args["id"].removeprefix("gid://shopify/InventoryLevel/").partition("?inventory_item_id=")
    )
    if not (location.isdigit() and item.isdigit()):
        raise GraphQLError(f"Invalid global id '{args['id']}'", extensions={"code": "RESOURCE_NOT_FOUND"})
    found = asking.shop.by_item(int(item))
    if found is None or int(location) not in found.levels:
        return None
    return nodes.level_node(asking.shop, found, int(location))


def _locations(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    known = [one for one in shop.locations.values() if one.active or args.get("includeInactive")]
    return _listed(
        asking, "locations", known, args, LOCATION_FIELDS, lambda one: nodes.location_node(shop, one)
    )


def _location(asking: Asking, args: Args) -> Node | None:
    shop = asking.shop
    if args.get("id") is None:
        return nodes.location_node(shop, next(iter(shop.locations.values())))
    found = shop.locations.get(number_in(args["id"], "Location"))
    return nodes.location_node(shop, found) if found else None


def _by_code(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.find_code(args["code"])
    return code_discount_node(asking.shop, found[0]) if found else None


def _discount_nodes(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "discountNodes",
        list(shop.discounts.values()),
        args,
        DISCOUNT_FIELDS,
        lambda one: discount_node(shop, one),
    )


def _code_discount_nodes(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return _listed(
        asking,
        "codeDiscountNodes",
        list(shop.discounts.values()),
        args,
        DISCOUNT_FIELDS,
        lambda one: code_discount_node(shop, one),
    )


def _discount(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.discounts.get(number_in(args["id"], "DiscountNode", "DiscountCodeNode"))
    return discount_node(asking.shop, found) if found else None


def _code_discount(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.discounts.get(number_in(args["id"], "DiscountCodeNode"))
    return code_discount_node(asking.shop, found) if found else None


def _bulk(asking: Asking, args: Args) -> Node | None:
    found: BulkCreation | None = asking.shop.bulk.get(number_in(args["id"], "DiscountRedeemCodeBulkCreation"))
    if found is None:
        return None
    asking.shop.advance(found)
    return bulk_creation(asking.shop, found)


def _job(asking: Asking, args: Args) -> Node | None:
    job: Job | None = asking.shop.jobs.get(number_in(args["id"], "Job"))
    if job is None:
        return None
    if not job.done and job.looks <= 0:
        job.work()
        job.done = True
    job.looks -= 1
    return {"__typename": "Job", "id": args["id"], "done": job.done}


def _installation(asking: Asking, args: Args) -> Node:
    return {
        "__typename": "AppInstallation",
        "id": nodes.gid("AppInstallation", asking.shop.profile.number),
        "accessScopes": [{"handle": one, "description": one} for one in sorted(asking.scopes)],
        "activeSubscriptions": [],
        "launchUrl": f"https://{asking.shop.profile.domain}/admin/apps/kontor",
    }


def _subscriptions(asking: Asking, args: Args) -> Node:
    """Only those made through the API; what the app's own file declares is not told."""
    shop = asking.shop
    known = [
        one
        for one in shop.subscriptions.values()
        if (not args.get("topics") or one.topic in args["topics"])
        and (not args.get("uri") or one.uri == args["uri"])
    ]
    return _listed(
        asking,
        "webhookSubscriptions",
        known,
        args,
        SUBSCRIPTION_FIELDS,
        lambda one: nodes.subscription_node(shop, one),
    )


BY_KIND: dict[str, Resolver] = {
    "Order": _order,
    "Customer": _customer,
    "Product": _product,
    "ProductVariant": _variant,
    "InventoryItem": _item,
    "InventoryLevel": _level,
    "Location": _location,
    "DiscountCodeNode": _code_discount,
    "DiscountNode": _discount,
    "DiscountRedeemCodeBulkCreation": _bulk,
    "Job": _job,
}


def _node(asking: Asking, args: Args) -> Node | None:
    kind = args["id"].removeprefix("gid://shopify/").partition("/")[0]
    if kind not in BY_KIND:
        raise GraphQLError(f"Invalid global id '{args['id']}'", extensions={"code": "RESOURCE_NOT_FOUND"})
    found: Node | None = BY_KIND[kind](asking, args)
    return found


QUERIES: dict[str, Resolver] = {
    "shop": lambda asking, args: nodes.shop_node(asking.shop),
    "order": _order,
    "orders": _orders,
    "ordersCount": lambda asking, args: _counted(
        asking, "ordersCount", list(_visible(asking)), args, ORDER_FIELDS
    ),
    "abandonedCheckouts": _abandoned_checkouts,
    "abandonedCheckoutsCount": lambda asking, args: _counted(
        asking, "abandonedCheckoutsCount", list(_abandoned(asking)), args, CHECKOUT_FIELDS
    ),
    "customer": _customer,
    "customers": _customers,
    "customerByIdentifier": _customer_by,
    "product": _product,
    "products": _products,
    "productVariant": _variant,
    "productVariants": _variants,
    "inventoryItem": _item,
    "inventoryItems": _items,
    "inventoryLevel": _level,
    "location": _location,
    "locations": _locations,
    "codeDiscountNode": _code_discount,
    "codeDiscountNodeByCode": _by_code,
    "codeDiscountNodes": _code_discount_nodes,
    "discountNode": _discount,
    "discountNodes": _discount_nodes,
    "discountNodesCount": lambda asking, args: _counted(
        asking, "discountNodesCount", list(asking.shop.discounts.values()), args, DISCOUNT_FIELDS
    ),
    "discountRedeemCodeBulkCreation": _bulk,
    "job": _job,
    "currentAppInstallation": _installation,
    "webhookSubscriptions": _subscriptions,
    "webhookSubscriptionsCount": lambda asking, args: _counted(
        asking,
        "webhookSubscriptionsCount",
        list(asking.shop.subscriptions.values()),
        args,
        SUBSCRIPTION_FIELDS,
    ),
    "node": _node,
    "nodes": lambda asking, args: [_node(asking, {"id": one}) for one in args["ids"]],
}
