"""Tokens of who looks from a store's admin: signed by our plugin, or by ourselves for the page after it."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc import errors, jwk, jwt

from core import clock
from integrations.admins import Unproven

LONGEST = 4096
LEEWAY_SECONDS = 10
LASTS_AT_MOST = 120
REQUIRED = ("iss", "aud", "sub", "exp", "iat", "jti")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: whom it is about, and its own name."""

    user: str
    id: str


def frame_key(secret: str) -> str:
    """The plugin signs who looks with another key than what it reports."""
    return hmac.digest(secret.encode(), b"frame", hashlib.sha256).hex()


def issuer(token: str) -> str:
    """Whose it claims to be, which is yet to be proven; "" where it says nothing."""
    return _claimed(token, "iss")


def audience(token: str) -> str:
    """For whom it claims to be."""
    return _claimed(token, "aud")


def _claimed(token: str, name: str) -> str:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST or not token.isascii():
        return ""
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    value = said.get(name) if isinstance(said, dict) else None
    return value if isinstance(value, str) else ""


def sign(claims: dict[str, Any], key: str, lasts: timedelta) -> str:
    now = int(clock.now().timestamp())
    told = {**claims, "iat": now, "exp": now + int(lasts.total_seconds())}
    return jwt.encode({"alg": "HS256"}, told, jwk.OctKey.import_key(key))


def read(token: str, key: str, by: str, to: str) -> Claims | Unproven:
    """Of the worthless ones those that were good a moment ago are "stale": worth asking for anew."""
    try:
        claims = jwt.decode(token, jwk.OctKey.import_key(key), algorithms=["HS256"]).claims
    except (errors.JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return Unproven("worthless")
    try:
        _registry(by, to).validate(claims)
    except errors.ExpiredTokenError:
        return Unproven("stale")
    except (errors.JoseError, ValueError, TypeError):
        return Unproven("worthless")
    told = [claims[name] for name in ("sub", "jti")]
    if not all(isinstance(one, str) and 0 < len(one) <= 100 for one in told):
        return Unproven("worthless")
    return Claims(*told) if _is_brief(claims) else Unproven("worthless")


def _registry(by: str, to: str) -> jwt.JWTClaimsRegistry:
    options: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    options["iss"] = {"essential": True, "value": by}
    options["aud"] = {"essential": True, "value": to}
    return jwt.JWTClaimsRegistry(now=int(clock.now().timestamp()), leeway=LEEWAY_SECONDS, **options)


def _is_brief(claims: dict[str, Any]) -> bool:
    """A proof that was made to last is none."""
    begun, ends = claims["iat"], claims["exp"]
    return isinstance(begun, int) and isinstance(ends, int) and 0 < ends - begun <= LASTS_AT_MOST
