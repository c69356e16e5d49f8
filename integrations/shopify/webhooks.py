"""Shopify's webhook door: which shop knocks, whether Shopify signed it, what it is about."""

import hashlib
from collections.abc import Sequence

from integrations.roles import Envelope, Request
from integrations.signature import demand_signature

LONGEST_HEADER = 100


def identify(request: Request) -> str | None:
    """The shop's domain. The header is not signed: it only says where to look."""
    # With it comes all of Shopify's library, which a worker, who hears no webhook, need not hold.
    from shopify.utils.shop_url import sanitize_shop_domain

    claimed = request.headers.get("x-shopify-shop-domain", "").lower()
    try:
        domain: str | None = sanitize_shop_domain(claimed)
    except ValueError:  # What is no address at all, such as an open bracket.
        return None
    return domain if domain == claimed else None


def verify(request: Request, secrets: Sequence[str]) -> None:
    demand_signature(request.body, request.headers.get("x-shopify-hmac-sha256"), secrets)


def envelope(request: Request) -> Envelope:
    topic = _short(request, "x-shopify-topic").lower()
    about_orders = topic.startswith(("orders/", "refunds/"))
    return Envelope(
        topic, _short(request, "x-shopify-webhook-id") or _digest(topic, request.body), about_orders
    )


def _short(request: Request, name: str) -> str:
    """A header's value; what no real delivery has counts as absent."""
    value = request.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER else ""


def _digest(topic: str, body: bytes) -> str:
    return hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()
