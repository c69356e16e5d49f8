"""A shop at a Shopify that knows the real schema, and what tests ask of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.events import LookUp, LookUpKind, Order, OrderEvent
from core.http import HttpClient, Reply
from integrations.roles import Access, Buyer, ShopIdentity
from integrations.shopify.live import ShopifyLive
from integrations.shopify.shop import SHOPIFY
from tests.fakes.shopify import Shop

LONG_AGO = datetime.now(UTC) - timedelta(days=1)
ANA = "ana@example.test"
SCOPES = (
    "read_fulfillments",
    "read_inventory",
    "read_orders",
    "read_products",
    "write_customers",
    "write_discounts",
    "write_pixels",
)


class ToFake(HttpClient):
    """Shops are at port 443; the fake is where it found room."""

    port = 0

    def send(self, method: str, url: str, **more: Any) -> Reply:
        return super().send(method, url.replace(".myshopify.com/", f".myshopify.com:{self.port}/"), **more)


def identity_of(shop: Shop) -> ShopIdentity:
    return ShopIdentity(shop.domain, str(shop.memory.profile.number), shop.memory.profile.currency)


def buyer(**known: str | None) -> Buyer:
    nothing = {"email": None, "customer_ref": None, "cart_ref": None, "cart_token": None}
    return Buyer(LONG_AGO, **nothing | known)


def heard(shop: Shop, topic: str) -> Order:
    """The order as the last webhook of this topic told it."""
    sent = next(one for one in reversed(shop.hooks.sent) if one.topic == topic)
    event = SHOPIFY.read(topic, sent.body, identity_of(shop))[0]
    assert isinstance(event, OrderEvent)
    return event.order


def looked_up(live: ShopifyLive, access: Access, kind: LookUpKind, ref: object) -> list[Any] | None:
    wanted = LookUp(kind, str(ref))
    found = live.look_up(access, [wanted])
    assert found.keys() <= {wanted}
    return list(found[wanted]) if wanted in found else None
