"""The ID token that App Bridge adds to every page and fetch: who looks at which shop, for a minute."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from integrations.late import LateModule
from integrations.shopify.domain import shop_domain

# Who never opens a page inside the admin needs none of it.
if TYPE_CHECKING:
    from joserfc import errors, jwk, jwt
else:
    errors, jwk, jwt = (LateModule(f"joserfc.{name}") for name in ("errors", "jwk", "jwt"))

LEEWAY_SECONDS = 10
LONGEST = 4096
REQUIRED = ("iss", "dest", "aud", "sub", "exp", "nbf", "iat", "jti")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody signed in to the admin of `shop`; `user` is her number there."""

    shop: str
    user: str


@dataclass(frozen=True, slots=True)
class NotTrusted:
    """No token of ours; "expired" is worth asking the browser for a fresh one."""

    why: Literal["unreadable", "signature", "expired", "claims", "shop"]


def bearer(authorization: str | None) -> str | None:
    """The token in an Authorization header."""
    found = re.fullmatch(r"(?i:bearer) +(\S+)", (authorization or "").strip())
    return found[1] if found else None


def read_id_token(token: str, client_id: str, secrets: Sequence[str], now: datetime) -> Viewer | NotTrusted:
    if len(token) > LONGEST or not token.isascii():
        return NotTrusted("unreadable")
    claims = _signed_claims(token, secrets)
    if claims is None:
        return NotTrusted("signature")
    try:
        _registry(client_id, now).validate(claims)
    except errors.ExpiredTokenError:
        return NotTrusted("expired")
    except (errors.JoseError, ValueError, TypeError):
        return NotTrusted("claims")
    shop = _shop(claims)
    return Viewer(shop, claims["sub"]) if shop else NotTrusted("shop")


def _signed_claims(token: str, secrets: Sequence[str]) -> dict[str, Any] | None:
    """Signed by one of our secrets, of which there are two while they change."""
    for secret in secrets:
        try:
            return jwt.decode(token, jwk.OctKey.import_key(secret), algorithms=["HS256"]).claims
        except (errors.JoseError, ValueError, TypeError, AttributeError, RecursionError):
            continue
    return None


def _registry(client_id: str, now: datetime) -> "jwt.JWTClaimsRegistry":
    options: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    options["aud"] = {"essential": True, "value": client_id}
    return jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_SECONDS, **options)


def _shop(claims: dict[str, Any]) -> str | None:
    """Issuer and destination must be the admin and the shop of one name."""
    issuer, destination = claims["iss"], claims["dest"]
    if not isinstance(issuer, str) or not isinstance(destination, str):
        return None
    shop = shop_domain(destination.removeprefix("https://"))
    agree = destination == f"https://{shop}" and issuer == f"https://{shop}/admin"
    return shop if shop and agree else None
