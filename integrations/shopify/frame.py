"""Shopify's admin as one whose frame our pages live in."""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from core import clock
from core.errors import NeedsMerchant
from core.http import HttpClient
from core.runtime import Runtime
from integrations.admins import Granted, Unproven, Viewer, Visit
from integrations.live import Tokens
from integrations.roles import Response
from integrations.shopify import admin, oauth
from integrations.shopify.domain import shop_domain
from integrations.shopify.id_token import NotTrusted, bearer, read_id_token
from integrations.shopify.signed_query import signed_callback

PATCH = "/shopify/again"
# When a page was last asked for anew.
ASKED, PATIENCE_SECONDS = "asked-again", 5
CARRIED = ("host", "locale")
# The same as in shopify.app.toml, which counts where Shopify itself shows the grant screen.
SCOPES = (
    "read_customer_events",
    "read_fulfillments",
    "read_inventory",
    "read_orders",
    "read_products",
    "write_app_proxy",
    "write_customers",
    "write_discounts",
    "write_pixels",
)


class ShopifyAdmin:
    """One per process. Without a client id nobody can come from Shopify."""

    key = "shopify"
    title = "Shopify"
    proof_name = "id_token"
    scripts = "https://cdn.shopify.com"

    def __init__(
        self, client: Callable[[], HttpClient], app: oauth.App, app_url: str, listing: str | None = None
    ) -> None:
        self._made_client, self._app, self._app_url = client, app, app_url
        self.listing = listing

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        config = runtime.config
        app = oauth.App(config.shopify_client_id or "", config.shopify_client_secrets)
        return cls(lambda: HttpClient.of(config), app, config.app_url, config.shopify_listing_url)

    @cached_property
    def _client(self) -> HttpClient:
        """Made for the first shop that is called."""
        return self._made_client()

    def viewer(self, visit: Visit) -> Viewer | Unproven | None:
        token = _token(visit)
        if token is None or not self._app.client_id:
            return None
        found = read_id_token(token, self._app.client_id, self._app.secrets, clock.now())
        if isinstance(found, NotTrusted):
            return Unproven("stale" if found.why == "expired" else "worthless")
        return Viewer(found.shop, found.user, token)

    def carried(self, visit: Visit, viewer: Viewer) -> Mapping[str, str]:
        """The shop is the token's, whatever the address says."""
        told = dict(visit.query)
        kept = {name: told[name] for name in CARRIED if told.get(name)}
        if admin.decoded_host(kept.get("host", "")) is None:
            kept["host"] = _host(viewer.shop)
        return {"shop": viewer.shop, "embedded": "1", **kept}

    def again(self, visit: Visit, shop: str | None) -> Response | None:
        if _is_fetch(visit):
            return admin.retry_fetch()
        if visit.method not in ("GET", "HEAD") or not self._app.client_id:
            return None
        told = dict(visit.query)
        named = shop or shop_domain(told.get("shop", ""))
        framed = told.get("embedded") == "1" or visit.headers.get("sec-fetch-dest") == "iframe"
        if named and framed:
            return None if _just_asked(told) else self._patched(visit, named)
        place = admin.place_of(named) if named else admin.decoded_host(told.get("host", ""))
        return self._into_the_admin(place, visit) if place else None

    def _patched(self, visit: Visit, shop: str) -> Response:
        """App Bridge needs to know whose admin it is in, wherever the link came from."""
        told = dict(visit.query)
        known = {"shop": shop, "embedded": "1"}
        if admin.decoded_host(told.get("host", "")) is None:
            known["host"] = _host(shop)
        known[ASKED] = str(int(clock.now().timestamp()))
        kept = [(name, value) for name, value in visit.query if name not in known]
        return admin.patch_redirect(PATCH, self._app_url, visit.path, [*kept, *known.items()])

    def _into_the_admin(self, place: str, visit: Visit) -> Response:
        url = admin.admin_url(place, self._app.client_id, visit.path, visit.query)
        return Response(302, headers={"Location": url, "Cache-Control": "no-store"})

    def tokens(self, viewer: Viewer) -> Tokens | None:
        given = oauth.exchange(self._client, self._app, viewer.shop, viewer.proof)
        return given if isinstance(given, Tokens) else None

    def head(self) -> str:
        return admin.head(self._app.client_id)

    def ancestors(self, shop: str) -> str:
        return admin.frame_ancestors(shop)

    def inside(self, shop: str, path: str) -> str:
        return admin.admin_url(admin.place_of(shop), self._app.client_id, path)

    def patch_page(self, visit: Visit) -> Response:
        return admin.patch_page(self._app.client_id, self._app_url, visit.query)

    def exit_page(self, shop: str, url: str, nonce: str) -> Response:
        return admin.exit_frame_page(self._app.client_id, self._app_url, shop, url, nonce)

    def asked_by(self, visit: Visit) -> str | None:
        told = self._signed(visit)
        return shop_domain(told.get("shop", "")) if told else None

    def grant_url(self, shop: str, state: str, back: str) -> str:
        return oauth.authorize_url(self._app, shop, SCOPES, back, state)

    def granted(self, visit: Visit) -> Granted | None:
        told = self._signed(visit) or {}
        shop = shop_domain(told.get("shop", ""))
        if shop is None or not told.get("code") or not told.get("state"):
            return None
        return Granted(shop, told["state"], told["code"])

    def _signed(self, visit: Visit) -> dict[str, str] | None:
        if not self._app.client_id:
            return None
        return signed_callback(urlencode(visit.query), self._app.secrets, clock.now())

    def redeem(self, granted: Granted) -> Tokens:
        tokens = oauth.redeem(self._client, self._app, granted.shop, granted.code)
        if not _may_do(tokens.scopes) >= _may_do(SCOPES):
            raise NeedsMerchant("the app was granted less than it needs")
        return tokens


def _may_do(scopes: Sequence[str]) -> set[str]:
    """To write implies to read, and Shopify names only the former."""
    return {*scopes, *(f"read_{one.removeprefix('write_')}" for one in scopes if one.startswith("write_"))}


def _token(visit: Visit) -> str | None:
    """A fetch brings it in a header, a page in its address, a form in a field."""
    if visit.headers.get("authorization"):
        return bearer(visit.headers["authorization"])
    return visit.form.get("id_token") or dict(visit.query).get("id_token") or None


def _just_asked(told: Mapping[str, str]) -> bool:
    """A page that was patched this moment and is still no good would be patched for ever."""
    asked = told.get(ASKED, "")
    return asked.isdecimal() and 0 <= clock.now().timestamp() - int(asked[:12]) < PATIENCE_SECONDS


def _is_fetch(visit: Visit) -> bool:
    return "authorization" in visit.headers or visit.headers.get("sec-fetch-dest") == "empty"


def _host(shop: str) -> str:
    return base64.b64encode(admin.place_of(shop).encode()).decode().rstrip("=")
