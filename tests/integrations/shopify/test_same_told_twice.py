"""Told by a webhook or by GraphQL, an order is one order: the engine compares what it hears and reads."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.events import CartUpdated, OrderDelivered, OrderEvent, OrderShipped, ProductUpdated, Stock
from engine.records import digest
from integrations.shopify import graphql_carts, graphql_orders, graphql_products
from integrations.shopify.shop import SHOPIFY
from tests.integrations.recorded import one
from tests.integrations.shopify.reading import SHOP

GOOD: dict[str, Any] = {
    "cancelled_at": None,
    "financial_status": "paid",
    "test": False,
    "checkout_token": "c1f3",
    "cart_token": "Z2Nw",
    "customer_locale": "de-AT",
}
REFUND = {"transactions": [{"kind": "refund", "status": "success", "amount": "75.50"}]}
TAXED = {
    "title": "Mug",
    "variant_title": "Red",
    "quantity": 2,
    "price": "11.90",
    "sku": "MUG",
    "product_id": 632910392,
    "variant_id": 808950810,
    "tax_lines": [{"price": "1.90"}, {"price": "1.90"}],
}


def bag(amount: str | None) -> dict[str, Any] | None:
    """GraphQL leaves out the noughts at the end."""
    if amount is None:
        return None
    shown = amount.rstrip("0") if "." in amount else amount
    return {"shopMoney": {"amount": shown + "0" if shown.endswith(".") else shown, "currencyCode": "USD"}}


def gid(kind: str, number: object) -> dict[str, str] | None:
    return {"id": f"gid://shopify/{kind}/{number}"} if number else None


def zulu(text: str | None) -> str | None:
    """GraphQL writes every time in UTC; all times of the samples are one."""
    assert text in (None, "2021-12-31T19:00:00-05:00")
    return text and "2022-01-01T00:00:00Z"


def address(told: dict[str, Any] | None) -> dict[str, Any] | None:
    return told and {"firstName": told["first_name"], "countryCodeV2": told["country_code"]}


def person(told: dict[str, Any] | None) -> dict[str, Any] | None:
    return told and {
        **(gid("Customer", told["id"]) or {}),
        "firstName": told["first_name"],
        "defaultEmailAddress": {"emailAddress": told["email"]} if told["email"] else None,
        "defaultPhoneNumber": {"phoneNumber": told["phone"]} if told["phone"] else None,
        "defaultAddress": address(told["default_address"]),
    }


def line(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "product": gid("Product", told["product_id"]),
        "variant": gid("ProductVariant", told["variant_id"]),
        "title": told["title"],
        "variantTitle": told["variant_title"],
        "quantity": told["quantity"],
        "sku": told["sku"],
        "originalUnitPriceSet": bag(told["price"]),
        "taxLines": [{"priceSet": bag(tax["price"])} for tax in told["tax_lines"]],
    }


def as_graphql(told: dict[str, Any]) -> dict[str, Any]:
    """The order as the schema would tell it: names, ids, times and sums are written otherwise."""
    given_back = [one["amount"] for refund in told["refunds"] for one in refund["transactions"]]
    return {
        "id": told["admin_graphql_api_id"],
        "name": told["name"],
        "createdAt": zulu(told["created_at"]),
        "processedAt": zulu(told["processed_at"]),
        "updatedAt": zulu(told["updated_at"]),
        "cancelledAt": zulu(told["cancelled_at"]),
        "currencyCode": told["currency"],
        "displayFinancialStatus": told["financial_status"].upper(),
        "test": told["test"],
        "taxesIncluded": told["taxes_included"],
        "email": told["email"],
        "phone": told["phone"],
        "customerLocale": told["customer_locale"],
        "customerAcceptsMarketing": told["buyer_accepts_marketing"],
        "checkoutToken": told["checkout_token"],
        "cartToken": told["cart_token"],
        "discountCodes": [one["code"] for one in told["discount_codes"]],
        "totalPriceSet": bag(told["total_price"]),
        "subtotalPriceSet": bag(told["subtotal_price"]),
        "totalRefundedSet": bag(given_back[0] if given_back else "0.0"),
        "customer": person(told["customer"]),
        "billingAddress": address(told["billing_address"]),
        "shippingAddress": address(told["shipping_address"]),
        "fulfillments": [],
        "lineItems": {"nodes": [line(one) for one in told["line_items"]], "pageInfo": {"hasNextPage": False}},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        GOOD,
        GOOD | {"financial_status": "partially_refunded", "refunds": [REFUND]},
        GOOD | {"taxes_included": True, "line_items": [TAXED], "subtotal_price": "23.80"},
        GOOD | {"discount_codes": [{"code": "COMEBACK"}, {"code": "MORE"}]},
        GOOD | {"phone": "+15551234", "email": None, "contact_email": None},
        GOOD
        | {"email": None, "contact_email": None, "phone": None, "customer": None}
        | {"billing_address": None, "shipping_address": None, "customer_locale": None},
    ],
    ids=["as recorded", "bought", "given back", "taxed", "with codes", "by phone", "all withheld"],
)
def test_the_same_order_is_equal_however_it_is_told(changes: dict[str, Any]) -> None:
    delivery = one("shopify", "orders_updated")
    told = delivery.json() | changes
    heard, *consents = SHOPIFY.read(delivery.topic, json.dumps(told).encode(), SHOP)
    assert isinstance(heard, OrderEvent)
    node = as_graphql(told)
    read = graphql_orders.order(node, node["lineItems"]["nodes"], SHOP)
    assert read == heard.order
    assert digest(read) == digest(heard.order)
    assert graphql_orders.events(node, node["lineItems"]["nodes"], SHOP)[1:] == consents


def test_an_order_is_delivered_when_its_last_parcel_is() -> None:
    node = as_graphql(one("shopify", "orders_updated").json())
    sent, arrived = "2022-01-02T00:00:00Z", "2022-01-05T00:00:00Z"
    parcels = [
        {"status": "SUCCESS", "createdAt": sent, "deliveredAt": arrived},
        {"status": "CANCELLED", "createdAt": sent, "deliveredAt": None},
        {"status": "SUCCESS", "createdAt": arrived, "deliveredAt": None},
    ]
    told = graphql_orders.events(node | {"fulfillments": parcels}, [], SHOP)
    assert [event.at.day for event in told if isinstance(event, OrderShipped)] == [2]
    assert [event for event in told if isinstance(event, OrderDelivered)] == []
    told = graphql_orders.events(node | {"fulfillments": parcels[:2]}, [], SHOP)
    assert [event.at.day for event in told if isinstance(event, OrderDelivered)] == [5]


def test_a_checkout_read_back_is_the_checkout_that_was_heard() -> None:
    """Of the cart's token GraphQL tells nothing; and where both tell of one moment, what was heard stands."""
    delivery = one("shopify", "checkouts_update")
    told = delivery.json()
    (heard,) = SHOPIFY.read(
        delivery.topic, json.dumps(told | {"cart_token": None, "email": None}).encode(), SHOP
    )
    node = {
        "id": "gid://shopify/AbandonedCheckout/1",
        "abandonedCheckoutUrl": told["abandoned_checkout_url"],
        "createdAt": zulu(told["created_at"]),
        "updatedAt": zulu(told["updated_at"]),
        "completedAt": None,
        "totalPriceSet": bag(told["total_price"]),
        "customer": person(told["customer"]),
        "billingAddress": address(told["billing_address"]),
        "shippingAddress": address(told["shipping_address"]),
        "lineItems": {"nodes": [line(one) for one in told["line_items"]]},
    }
    (read,) = graphql_carts.events(node, SHOP)
    assert isinstance(read, CartUpdated)
    assert isinstance(heard, CartUpdated)
    assert read.cart == replace(heard.cart, updated_at=heard.cart.updated_at - timedelta(seconds=1))


def test_a_checkout_of_nobody_we_could_reach_is_not_read_back() -> None:
    node: dict[str, Any] = {
        "id": "gid://shopify/AbandonedCheckout/1",
        "abandonedCheckoutUrl": "https://shop.example/548380009/checkouts/123abc/recover",
        "createdAt": "2022-01-01T00:00:00Z",
        "updatedAt": "2022-01-01T00:00:00Z",
        "completedAt": None,
        "totalPriceSet": bag("1.00"),
        "customer": None,
        "lineItems": {"nodes": []},
    }
    assert graphql_carts.events(node, SHOP) == []


@pytest.mark.parametrize(
    ("link", "token"),
    [
        ("https://shop.example/548380009/checkouts/123abc/recover?key=x", "123abc"),
        ("https://shop.example/548380009/checkouts/ac/Z2NwLWV1:1/recover?key=x&locale=de", "Z2NwLWV1:1"),
        ("https://shop.example/de/548380009/checkouts/123abc/recover", "123abc"),
        ("https://shop.example/cart/1:1", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_the_link_back_names_the_checkout(link: str, token: str | None) -> None:
    assert graphql_carts.token_of(link) == token


@pytest.mark.parametrize(
    ("policy", "tracked", "units", "stock"),
    [
        ("DENY", True, 3, Stock("units", 3)),
        ("DENY", True, 0, Stock("none")),
        ("DENY", True, -2, Stock("none")),
        ("DENY", True, None, Stock("unknown")),
        ("DENY", False, 0, Stock("always")),
        ("CONTINUE", True, 0, Stock("always")),
    ],
)
def test_what_can_be_sold(policy: str, tracked: bool, units: int | None, stock: Stock) -> None:
    variant = {"inventoryPolicy": policy, "inventoryQuantity": units}
    assert graphql_products.stock(variant, tracked) == stock


def test_a_product_read_is_the_product_that_was_heard_with_its_stock() -> None:
    delivery = one("shopify", "products_update")
    told = delivery.json()
    (heard,) = SHOPIFY.read(delivery.topic, delivery.request.body, SHOP)
    assert isinstance(heard, ProductUpdated)
    variants = [
        {
            "id": one["admin_graphql_api_id"],
            "title": one["title"],
            "price": one["price"],
            "sku": one["sku"] or None,
            "inventoryPolicy": one["inventory_policy"].upper(),
            "inventoryQuantity": one["inventory_quantity"],
            "inventoryItem": {"id": "gid://shopify/InventoryItem/0", "tracked": True},
        }
        for one in told["variants"]
    ]
    node = {
        "id": told["admin_graphql_api_id"],
        "title": told["title"],
        "handle": told["handle"],
        "status": "ACTIVE",
        "publishedAt": zulu(told["published_at"]),
        "updatedAt": zulu(told["updated_at"]),
        "productType": told["product_type"],
        "tags": told["tags"].split(", "),
        "featuredMedia": None,
        "variants": {"nodes": variants, "pageInfo": {"hasNextPage": False}},
    }
    assert graphql_products.product(node, SHOP).product == heard.product
