"""Questions about orders, abandoned checkouts and customers."""

from tests.fakes.shopify.asking import ORDERS_VISIBLE, Asking, number_in
from tests.fakes.shopify.buying_nodes import checkout_node, order_node
from tests.fakes.shopify.listing import Args, listed
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.people_nodes import customer_node
from tests.fakes.shopify.records import Checkout, Order
from tests.fakes.shopify.search_fields import CHECKOUT_FIELDS, CUSTOMER_FIELDS, ORDER_FIELDS


def visible(asking: Asking) -> list[Order]:
    """Sixty days of orders, or all with read_all_orders."""
    if "read_all_orders" in asking.scopes:
        return list(asking.shop.orders.values())
    since = asking.shop.now() - ORDERS_VISIBLE
    return [one for one in list(asking.shop.orders.values()) if one.created_at >= since]


def order(asking: Asking, args: Args) -> Node | None:
    number = number_in(args["id"], "Order")
    return next((order_node(asking.shop, one) for one in visible(asking) if one.number == number), None)


def orders(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(asking, "orders", visible(asking), args, ORDER_FIELDS, lambda one: order_node(shop, one))


def abandoned(asking: Asking) -> list[Checkout]:
    """With a way to reach the person, and idle for as long as the shop waits;
    bought ones stay in it as recovered if they were in it before."""
    return [one for one in list(asking.shop.checkouts.values()) if asking.shop.is_abandoned(one)]


def abandoned_checkouts(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "abandonedCheckouts",
        abandoned(asking),
        args,
        CHECKOUT_FIELDS,
        lambda one: checkout_node(shop, one),
    )


def checkout(asking: Asking, args: Args) -> Node | None:
    number = number_in(args["id"], "AbandonedCheckout")
    return next((checkout_node(asking.shop, one) for one in abandoned(asking) if one.number == number), None)


def customers(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "customers",
        list(shop.customers.values()),
        args,
        CUSTOMER_FIELDS,
        lambda one: customer_node(shop, one),
    )


def customer(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.customers.get(number_in(args["id"], "Customer"))
    return customer_node(asking.shop, found) if found else None


def customer_by(asking: Asking, args: Args) -> Node | None:
    wanted, shop = args["identifier"], asking.shop
    if wanted.get("id"):
        return customer(asking, wanted)
    for one in list(shop.customers.values()):
        same_email = (
            wanted.get("emailAddress") and (one.email or "").lower() == wanted["emailAddress"].lower()
        )
        if same_email or (wanted.get("phoneNumber") and one.phone == wanted["phoneNumber"]):
            return customer_node(shop, one)
    return None
