"""ID tokens as App Bridge gets them, made and checked by hand so that no library of the app's is trusted."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from datetime import datetime
from typing import Any

ALIVE_SECONDS = 60
LEEWAY_SECONDS = 10


def mint(shop: str, client_id: str, secret: str, at: datetime, **claims: Any) -> str:
    """`claims` replace single claims; one given as None is left out."""
    issued = int(at.timestamp())
    told = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": client_id,
        "sub": "42",
        "exp": issued + ALIVE_SECONDS,
        "nbf": issued,
        "iat": issued,
        "jti": str(uuid.uuid4()),
        "sid": secrets.token_hex(32),
        "sig": secrets.token_hex(32),
    }
    given = {key: value for key, value in (told | claims).items() if value is not None}
    unsigned = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(given)}"
    return f"{unsigned}.{_signature(unsigned, secret)}"


def holds(token: object, shop: str, client_id: str, secret: str, at: datetime) -> bool:
    """What Shopify's token endpoint makes sure of before it exchanges one."""
    claims = _claims(token, secret)
    if claims is None:
        return False
    now = at.timestamp()
    fresh = claims.get("nbf", now) - LEEWAY_SECONDS <= now < claims.get("exp", 0) + LEEWAY_SECONDS
    return fresh and claims.get("aud") == client_id and claims.get("dest") == f"https://{shop}"


def _claims(token: object, secret: str) -> dict[str, Any] | None:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3 or not token.__str__().isascii():
        return None
    unsigned = f"{parts[0]}.{parts[1]}"
    if not hmac.compare_digest(_signature(unsigned, secret), parts[2]):
        return None
    try:
        header, claims = (json.loads(_unpacked(part)) for part in parts[:2])
    except ValueError:
        return None
    return claims if header.get("alg") == "HS256" and isinstance(claims, dict) else None


def _packed(told: dict[str, Any]) -> str:
    return _base64(json.dumps(told, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signature(unsigned: str, secret: str) -> str:
    return _base64(hmac.new(secret.encode(), unsigned.encode(), hashlib.sha256).digest())
