"""Abandoned checkouts told by GraphQL, retold as a webhook tells them.

Shopify names them by no token here; the link back to the checkout holds it.
Nor does it tell the address that was typed, only a known customer's.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from core.events import CartUpdated, Event, LookUp
from integrations.roles import ShopIdentity
from integrations.shopify import carts
from integrations.shopify.nodes import Node, address, line, money, number, payload, person

TOPIC = "graphql/checkout"
# A webhook of the same moment tells more, and must not be overwritten by this.
LESS_THAN_HEARD = timedelta(seconds=1)


def events(node: Node, shop: ShopIdentity) -> list[Event | LookUp]:
    """Empty where the link names no checkout, for it could join nothing we
    know, and where nobody can be reached, lest an address once heard be lost."""
    token = token_of(node["abandonedCheckoutUrl"])
    if token is None:
        return []
    cart = carts.cart(payload(TOPIC, _as_webhook(node, token), shop))
    if cart.contact.email is None:
        return []
    return [CartUpdated(replace(cart, updated_at=cart.updated_at - LESS_THAN_HEARD))]


def token_of(link: str) -> str | None:
    """The name of the checkout in /1/checkouts/NAME/recover, which some links
    write after a short word for the kind of cart."""
    try:
        path = urlsplit(link).path
    except ValueError:
        return None
    found = re.search(r"/checkouts/(?:[a-z]{2}/)?([\w:.-]{3,200})/recover$", path)
    return found[1] if found else None


def _as_webhook(node: Node, token: str) -> dict[str, Any]:
    total = node["totalPriceSet"]
    customer = node.get("customer") or {}
    return {
        "id": number(node["id"]),
        "token": token,
        "abandoned_checkout_url": node["abandonedCheckoutUrl"],
        "created_at": node["createdAt"],
        "updated_at": node["updatedAt"],
        "completed_at": node["completedAt"],
        "currency": total["shopMoney"]["currencyCode"],
        "total_price": money(total),
        "customer_locale": customer.get("locale"),
        "customer": person(node.get("customer")),
        "billing_address": address(node.get("billingAddress")),
        "shipping_address": address(node.get("shippingAddress")),
        "line_items": [line(one) for one in node["lineItems"]["nodes"]],
    }
