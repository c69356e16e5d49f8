"""WooCommerce as a shop: its door, its reader and the way back to a cart."""

from collections.abc import Mapping, Sequence

from core.config import Config
from core.events import Cart, Event, LookUp
from integrations.payload import Payload
from integrations.roles import Envelope, LiveShop, Request, ShopIdentity
from integrations.woocommerce import hints, links, webhooks
from integrations.woocommerce.topics import READERS


class WooCommerceShop:
    key = "woocommerce"
    live: LiveShop | None = None

    def identify(self, request: Request) -> str | None:
        return webhooks.identify(request)

    def app_secrets(self, config: Config) -> tuple[str, ...]:
        return ()

    def is_ping(self, request: Request) -> bool:
        return webhooks.is_ping(request)

    def verify(self, request: Request, secrets: Sequence[str]) -> None:
        webhooks.verify(request, secrets)

    def envelope(self, request: Request) -> Envelope:
        return webhooks.envelope(request)

    def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
        reader = READERS.get(topic)
        if reader is None:
            return []
        payload = Payload.load(topic, body, shop)
        return hints.read(payload) if hints.is_hint(payload) else reader(payload)

    def cart_link(self, cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
        return links.to_cart(cart, shop, meta)

    def product_link(self, url: str | None, variant_ref: str, shop: ShopIdentity) -> str | None:
        """Which variation is shown is told by its attributes, not by its number."""
        return url


WOOCOMMERCE = WooCommerceShop()
