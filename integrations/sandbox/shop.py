"""The sandbox shop as a Shop: who knocks, who signed, what it says."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from core.config import Config
from core.errors import WebhookRejected
from core.events import Cart, Event, LookUp
from integrations.roles import Envelope, Request, ShopIdentity
from integrations.sandbox.reader import read
from integrations.sandbox.sign import DELIVERY, SIGNATURE, TOPIC, signature


class SandboxShop:
    """Knocks like a real shop: signed, at a random address of its own."""

    key = "sandbox"

    def identify(self, request: Request) -> str | None:
        return request.address or None

    def app_secrets(self, config: Config) -> tuple[str, ...]:
        return ()

    def is_ping(self, request: Request) -> bool:
        return False

    def verify(self, request: Request, secrets: Sequence[str]) -> None:
        given = request.headers.get(SIGNATURE.lower(), "").encode(errors="replace")
        matches = [hmac.compare_digest(given, signature(request.body, secret).encode()) for secret in secrets]
        if not any(matches):
            raise WebhookRejected(401, "the signature does not fit the body")

    def envelope(self, request: Request) -> Envelope:
        topic = request.headers.get(TOPIC.lower(), "")[:100]
        seen = (
            "\n".join((request.headers.get(DELIVERY.lower(), ""), topic)).encode(errors="replace")
            + b"\n"
            + request.body
        )
        return Envelope(topic, hashlib.sha256(seen).hexdigest(), topic.startswith("order."))

    def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
        return read(topic, body)

    def cart_link(self, cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
        return cart.url

    def product_link(self, url: str | None, variant_ref: str, shop: ShopIdentity) -> str | None:
        return url


SANDBOX = SandboxShop()
