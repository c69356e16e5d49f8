"""Reads recorded Shopify bodies as the shop they were made for."""

from typing import Any

from core.events import Event, LookUp
from integrations.roles import ShopIdentity
from integrations.shopify.shop import SHOPIFY
from tests.integrations.recorded import edited, one

# The shop's number stands in the links of the samples; the name is ours.
SHOP = ShopIdentity("jsmith.myshopify.com", "548380009", "USD")
# The privacy samples carry this placeholder as they were published.
PLACEHOLDER = ShopIdentity("{shop}.myshopify.com", "954889", "USD")


def read(name: str, shop: ShopIdentity = SHOP, **changes: Any) -> list[Event | LookUp]:
    delivery = one("shopify", name)
    body = edited(delivery, **changes) if changes else delivery.request.body
    return SHOPIFY.read(delivery.topic, body, shop)
