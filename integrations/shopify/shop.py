"""Shopify as a shop: its door and its reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.config import Config
from core.events import Cart, Event, LookUp
from integrations.payload import Payload
from integrations.roles import Envelope, LiveShop, Request, ShopIdentity
from integrations.shopify import webhooks
from integrations.shopify.topics import READERS
from integrations.shopify.trust import names_this_shop


class ShopifyShop:
    key = "shopify"
    live: LiveShop | None = None

    def identify(self, request: Request) -> str | None:
        return webhooks.identify(request)

    def app_secrets(self, config: Config) -> tuple[str, ...]:
        return config.shopify_client_secrets

    def is_ping(self, request: Request) -> bool:
        return False

    def verify(self, request: Request, secrets: Sequence[str]) -> None:
        webhooks.verify(request, secrets)

    def envelope(self, request: Request) -> Envelope:
        return webhooks.envelope(request)

    def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
        reader = READERS.get(topic)
        if reader is None:
            return []
        payload = Payload.load(topic, body, shop)
        proven = names_this_shop(payload)
        return [_marked(item, proven) for item in reader(payload)]

    def cart_link(self, cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
        return cart.url

    def product_link(self, url: str | None, variant_ref: str, shop: ShopIdentity) -> str | None:
        """A theme shows the variant that `variant` names (Shopify: Liquid objects, `variant.url`)."""
        return None if url is None else f"{url}{'&' if '?' in url else '?'}variant={variant_ref}"


def _marked(item: Event | LookUp, proven: bool) -> Event | LookUp:
    """No reader can forget it: what names no shop leaves here as not proven."""
    return item if proven or isinstance(item, LookUp) else replace(item, proven=False)


SHOPIFY = ShopifyShop()
