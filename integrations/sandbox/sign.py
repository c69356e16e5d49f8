"""Deliveries as the sandbox shop makes them: signed over the raw body, each with an id of its own."""

import hashlib
import hmac
import secrets

SIGNATURE = "X-Sandbox-Signature"
TOPIC = "X-Sandbox-Topic"
DELIVERY = "X-Sandbox-Delivery"


def sign(body: bytes, secret: str, topic: str, **ids: str) -> dict[str, str]:
    """The headers of a delivery; `ids` may give delivery_id, else it is fresh."""
    return {
        "Content-Type": "application/json",
        TOPIC: topic,
        DELIVERY: ids.get("delivery_id") or secrets.token_hex(16),
        SIGNATURE: signature(body, secret),
    }


def signature(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
