"""The questions this Shopify can answer; any other root field answers null or an error."""

from graphql import GraphQLError

from tests.fakes.shopify import buying_queries, discount_queries, goods_queries, nodes
from tests.fakes.shopify.asking import Asking
from tests.fakes.shopify.listing import Args, Resolver, counted, listed
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.search_fields import (
    CHECKOUT_FIELDS,
    DISCOUNT_FIELDS,
    ORDER_FIELDS,
    SUBSCRIPTION_FIELDS,
)


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
        for one in list(shop.subscriptions.values())
        if (not args.get("topics") or one.topic in args["topics"])
        and (not args.get("uri") or one.uri == args["uri"])
    ]
    return listed(
        asking,
        "webhookSubscriptions",
        known,
        args,
        SUBSCRIPTION_FIELDS,
        lambda one: nodes.subscription_node(shop, one),
    )


BY_KIND: dict[str, Resolver] = {
    "AbandonedCheckout": buying_queries.checkout,
    "Order": buying_queries.order,
    "Customer": buying_queries.customer,
    "Product": goods_queries.product,
    "ProductVariant": goods_queries.variant,
    "InventoryItem": goods_queries.item,
    "InventoryLevel": goods_queries.level,
    "Location": goods_queries.location,
    "DiscountCodeNode": discount_queries.code_discount,
    "DiscountNode": discount_queries.discount,
    "DiscountRedeemCodeBulkCreation": discount_queries.bulk,
    "Job": discount_queries.job,
}


def _node(asking: Asking, args: Args) -> Node | None:
    kind = args["id"].removeprefix("gid://shopify/").partition("/")[0]
    if kind not in BY_KIND:
        raise GraphQLError(f"Invalid global id '{args['id']}'", extensions={"code": "RESOURCE_NOT_FOUND"})
    found: Node | None = BY_KIND[kind](asking, args)
    return found


QUERIES: dict[str, Resolver] = {
    "shop": lambda asking, args: nodes.shop_node(asking.shop),
    "order": buying_queries.order,
    "orders": buying_queries.orders,
    "ordersCount": lambda asking, args: counted(
        asking, "ordersCount", list(buying_queries.visible(asking)), args, ORDER_FIELDS
    ),
    "abandonedCheckouts": buying_queries.abandoned_checkouts,
    "abandonedCheckoutsCount": lambda asking, args: counted(
        asking, "abandonedCheckoutsCount", list(buying_queries.abandoned(asking)), args, CHECKOUT_FIELDS
    ),
    "customer": buying_queries.customer,
    "customers": buying_queries.customers,
    "customerByIdentifier": buying_queries.customer_by,
    "product": goods_queries.product,
    "products": goods_queries.products,
    "productVariant": goods_queries.variant,
    "productVariants": goods_queries.variants,
    "inventoryItem": goods_queries.item,
    "inventoryItems": goods_queries.items,
    "inventoryLevel": goods_queries.level,
    "location": goods_queries.location,
    "locations": goods_queries.locations,
    "codeDiscountNode": discount_queries.code_discount,
    "codeDiscountNodeByCode": discount_queries.by_code,
    "codeDiscountNodes": discount_queries.code_discount_nodes,
    "discountNode": discount_queries.discount,
    "discountNodes": discount_queries.discount_nodes,
    "discountNodesCount": lambda asking, args: counted(
        asking, "discountNodesCount", list(asking.shop.discounts.values()), args, DISCOUNT_FIELDS
    ),
    "discountRedeemCodeBulkCreation": discount_queries.bulk,
    "job": discount_queries.job,
    "currentAppInstallation": _installation,
    "webPixel": lambda asking, args: nodes.pixel_node(asking.shop),
    "webhookSubscriptions": _subscriptions,
    "webhookSubscriptionsCount": lambda asking, args: counted(
        asking,
        "webhookSubscriptionsCount",
        list(asking.shop.subscriptions.values()),
        args,
        SUBSCRIPTION_FIELDS,
    ),
    "node": _node,
    "nodes": lambda asking, args: [_node(asking, {"id": one}) for one in args["ids"]],
}
