"""Webhook bodies of orders, refunds and parcels."""

import copy
from decimal import Decimal

from tests.fakes.shopify.bodies import address_of, codes_of, of_buyer, of_line
from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid, status_link
from tests.fakes.shopify.records import (
    Fulfillment,
    Line,
    Order,
    Refund,
)
from tests.fakes.shopify.shapes import Body, money, priced, shape_of, written


def order(shop: Memory, one: Order) -> Body:
    body = shape_of("orders_create")
    line_shape = body["line_items"][0]
    priced(shop, body, _amounts(one))
    return (
        body
        | of_buyer(shop, one)
        | {
            "id": one.number,
            "admin_graphql_api_id": gid("Order", one.number),
            "name": one.name,
            "number": int(one.name.lstrip("#")) - 1000,
            "order_number": int(one.name.lstrip("#")),
            "token": one.key,
            "order_status_url": status_link(shop, one),
            "checkout_token": one.checkout_token,
            "cart_token": one.cart_token,
            "contact_email": one.email,
            "confirmed": True,
            "test": one.test,
            "tags": ", ".join(one.tags),
            "processed_at": written(shop, one.processed_at),
            "cancelled_at": written(shop, one.cancelled_at),
            "cancel_reason": one.cancel_reason.lower() if one.cancel_reason else None,
            "closed_at": written(shop, one.closed_at),
            "financial_status": one.financial.lower(),
            "fulfillment_status": "fulfilled" if one.fulfillment == "FULFILLED" else None,
            "discount_codes": codes_of(one),
            "discount_applications": [],
            "shipping_lines": [],
            "fulfillments": [],
            "refunds": [refund(shop, one, made) for made in one.refunds],
            "line_items": [_order_line(shop, copy.deepcopy(line_shape), line) for line in one.lines],
        }
    )


def _amounts(one: Order) -> dict[str, Decimal]:
    goods = sum((line.total for line in one.lines), Decimal(0))
    totals = dict.fromkeys(("total_price", "current_total_price"), one.total)
    subtotals = dict.fromkeys(("subtotal_price", "current_subtotal_price"), one.subtotal)
    discounts = dict.fromkeys(("total_discounts", "current_total_discounts"), one.discount)
    shipping = dict.fromkeys(("total_shipping_price", "current_shipping_price"), one.shipping)
    paid = one.financial != "PENDING"
    rest = {"total_line_items_price": goods, "total_outstanding": Decimal(0) if paid else one.total}
    return totals | subtotals | discounts | shipping | rest


def _order_line(shop: Memory, shape: Body, line: Line) -> Body:
    priced(shop, shape, {"price": line.price, "total_discount": Decimal(0)})
    name = f"{line.title} - {line.variant_title}"
    own = {"id": line.number, "admin_graphql_api_id": gid("LineItem", line.number), "name": name}
    counted = {"current_quantity": line.quantity, "fulfillable_quantity": line.quantity}
    return (
        shape | of_line(line) | own | counted | {"variant_title": line.variant_title, "attributed_staffs": []}
    )


def refund(shop: Memory, one: Order, made: Refund) -> Body:
    body = shape_of("refunds_create")
    transaction = body["transactions"][0] | {
        "id": made.number,
        "order_id": one.number,
        "kind": "refund",
        "status": "success",
        "amount": money(made.amount),
        "currency": shop.profile.currency,
        "created_at": written(shop, made.created_at),
        "processed_at": written(shop, made.created_at),
        "test": one.test,
    }
    return body | {
        "id": made.number,
        "admin_graphql_api_id": gid("Refund", made.number),
        "order_id": one.number,
        "created_at": written(shop, made.created_at),
        "processed_at": written(shop, made.created_at),
        "note": None,
        "refund_line_items": [],
        "transactions": [transaction],
    }


def fulfillment(shop: Memory, one: Order, made: Fulfillment) -> Body:
    body = shape_of("fulfillments_create")
    shape = body["line_items"][0]
    return body | {
        "id": made.number,
        "admin_graphql_api_id": gid("Fulfillment", made.number),
        "order_id": one.number,
        "status": made.status.lower(),
        "created_at": written(shop, made.created_at),
        "updated_at": written(shop, made.updated_at),
        "email": one.email,
        "name": f"{one.name}.1",
        "destination": address_of(one),
        "line_items": [_order_line(shop, copy.deepcopy(shape), line) for line in one.lines],
    }


def fulfillment_event(shop: Memory, one: Order, made: Fulfillment) -> Body:
    number, status, at = made.events[-1]
    return shape_of("fulfillment_events_create") | {
        "id": number,
        "admin_graphql_api_id": gid("FulfillmentEvent", number),
        "fulfillment_id": made.number,
        "order_id": one.number,
        "shop_id": shop.profile.number,
        "status": status.lower(),
        "message": None,
        "happened_at": written(shop, at),
        "created_at": written(shop, at),
        "updated_at": written(shop, at),
    }
