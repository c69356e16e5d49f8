"""What shoppers see of a shop: a product page with an app's block in it, and the app proxy."""

import hashlib
import hmac
import json
import mimetypes
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from liquid import Environment

if TYPE_CHECKING:
    from tests.fakes.shopify.actions import Shop
    from tests.fakes.shopify.fake import FakeShopify
    from tests.fakes.shopify.records import Product

EXTENSION = Path(__file__).parents[3] / "integrations" / "shopify" / "extensions" / "kontor-back-in-stock"
THEME = Path(__file__).with_name("theme.html")
SCHEMA = re.compile(r"{%-?\s*schema\s*-?%}(.*?){%-?\s*endschema\s*-?%}", re.DOTALL)
PROXIED = "/apps/kontor/"
FILES = "/extensions/kontor/assets/"


@dataclass(frozen=True)
class Served:
    status: int
    body: bytes
    kind: str = "text/html; charset=utf-8"


@dataclass
class Storefront:
    """`settings` are what the merchant has set in the block; `telling` how the theme tells
    of another choice, see theme.html; `nested` puts the block into the product form, and
    `editing` shows the page as the theme's editor does."""

    fake: "FakeShopify"
    shop: "Shop"
    locale: str = "en"
    telling: str = "form"
    nested: bool = False
    editing: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def serve(self, method: str, url: str, body: bytes = b"") -> Served:
        asked = urlsplit(url)
        if asked.path.startswith(PROXIED):
            return self._proxied(method, asked.path.removeprefix(PROXIED), asked.query, body)
        if asked.path.startswith(FILES):
            file = EXTENSION / "assets" / asked.path.removeprefix(FILES)
            return Served(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "")
        found = [one for one in self.shop.memory.products.values() if f"/products/{one.handle}" == asked.path]
        if not found:
            return Served(404, b"<h1>404</h1>")
        return Served(200, self._page(found[0], dict(parse_qsl(asked.query))).encode())

    # The page.

    def _page(self, product: "Product", query: dict[str, str]) -> str:
        told = self._product(product, query.get("variant", ""))
        source = _block()
        schema = json.loads(source[1])
        defaults = {one["id"]: one.get("default", "") for one in schema["settings"]}
        settings = defaults | {"product": told} | self.settings
        request = {"locale": {"iso_code": self.locale}, "design_mode": self.editing}
        block = {"id": "AbC1", "settings": settings, "shopify_attributes": 'data-shopify-editor-block="{}"'}
        shown = (
            _environment(self.locale)
            .from_string(source[0])
            .render(block=block, request=request, shop={"name": self.shop.memory.profile.name})
        )
        return (
            _environment(self.locale)
            .from_string(THEME.read_text())
            .render(
                product=told,
                block=shown,
                locale=self.locale,
                telling=self.telling,
                nested=self.nested,
                content_for_header=_header(schema),
            )
        )

    def _product(self, product: "Product", chosen: str) -> dict[str, Any]:
        """As Liquid has it: `selected_or_first_available_variant` is what the address names, else
        the first that can be bought, else the first."""
        memory = self.shop.memory
        variants = [
            {
                "id": one.number,
                "title": one.title,
                "available": one.oversell or not one.tracked or memory.available(one) > 0,
            }
            for one in product.variants
        ]
        named = [one for one in variants if str(one["id"]) == chosen]
        first = [*named, *(one for one in variants if one["available"]), *variants][0]
        told = {"id": product.number, "title": product.title, "variants": variants}
        return told | {"selected_or_first_available_variant": first}

    # The app proxy.

    def _proxied(self, method: str, path: str, query: str, body: bytes) -> Served:
        """No cookie goes through, and nothing of the answer but its kind and its body."""
        url = f"{self.fake.app_url}/proxy/shopify/{path}?{self.signed(query)}"
        asked = urllib.request.Request(url, body or None, {"Accept": "application/json"}, method=method)  # noqa: S310 - Our own app.
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - Our own app.
                return Served(answer.status, answer.read(), answer.headers["Content-Type"])
        except urllib.error.HTTPError as refused:
            with refused:
                return Served(refused.code, refused.read(), refused.headers["Content-Type"])

    def signed(self, query: str) -> str:
        """Shopify's own parameters come after the shopper's, and the signature over all of them."""
        pairs = [
            *parse_qsl(query, keep_blank_values=True),
            ("shop", self.shop.domain),
            ("logged_in_customer_id", ""),
            ("path_prefix", "/apps/kontor"),
            ("timestamp", str(int(self.fake.now().timestamp()))),
        ]
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        message = "".join(sorted(f"{name}={','.join(many)}" for name, many in values.items()))
        digest = hmac.new(self.fake.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
        return urlencode([*pairs, ("signature", digest)])


def _header(schema: dict[str, Any]) -> str:
    """Files that a block's schema names, once for each page."""
    return (
        f'<link rel="stylesheet" href="{FILES}{schema["stylesheet"]}">'
        f'<script src="{FILES}{schema["javascript"]}" defer></script>'
    )


def _block() -> tuple[str, str]:
    source = (EXTENSION / "blocks" / "back_in_stock.liquid").read_text()
    found = SCHEMA.search(source)
    assert found
    return SCHEMA.sub("", source), found[1]


@cache
def _environment(locale: str) -> Environment:
    """With the words of the extension's own files, as its `t` finds them."""
    made = Environment()
    name = "en.default.json" if locale == "en" else f"{locale}.json"
    words = json.loads((EXTENSION / "locales" / name).read_text())

    def translated(key: str, **told: str) -> str:
        found: Any = words
        for part in key.split("."):
            found = found[part]
        return made.from_string(str(found)).render(**told)

    made.filters["t"] = translated
    return made
