"""Living inside Shopify's admin: where a page is, what its head holds, how the frame is left."""

import base64
import json
import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode, urlsplit

from integrations.roles import Response
from integrations.shopify.domain import shop_domain

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
ADMIN = "admin.shopify.com"
# What Shopify adds to an address for one page load; a link of ours carries none of it.
SHOPIFYS_OWN = frozenset(
    {
        "appLoadId",
        "embedded",
        "hmac",
        "host",
        "id_token",
        "locale",
        "protocol",
        "session",
        "shop",
        "shopify-reload",
        "timestamp",
    }
)
RETRY = "X-Shopify-Retry-Invalid-Session-Request"
REAUTHORIZE = "X-Shopify-API-Request-Failure-Reauthorize"
NO_FRAME = "frame-ancestors 'none'"

Pairs = Sequence[tuple[str, str]]


def decoded_host(host: str) -> str | None:
    """The place in the admin that `host` names, without scheme; None if it is no admin's."""
    try:
        place = base64.b64decode(host + "=" * (-len(host) % 4), validate=True).decode("ascii")
    except ValueError:
        return None
    in_admin = re.fullmatch(r"admin\.shopify\.com/store/[a-z0-9][a-z0-9-]*", place)
    shop, _, rest = place.partition("/")
    return place if in_admin or (shop_domain(shop) == shop and rest == "admin") else None


def admin_url(place: str, client_id: str, path: str, query: Pairs = ()) -> str:
    """Our page as it is opened inside the admin; `place` is a decoded host."""
    kept = urlencode(own_parameters(query))
    own = path if is_own_path(path) else "/"
    return f"https://{place}/apps/{client_id}{own}" + (f"?{kept}" if kept else "")


def place_of(shop: str) -> str:
    """Where a shop's admin is when no `host` says so."""
    return f"{ADMIN}/store/{shop.removesuffix('.myshopify.com')}"


def own_parameters(query: Pairs) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query if name not in SHOPIFYS_OWN]


def is_own_path(target: str) -> bool:
    """A path on our own host and nowhere else, however a browser may read it."""
    return re.fullmatch(r"/(?![/\\])[^\\\s\x00-\x1f\x7f]*", target) is not None


def head(client_id: str) -> str:
    """The first two things in the head of every page shown in the admin."""
    return (
        f'<meta name="shopify-api-key" content="{escape(client_id)}">\n<script src="{APP_BRIDGE}"></script>'
    )


def frame_ancestors(shop: str) -> str:
    """Who may show our pages in a frame: the admin, and this shop's alone."""
    domain = shop_domain(shop)
    return f"frame-ancestors https://{domain} https://{ADMIN}" if domain else NO_FRAME


def patch_redirect(patch_path: str, app_url: str, path: str, query: Pairs) -> Response:
    """A page asked for without a good ID token: the patch page loads App
    Bridge, which asks for the page again with a fresh one."""
    kept = [(name, value) for name, value in query if name not in ("id_token", "shopify-reload")]
    own = path if is_own_path(path) else "/"
    reload = f"{app_url}{own}" + (f"?{urlencode(kept)}" if kept else "")
    location = f"{patch_path}?{urlencode([*kept, ('shopify-reload', reload)])}"
    return Response(302, headers={"Location": location, "Cache-Control": "no-store"})


def patch_page(client_id: str, app_url: str, query: Pairs) -> Response:
    """Nothing but App Bridge. It goes wherever `shopify-reload` says, so that must be a page of ours."""
    targets = [value for name, value in query if name == "shopify-reload"]
    if len(targets) != 1 or not _is_own_page(targets[0], app_url):
        return Response(400, "this page does not lead there")
    shop = next((value for name, value in query if name == "shop"), "")
    return _page(head(client_id), frame_ancestors(shop))


def _is_own_page(target: str, app_url: str) -> bool:
    rest = target.removeprefix(app_url) if target.startswith(app_url) else target
    return is_own_path(rest)


def exit_frame_page(client_id: str, app_url: str, shop: str, url: str, nonce: str) -> Response:
    """Leaves the frame for `url`, which is ours, the shop's or the admin's."""
    if not _may_leave_for(url, app_url, shop):
        return Response(400, "this page does not lead there")
    # Inside a script an address must not be able to end the script.
    written = json.dumps(url).replace("<", "\\u003c")
    script = f'<script nonce="{escape(nonce)}">window.open({written}, "_top")</script>'
    return _page(f"{head(client_id)}\n{script}", frame_ancestors(shop))


def _may_leave_for(url: str, app_url: str, shop: str) -> bool:
    if re.search(r"[\\\s\x00-\x1f\x7f]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    ours = url.startswith(f"{app_url}/")
    return ours or (parts.scheme == "https" and parts.netloc in (ADMIN, shop_domain(shop)))


def _page(head_tags: str, ancestors: str) -> Response:
    page = f'<!doctype html>\n<html lang="en"><head>\n{head_tags}\n<title>Kontor</title>\n</head></html>\n'
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": ancestors,
        "Cache-Control": "no-store",
    }
    return Response(200, page, headers)


def retry_fetch() -> Response:
    """To a fetch without a good ID token: App Bridge asks once more with a fresh one."""
    return Response(401, headers={RETRY: "1"})


def reauthorize_fetch(url: str) -> Response:
    """To a fetch whose shop must grant anew: App Bridge leaves the frame for `url`."""
    return Response(401, headers={REAUTHORIZE: "1", f"{REAUTHORIZE}-Url": url})
