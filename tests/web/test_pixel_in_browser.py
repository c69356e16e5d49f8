"""The pixel as Shopify would run it: only what the shopper allows is told, and nothing about her."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "integrations/shopify/extensions/kontor-pixel/src/index.js"
ADDRESS = "https://kontor.example/pixel/key"
ALLOWED = {"analyticsProcessingAllowed": True, "marketingAllowed": True}
VARIANT = {"id": "42", "product": {"id": "7"}, "price": {"amount": 20}}
# What Shopify's package gives to whoever registers, as its types say.
PAGE = """<!doctype html><title>Sandbox</title>
<script type="importmap">{"imports": {"@shopify/web-pixels-extension": "/register.js"}}</script>
<script type="module" src="/index.js"></script>"""
REGISTER = """const heard = {};
const bus = {subscribe(name, callback) { heard[name] = callback; }};
window.happen = (name, event) => heard[name](event);
export const register = (extend) => extend({
  analytics: bus, customerPrivacy: bus, init: window.INIT, settings: {address: "https://kontor.example/pixel/key"},
});"""


class Sandbox:
    def __init__(self, page: Page, privacy: dict[str, bool], cart: str | None = None) -> None:
        self.page = page
        self.told: list[dict[str, Any]] = []
        page.context.route("**/*", self._answer)
        init = {"customerPrivacy": privacy, "data": {"cart": {"id": cart} if cart else None}}
        page.add_init_script(f"window.INIT = {json.dumps(init)}")
        page.goto("https://beans.myshopify.com/sandbox")
        page.wait_for_function("() => Boolean(window.happen)")

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.url == ADDRESS:
            assert "cookie" not in request.headers
            assert request.headers["content-type"].startswith("text/plain")
            self.told.append(json.loads(request.post_data or ""))
            return route.fulfill(status=204)
        files = {"/index.js": SCRIPT.read_text(), "/register.js": REGISTER}
        name = next((name for name in files if request.url.endswith(name)), None)
        kind = "text/javascript" if name else "text/html"
        return route.fulfill(body=files[name] if name else PAGE, content_type=kind)

    def happens(self, name: str, **data: Any) -> None:
        event = {"clientId": "c-1", "timestamp": "2026-11-27T10:00:00Z", "data": data}
        person = {"context": {"document": {"location": {"href": "https://beans.example/?email=anna"}}}}
        self.page.evaluate("([name, event]) => happen(name, event)", [name, event | person])
        self.page.wait_for_timeout(100)

    def decides(self, **privacy: bool) -> None:
        event = {"customerPrivacy": privacy}
        self.page.evaluate("(event) => happen('visitorConsentCollected', event)", event)


def test_looks_and_carts_are_told_by_their_numbers_alone(page: Page) -> None:
    sandbox = Sandbox(page, ALLOWED, cart="gid://shopify/Cart/abc?key=secret")
    sandbox.happens("product_viewed", productVariant=VARIANT)
    line = {"merchandise": VARIANT | {"id": "gid://shopify/ProductVariant/43"}, "quantity": 1}
    sandbox.happens("product_added_to_cart", cartLine=line)
    sandbox.happens("product_removed_from_cart", cartLine=line)
    sandbox.happens("cart_viewed", cart={"id": "def"})
    same = {"client": "c-1", "product": "7"}
    assert sandbox.told == [
        same | {"kind": "viewed", "variant": "42", "cart": "abc"},
        same | {"kind": "added", "variant": "43", "cart": "abc"},
        same | {"kind": "removed", "variant": "43", "cart": "abc"},
        {"kind": "cart", "client": "c-1", "cart": "def"},
    ]


@pytest.mark.parametrize("missing", [*ALLOWED, "all"])
def test_without_her_leave_nothing_is_told(page: Page, missing: str) -> None:
    allowed = {} if missing == "all" else ALLOWED | {missing: False}
    sandbox = Sandbox(page, allowed)
    sandbox.happens("product_viewed", productVariant=VARIANT)
    assert sandbox.told == []
    sandbox.decides(**ALLOWED)
    sandbox.happens("product_viewed", productVariant=VARIANT)
    assert len(sandbox.told) == 1


def test_whoever_takes_it_back_is_not_told_of_from_then_on(page: Page) -> None:
    sandbox = Sandbox(page, ALLOWED)
    sandbox.decides(analyticsProcessingAllowed=True, marketingAllowed=False)
    sandbox.happens("product_viewed", productVariant=VARIANT)
    assert sandbox.told == []


def test_what_is_missing_breaks_nothing(page: Page) -> None:
    sandbox = Sandbox(page, ALLOWED)
    sandbox.happens("product_added_to_cart", cartLine=None)
    sandbox.happens("cart_viewed", cart=None)
    assert sandbox.told == [{"kind": "added", "client": "c-1"}, {"kind": "cart", "client": "c-1"}]
