"""Reads captured WooCommerce bodies as the store they came from."""

from typing import Any

from core.events import Event, LookUp
from integrations.roles import ShopIdentity
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.integrations.recorded import edited, one

SHOP = ShopIdentity("https://shop.example", None, "EUR")


def read(name: str, **changes: Any) -> list[Event | LookUp]:
    delivery = one("woocommerce", name)
    body = edited(delivery, **changes) if changes else delivery.request.body
    return WOOCOMMERCE.read(delivery.topic, body, SHOP)
