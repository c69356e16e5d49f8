"""The handle of a whole Shopify: its shops, its clock, its faults, and what was asked of it."""

import base64
import hashlib
import hmac
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from tests.fakes.shopify import id_tokens
from tests.fakes.shopify.actions import Shop
from tests.fakes.shopify.client import Client
from tests.fakes.shopify.cost import Bucket
from tests.fakes.shopify.faults import Fault, Faults, Kind
from tests.fakes.shopify.graphql_api import Call
from tests.fakes.shopify.hooks import Hooks
from tests.fakes.shopify.memory import Memory, Profile
from tests.fakes.shopify.server import Server, certified
from tests.fakes.shopify.tokens import Code, Installation, TokenEndpoint

SHOP_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
FIRST_SHOP = 548380009  # The shop's number in the recorded payloads.
SCOPES = (
    "read_customer_events",
    "read_customers",
    "read_discounts",
    "read_fulfillments",
    "read_inventory",
    "read_locations",
    "read_orders",
    "read_products",
    "write_customers",
    "write_discounts",
    "write_pixels",
)
VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10", "2027-01")


class FakeShopify:
    """Used in a `with`: it then listens with TLS at `port` on loopback.

    Without it everything works but the line. `auto_install` makes a shop of
    any name that is asked for, as a merchant would who installs the app.
    """

    def __init__(
        self,
        app_url: str = "http://127.0.0.1:9",
        client_id: str = "fake-client-id",
        client_secret: str = "fake-client-secret",
        *,
        webhook_path: str = "/webhooks/shopify",
        clock: Callable[[], datetime] | None = None,
        port: int = 0,
        certificate: tuple[Path, Path] | None = None,
        app_ca: Path | None = None,
        auto_install: bool = False,
        seed: int = 0,
    ) -> None:
        self.app_url, self.client_id, self.client_secret = app_url.rstrip("/"), client_id, client_secret
        self.versions = list(VERSIONS)
        self.auto_install = auto_install
        self.faults, self.calls, self.token_calls = Faults(), list[Call](), list[dict[str, Any]]()
        self.shops: dict[str, Shop] = {}
        self.lock = threading.RLock()
        self.tokens = TokenEndpoint(client_id, client_secret)
        self._clock, self._ahead = clock or (lambda: datetime.now(UTC)), timedelta(0)
        url = self.app_url + webhook_path
        self.hooks = Hooks(client_secret, url, "2026-10", self.now, app_ca, random.Random(seed))
        self._certificate = certificate
        self._server: Server | None = None
        self._port = port

    # The clock.

    def now(self) -> datetime:
        return self._clock() + self._ahead

    def forward(self, **span: float) -> None:
        """The fake's own time: tokens, search lag, the bucket."""
        self._ahead += timedelta(**span)

    # The shops.

    def add_shop(self, domain: str = "beans.myshopify.com", installed: bool = True, **profile: Any) -> Shop:
        assert SHOP_NAME.fullmatch(domain), f"{domain} is no shop's name"
        with self.lock:
            number = profile.pop("number", FIRST_SHOP + len(self.shops))
            scopes = frozenset(profile.pop("scopes", SCOPES))
            memory = Memory(Profile(domain, number, **profile), self.now)
            installation = Installation(domain, scopes, installed=installed)
            self.shops[domain] = Shop(memory, installation, self.hooks, Bucket())
            self.shops[domain].add_location()
            return self.shops[domain]

    def shop(self, domain: str) -> Shop | None:
        """A shop by its name; one that nobody made is only there with `auto_install`."""
        name = domain.lower()
        if name not in self.shops and self.auto_install and SHOP_NAME.fullmatch(name):
            made = self.add_shop(name)
            for title, price in (("Coffee beans", "12.50"), ("Mug", "20.00"), ("Grinder", "89.00")):
                made.add_product(title, price)
            made.add_recorded_product()
        return self.shops.get(name)

    # What a browser would bring.

    def id_token(self, shop: Shop | str, **claims: Any) -> str:
        domain = shop if isinstance(shop, str) else shop.domain
        return id_tokens.mint(domain, self.client_id, self.client_secret, self.now(), **claims)

    def open_url(self, shop: Shop | str, path: str = "/", embedded: bool = True, **more: str) -> str:
        """The address under which the admin loads a page of the app."""
        domain = shop if isinstance(shop, str) else shop.domain
        told = {"shop": domain, "host": self.host(domain), "timestamp": str(int(self.now().timestamp()))}
        if embedded:
            token = self.id_token(domain)
            told |= {"embedded": "1", "locale": "de", "session": "0" * 64, "id_token": token}
        return f"{self.app_url}{path}?{urlencode(self.signed(told | more))}"

    def host(self, domain: str) -> str:
        place = f"admin.shopify.com/store/{domain.removesuffix('.myshopify.com')}"
        return base64.b64encode(place.encode()).decode().rstrip("=")

    def signed(self, query: dict[str, str]) -> dict[str, str]:
        """The HMAC over the sorted query, as on every page Shopify opens."""
        message = "&".join(f"{_escaped(key, '=')}={_escaped(value)}" for key, value in sorted(query.items()))
        digest = hmac.new(self.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
        return query | {"hmac": digest}

    def grant(self, shop: Shop, scopes: Sequence[str] = SCOPES) -> str:
        """An authorization code, as after the merchant's yes."""
        code = Code(shop.memory.token(), frozenset(scopes))
        shop.installation.installed = True
        shop.installation.codes[code.value] = code
        return code.value

    # What is to go wrong.

    def fail(self, kind: Kind, times: int = 1, on: str = "any", **more: Any) -> Fault:
        """The next `times` calls that fit; see faults.Fault for `more`."""
        fault = Fault(kind, times, on, **more)
        self.faults.add(fault)
        return fault

    def raise_oldest_version(self, oldest: str) -> None:
        self.versions = [one for one in self.versions if one >= oldest]

    # What was asked.

    def asked(self, shop: Shop | None = None) -> Counter[str]:
        """How often each root field was asked for, one count per call."""
        calls = [one for one in self.calls if shop is None or one.shop == shop.domain]
        return Counter(root for call in calls for root in set(call.roots))

    def forget_calls(self) -> None:
        self.calls.clear()
        self.token_calls.clear()

    def state(self) -> dict[str, Any]:
        return {
            "shops": {domain: _summary(shop) for domain, shop in self.shops.items()},
            "calls": dict(self.asked()),
            "token_calls": len(self.token_calls),
            "webhooks": dict(Counter(one.topic for one in self.hooks.sent)),
            "webhooks_refused": len([one for one in self.hooks.sent if not one.accepted]),
            "webhooks_lost": len(self.hooks.lost),
            "webhooks_held": len(self.hooks.held),
            "faults_left": self.faults.left,
        }

    # The line.

    def __enter__(self) -> Self:
        self._server = Server(self, self._port, self._certificate)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def port(self) -> int:
        assert self._server is not None, "it does not listen"
        return self._server.port

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate, for clients to trust."""
        assert self._server is not None, "it does not listen"
        return certified(self._server)

    def address(self, shop: Shop) -> str:
        """Where a client that can't be told the port finds the shop."""
        return f"{shop.domain}:{self.port}"

    def resolve(self, host: str, port: int) -> list[str]:
        """For core.http: every name leads here."""
        return ["127.0.0.1"]

    def client(self, shop: Shop, token: str | None = None) -> Client:
        """A client of this shop; with `token` None it has exchanged an ID token already."""
        made = Client(self.port, self.ca_file, shop.domain, self.client_id, self.client_secret, token)
        if token is None:
            made.token = made.exchange(self.id_token(shop)).json()["access_token"]
        return made

    def served_version(self, asked: str) -> str | None:
        """A dead version is served by the oldest live one; one that never was is unknown."""
        if asked in self.versions or asked == "unstable":
            return asked
        was = re.fullmatch(r"20\d\d-(01|04|07|10)", asked) is not None
        return min(self.versions) if was and asked < min(self.versions) else None


def _escaped(text: str, also: str = "") -> str:
    for sign in f"%&{also}":
        text = text.replace(sign, quote(sign))
    return text


def _summary(shop: Shop) -> dict[str, Any]:
    memory = shop.memory
    told = {
        "installed": shop.installation.installed,
        "orders": {one.name: one.financial for one in list(memory.orders.values())},
        "checkouts": {one.token: bool(one.completed_at) for one in list(memory.checkouts.values())},
        "customers": {one.email: one.email_state for one in list(memory.customers.values())},
        "codes": shop.codes,
        "discounts": [one.title for one in list(memory.discounts.values())],
        "variants": [
            {
                "id": one.number,
                "product": one.product.title,
                "title": one.title,
                "price": str(one.price),
                "stock": memory.available(one),
            }
            for one in memory.variants()
        ],
    }
    return dict(json.loads(json.dumps(told)))
