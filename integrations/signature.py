"""The signature both big platforms put on a webhook: base64 of HMAC-SHA256 over the raw body."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from core.errors import WebhookRejected


def signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def demand_signature(body: bytes, given: str | None, secrets: Sequence[str]) -> None:
    """Raises WebhookRejected(401) unless one of the secrets signed the body.

    Every secret is tried, so that the time taken does not tell which one fits.
    """
    claimed = (given or "").encode(errors="replace")
    fits = [hmac.compare_digest(signature(body, secret).encode(), claimed) for secret in secrets]
    if not any(fits):
        raise WebhookRejected(401, "no known secret signed this body")
