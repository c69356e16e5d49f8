"""WooCommerce's webhook door: each store has an address and a secret of its own."""

import hashlib
import re
from collections.abc import Sequence

from integrations.roles import Envelope, Request
from integrations.signature import demand_signature

SIGNATURE = "x-wc-webhook-signature"
LONGEST_TOPIC = 200
OWN = "kontor."


def identify(request: Request) -> str | None:
    return request.address if re.fullmatch(r"[A-Za-z0-9_-]{1,100}", request.address) else None


def is_ping(request: Request) -> bool:
    """The greeting sent while a webhook is being made: a form, not signed."""
    return SIGNATURE not in request.headers and bool(re.fullmatch(rb"webhook_id=\d{1,20}", request.body))


def verify(request: Request, secrets: Sequence[str]) -> None:
    demand_signature(request.body, request.headers.get(SIGNATURE), secrets)


def envelope(request: Request) -> Envelope:
    claimed = request.headers.get("x-wc-webhook-topic", "").strip().lower()
    topic = claimed if re.fullmatch(r"[a-z0-9_.-]+", claimed) and len(claimed) <= LONGEST_TOPIC else ""
    return Envelope(topic, _dedupe(request, topic), topic.startswith("order."))


def _dedupe(request: Request, topic: str) -> str:
    """The delivery id is shared by all deliveries of one second, so it tells
    them apart only together with the body. Our own plugin's bodies differ."""
    names = () if topic.startswith(OWN) else ("x-wc-webhook-id", "x-wc-webhook-delivery-id")
    parts = [request.headers.get(name, "") for name in names]
    told = "\n".join([*parts, topic, ""]).encode(errors="replace")
    return hashlib.sha256(told + request.body).hexdigest()
