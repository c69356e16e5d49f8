"""Orders told by GraphQL, retold as a webhook tells them and read by the same reader.

Both ways must end in the very same order: the engine compares what it heard
with what it reads back.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from core.events import Event, LookUp, Order, OrderDelivered, OrderShipped, OrderUpdated
from integrations.roles import ShopIdentity
from integrations.shopify import orders
from integrations.shopify.nodes import Node, address, line, money, number, payload, person

TOPIC = "graphql/order"
_updated = orders.reader(OrderUpdated)


def order(node: Node, lines: Sequence[Node], shop: ShopIdentity) -> Order:
    """`lines` are all of the order's, which may be more than the node holds."""
    return orders.order(payload(TOPIC, as_webhook(node, lines), shop))


def events(node: Node, lines: Sequence[Node], shop: ShopIdentity) -> list[Event | LookUp]:
    """The order, the consent given with it, and what became of its parcels."""
    return [*_updated(payload(TOPIC, as_webhook(node, lines), shop)), *_parcels(node, shop)]


def as_webhook(node: Node, lines: Sequence[Node]) -> dict[str, Any]:
    given_back = money(node["totalRefundedSet"])
    return {
        "id": number(node["id"]),
        "name": node["name"],
        "created_at": node["createdAt"],
        "processed_at": node["processedAt"],
        "updated_at": node["updatedAt"],
        "cancelled_at": node["cancelledAt"],
        "currency": node["currencyCode"],
        "financial_status": (node["displayFinancialStatus"] or "").lower(),
        "test": node["test"],
        "taxes_included": node["taxesIncluded"],
        "email": node.get("email"),
        "phone": node.get("phone"),
        "customer_locale": node["customerLocale"],
        "buyer_accepts_marketing": node["customerAcceptsMarketing"],
        "checkout_token": node["checkoutToken"],
        "cart_token": node["cartToken"],
        "discount_codes": [{"code": code} for code in node["discountCodes"]],
        "total_price": money(node["totalPriceSet"]),
        "subtotal_price": money(node["subtotalPriceSet"]),
        "refunds": _refunds(given_back),
        "customer": person(node.get("customer")),
        "billing_address": address(node.get("billingAddress")),
        "shipping_address": address(node.get("shippingAddress")),
        "line_items": [line(one) for one in lines],
    }


def _refunds(given_back: str | None) -> list[dict[str, Any]]:
    if given_back is None or Decimal(given_back) == 0:
        return []
    return [{"transactions": [{"kind": "refund", "status": "success", "amount": given_back}]}]


def _parcels(node: Node, shop: ShopIdentity) -> Iterator[Event]:
    """An order counts as delivered when the last of its parcels is."""
    ref = number(node["id"])
    sent = [payload(TOPIC, parcel, shop) for parcel in node["fulfillments"] if parcel["status"] == "SUCCESS"]
    if sent:
        yield OrderShipped(ref, min(parcel.time("createdAt") for parcel in sent))
    arrivals = [parcel.time_or_none("deliveredAt") for parcel in sent]
    arrived = [at for at in arrivals if at is not None]
    if arrived and len(arrived) == len(sent):
        yield OrderDelivered(ref, max(arrived))
