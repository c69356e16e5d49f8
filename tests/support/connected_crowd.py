"""A crowd at fake Shopify and WooCommerce shops: connected with real tokens, called over TLS."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import update

from core import clock
from core.db import transaction
from core.http import HttpClient
from core.models.tables import connections, readings, settings_versions
from engine import connecting
from engine.changes import save_flow, save_shop, set_mode
from engine.connecting import Whom
from engine.machine import Machine
from integrations.live import Tokens
from integrations.roles import Access, Request, ShopIdentity
from integrations.shopify import oauth
from tests.fakes.shopify import FakeShopify, bodies
from tests.fakes.shopify import Shop as ShopAtShopify
from tests.fakes.woocommerce import Store, woocommerce_store
from tests.fakes.woocommerce.messages import encoded
from tests.fakes.woocommerce.records import Webhook
from tests.support.certificates import make_authority
from tests.support.crowd import PIECES, WITH_CODE, Clocked, Left, Shop

OWNER = Whom("owner-1", "Mara", "mara@example.test")
LONG_AGO = timedelta(days=30)
Step = dict[str, object]


class Town(Protocol):
    """Where the shops of one platform are. `settings` lead Kontor there."""

    settings: dict[str, str]

    def open_shops(self, machine: Machine, count: int, step: Step = WITH_CODE) -> Iterator[Shop]: ...
    def forward(self, span: timedelta) -> None: ...


@dataclass
class ShopifyShop(Clocked):
    shop: ShopAtShopify
    left: list[Left] = field(default_factory=list)

    def leave_carts(self, count: int) -> list[Left]:
        left = [self._leave(len(self.left) + number) for number in range(count)]
        self.left += left
        return left

    def _leave(self, number: int) -> Left:
        email = f"shopper{number}@{self.shop.domain}"
        made = self.shop.leave_checkout(email, accepts_marketing=True, silent=True)
        body = json.dumps(bodies.checkout(self.shop.memory, made)).encode()
        headers = self.shop.hooks.headers(self.shop.domain, "checkouts/create", body)
        return Left(self.merchant_id, email, made.token, (_request(headers, body),), "shopify")

    def buy(self, left: Left) -> None:
        self.shop.place_order(self.shop.memory.checkout(left.cart), silent=True)

    def codes(self) -> list[str]:
        return self.shop.codes


@dataclass
class ShopifyTown:
    fake: FakeShopify
    settings: dict[str, str]

    def open_shops(self, machine: Machine, count: int, step: Step = WITH_CODE) -> Iterator[Shop]:
        for _ in range(count):
            shop = self.fake.add_shop(f"shop{len(self.fake.shops)}.myshopify.com")
            shop.add_product("Mug", "20.00", stock=PIECES)
            token = _exchanged(machine, self.fake, shop)
            merchant_id = _connect(machine, "shopify", shop.domain, token, {}, step)
            yield ShopifyShop(machine, merchant_id, shop)

    def forward(self, span: timedelta) -> None:
        self.fake.forward(seconds=span.total_seconds())


@dataclass
class WooShop(Clocked):
    store: Store
    left: list[Left] = field(default_factory=list)

    def leave_carts(self, count: int) -> list[Left]:
        left = [self._leave(len(self.left) + number) for number in range(count)]
        self.left += left
        return left

    def _leave(self, number: int) -> Left:
        """Whoever bought here before may be written to."""
        email = f"shopper{number}@store{self.merchant_id}.example"
        self.store.advance(days=-LONG_AGO.days)
        # Two with one telephone are one person.
        phone = f"+34 6{number:08d}"
        before = self.store.place(self.store.leave_draft(email, [("MUG", 1)], phone=phone), "card")
        self.store.clock.ahead += LONG_AGO
        draft = self.store.leave_draft(email, [("MUG", 1)], phone=phone)
        told = (self._told(before), self._told(draft))
        return Left(self.merchant_id, email, str(draft), told, "woocommerce")

    def _told(self, order: int) -> Request:
        now, secret = self.store.clock.now(), "the-secret"
        hook = Webhook(1, "", "active", "order.updated", "", secret, self.store.owner_id, now, now)
        body = encoded(self.store.website.payload(hook, order))
        return _request(dict(self.store.hooks._headers(hook, body)), body, _path(self.store))

    def buy(self, left: Left) -> None:
        self.store.place(int(left.cart), "card")

    def codes(self) -> list[str]:
        """The store keeps them in small letters."""
        return [coupon.code.upper() for coupon in self.store.coupons_ever]


@dataclass
class WooTown:
    up: ExitStack
    authority: Any
    settings: dict[str, str]
    stores: list[Store] = field(default_factory=list)

    def open_shops(self, machine: Machine, count: int, step: Step = WITH_CODE) -> Iterator[Shop]:
        for _ in range(count):
            store = self.up.enter_context(woocommerce_store(authority=self.authority))
            self.stores.append(store)
            store.add_product("Mug", "MUG", "20", PIECES)
            key = store.new_key()
            token = Tokens(f"{key.consumer_key}:{key.consumer_secret}")
            domain, meta = store.url.removeprefix("https://"), {"auth": "basic"}
            merchant_id = _connect(machine, "woocommerce", domain, token, meta, step, _path(store))
            yield WooShop(machine, merchant_id, store)

    def forward(self, span: timedelta) -> None:
        for store in self.stores:
            store.advance(seconds=span.total_seconds())


@contextmanager
def town(platform: str, folder: Path) -> Iterator[Town]:
    with ExitStack() as up:
        if platform == "shopify":
            fake = up.enter_context(FakeShopify(clock=clock.now))
            yield ShopifyTown(fake, _settings_of(fake))
        else:
            authority = make_authority("localhost")
            file = folder / "authority.pem"
            file.write_bytes(authority.certificate)
            yield WooTown(up, authority, {"ALLOW_PRIVATE_SHOPS": "1", "EXTRA_CA_FILE": str(file)})


def hang_up(machine: Machine) -> None:
    """Close the lines that this process has open to the shops."""
    for live in machine.connected.values():
        live._client.close()  # type: ignore[attr-defined]


def _settings_of(fake: FakeShopify) -> dict[str, str]:
    return {
        "ALLOW_PRIVATE_SHOPS": "1",
        "EXTRA_CA_FILE": str(fake.ca_file),
        "DEVELOPMENT_HOSTS": f"*.myshopify.com=127.0.0.1:{fake.port}",
        "SHOPIFY_CLIENT_ID": fake.client_id,
        "SHOPIFY_CLIENT_SECRETS": fake.client_secret,
    }


def _exchanged(machine: Machine, fake: FakeShopify, shop: ShopAtShopify) -> Tokens:
    client = HttpClient.of(machine.config)
    app = oauth.App(fake.client_id, [fake.client_secret])
    tokens = oauth.exchange(client, app, shop.domain, fake.id_token(shop))
    client.close()
    assert isinstance(tokens, Tokens)
    return tokens


def _connect(
    machine: Machine,
    platform: str,
    domain: str,
    tokens: Tokens,
    meta: dict[str, str],
    step: Step,
    address: str | None = None,
) -> int:
    """Live since an hour ago, with one step; nothing but the last question tells it what the shop knows."""
    access = Access(0, ShopIdentity(domain, None, "EUR"), tokens.access, meta)
    profile = machine.connected[platform].profile(access)
    merchant_id = connecting.connect(machine, platform, profile, tokens, OWNER, address=address, meta=meta)
    flow = machine.flows["cart_recovery"]
    set_mode(machine, merchant_id, flow, "live", "test")
    save_flow(machine, merchant_id, flow, {"steps": [step]}, "test")
    if platform == "woocommerce":
        save_shop(machine, merchant_id, {"consent_policy": "existing_customers"}, "test")
    _leave_alone(machine, merchant_id)
    return merchant_id


def _leave_alone(machine: Machine, merchant_id: int) -> None:
    now = clock.now()
    changes = (
        (settings_versions, {"live_since": now - timedelta(hours=1)}),
        (readings, {"next_at": now + timedelta(days=1)}),
        (connections, {"hooks_at": now + timedelta(days=1)}),
    )
    with transaction(machine.db) as session:
        for table, values in changes:
            session.execute(update(table).where(table.c.merchant_id == merchant_id).values(**values))
        sealed = machine.vault.seal("the-secret", f"connection:{merchant_id}:webhook_secret")
        mine = (connections.c.merchant_id == merchant_id, connections.c.webhook_secret.is_not(None))
        session.execute(update(connections).where(*mine).values(webhook_secret=sealed))


def _path(store: Store) -> str:
    return f"storeAtPort{store.site.port}"


def _request(headers: dict[str, str], body: bytes, address: str = "") -> Request:
    return Request({name.lower(): value for name, value in headers.items()}, body, address)
