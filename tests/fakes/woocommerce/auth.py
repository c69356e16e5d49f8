"""Who calls the REST API: a key stands for the WordPress user who approved it."""

import base64
import binascii
import hmac
from dataclasses import dataclass

from tests.fakes.woocommerce.messages import Request, RestError
from tests.fakes.woocommerce.records import Key, Memory, User
from tests.fakes.woocommerce.site import Site

READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Caller:
    """Nobody, or a user; `user` is None as well where the user was deleted."""

    user: User | None = None
    key: Key | None = None

    @property
    def manages(self) -> bool:
        return self.user is not None and self.user.manages

    def demand(self, code: str, message: str) -> None:
        """403 for somebody without the right, 401 for nobody."""
        if not self.manages:
            raise RestError(401 if self.user is None else 403, f"woocommerce_rest_{code}", message)


def identify(site: Site, memory: Memory, request: Request, under_wp_json: bool) -> Caller:
    """A wrong secret is an error at once; an unknown key is simply nobody."""
    if not site.is_ssl or not under_wp_json:
        return Caller()
    name, secret = _credentials(request, site.strips_authorization)
    key = next((one for one in memory.keys.values() if one.consumer_key == name), None)
    if key is None or not secret:
        return Caller()
    if not hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
        raise RestError(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")
    return Caller(memory.users.get(key.user_id), key)


def check_permissions(caller: Caller, method: str) -> None:
    """A key of the wrong kind is answered with 401, not 403; asked before the route is."""
    wanted = "read" if method in READING else "write"
    if caller.key is not None and caller.user is not None and wanted not in caller.key.permissions:
        message = f"The API key provided does not have {wanted} permissions."
        raise RestError(401, "woocommerce_rest_authentication_error", message)


def _credentials(request: Request, stripped: bool) -> tuple[str, str]:
    """Those in the query come first."""
    name, secret = request.value("consumer_key"), request.value("consumer_secret")
    if name and secret:
        return name, secret
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if stripped or scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
