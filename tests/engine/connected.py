"""A shop at a fake platform, connected over TLS as a merchant connects it, and its Kontor."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from core import clock, schema
from core.config import Config
from core.db import connect, reading
from core.models.tables import connections, merchants, readings, settings_versions
from engine import checkups, connecting, jobs
from engine import readings as reading_back
from engine.connecting import Whom
from engine.machine import Machine
from integrations.live import ConnectedShop, Profile, Tokens
from integrations.roles import Access, Request, ShopIdentity
from integrations.shopify import oauth
from integrations.shopify.live import ShopifyLive
from integrations.woocommerce.live import WooCommerceLive
from tests.engine.stories import mode, save_shop, with_postbox
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.woocommerce import Store, woocommerce_store
from tests.fakes.woocommerce.remote import Answer, Remote
from tests.integrations.shopify.at_shopify import SCOPES, ToFake
from tests.support.kontor import Kontor, development

MARA = Whom("owner-1", "Mara", "mara@example.test")
PATH, OTHER_PATH = "aZ09aZ09aZ09aZ09", "bY18bY18bY18bY18"
ANNA = "anna@example.com"


@dataclass
class Connected:
    """Kontor seen from the connected merchant."""

    kontor: Kontor
    platform: str

    @property
    def machine(self) -> Machine:
        return self.kontor.machine

    @property
    def merchant_id(self) -> int:
        return self.kontor.merchant_id

    @property
    def live(self) -> ConnectedShop:
        return self.machine.connected[self.platform]

    def connection(self) -> Any:
        mine = connections.c.merchant_id == self.merchant_id
        with reading(self.machine.db) as session:
            return session.execute(select(connections).where(mine)).one()

    def change_connection(self, **values: Any) -> None:
        mine = connections.c.merchant_id == self.merchant_id
        self.kontor.write(update(connections).where(mine).values(**values))

    def read_back(self, name: str | None = None) -> None:
        """Every reading is due now, and made to its end."""
        mine = readings.c.merchant_id == self.merchant_id
        later = {"next_at": clock.now() + timedelta(days=1)}
        self.kontor.write(update(readings).where(mine).values(**later))
        one = readings.c.name == name if name else readings.c.name.is_not(None)
        self.kontor.write(update(readings).where(mine, one).values(next_at=clock.now(), lease_until=None))
        reading_back.run(self.machine)
        self.kontor.settle()

    def check_up(self) -> None:
        self.change_connection(hooks_at=None)
        checkups.run(self.machine)

    def reading_of(self, name: str = "orders") -> Any:
        (row,) = self.kontor.rows(readings, readings.c.name == name)
        return row

    def settle(self) -> None:
        jobs.settle_all(self.machine)


@dataclass
class AtShopify(Connected):
    fake: FakeShopify
    shop: Shop

    def token_calls(self) -> int:
        return len(self.fake.token_calls)

    def reconnect(self) -> int:
        """The merchant opens the app again."""
        self.shop.install()
        return _connect_shopify(self.machine, self.fake, self.shop, self.live)


@dataclass
class AtWooCommerce(Connected):
    store: Store

    def deliver(self) -> None:
        """The shop's queue runs, and what follows at Kontor follows."""
        self.store.run_queue()
        self.kontor.settle()

    def reconnect(self) -> int:
        return _connect_woocommerce(self.machine, self.store)


@contextmanager
def at_shopify(url: str, folder: Path, **settings: str) -> Iterator[AtShopify]:
    with FakeShopify() as fake:
        shop = fake.add_shop("beans.myshopify.com", scopes=SCOPES)
        told = {
            "SHOPIFY_CLIENT_ID": fake.client_id,
            "SHOPIFY_CLIENT_SECRETS": fake.client_secret,
            "ALLOW_PRIVATE_SHOPS": "1",
            "EXTRA_CA_FILE": str(fake.ca_file),
        }
        kontor = _opened(development(folder, url, **told | settings))
        live = live_at(fake, kontor.machine.config)
        kontor.machine = with_live(kontor.machine, "shopify", live)
        kontor.merchant_id = _connect_shopify(kontor.machine, fake, shop, live)
        fake.forget_calls()
        fake.hooks.post = lambda headers, body: _knock(kontor, "shopify", headers, body, "")
        try:
            yield AtShopify(kontor, "shopify", fake, shop)
        finally:
            live._client.close()
            kontor.close()


@contextmanager
def at_woocommerce(url: str, folder: Path, **settings: str) -> Iterator[AtWooCommerce]:
    with woocommerce_store(currency="EUR", country="DE", timezone="Europe/Berlin") as store:
        store.add_product("Blue Mug", "MUG", "12.50", 10)
        store.add_product("Plate", "PLATE", "20", 5)
        for product in store.memory.products.values():
            # Times are whole seconds: what is asked in this one must be newer.
            product.created, product.modified = (clock.now() - timedelta(hours=1),) * 2
        told = {"ALLOW_PRIVATE_SHOPS": "1", "EXTRA_CA_FILE": str(store.ca_file)}
        kontor = _opened(development(folder, url, **told | settings))
        live = kontor.machine.connected["woocommerce"]
        assert isinstance(live, WooCommerceLive)
        store.hooks.remote = ToDoor(kontor, store)
        kontor.merchant_id = _connect_woocommerce(kontor.machine, store)
        connected = AtWooCommerce(kontor, "woocommerce", store)
        connected.change_connection(connected_at=clock.now() - timedelta(minutes=1))
        try:
            yield connected
        finally:
            live._client.close()
            kontor.close()


def goes_live(connected: Connected) -> None:
    """Cart recovery is on, and has been for long; bodies tell whole seconds."""
    save_shop(connected.kontor, consent_policy="existing_customers")
    mode(connected.kontor, "live")
    own = settings_versions.c.merchant_id == connected.merchant_id
    long_ago = clock.now() - timedelta(days=400)
    connected.kontor.write(update(settings_versions).where(own).values(live_since=long_ago))
    mine = merchants.c.id == connected.merchant_id
    connected.kontor.write(update(merchants).where(mine).values(clock_offset_ms=2000))


Send = Callable[[], int]


@contextmanager
def second_kontor(first: Connected, folder: Path, line: Callable[[Send], int]) -> Iterator[Connected]:
    """Another Kontor with a database of its own, to which the same shop is
    connected; what the shop tells it goes by `line`."""
    config = first.machine.config
    url = f"sqlite:///{folder}/second.db"
    engine = connect(url)
    schema.migrate(engine)
    engine.dispose()
    kontor = _opened(config.model_copy(update={"database_url": url}))
    kontor.machine = with_live(kontor.machine, first.platform, first.live)
    second = replace(first, kontor=kontor)
    if isinstance(first, AtShopify):
        kontor.merchant_id = _connect_shopify(kontor.machine, first.fake, first.shop, first.live)
        whole = first.fake.hooks.post
        assert whole is not None

        def post(headers: Mapping[str, str], body: bytes) -> int:
            line(lambda: _knock(kontor, "shopify", headers, body, ""))
            return whole(headers, body)

        first.fake.hooks.post = post
    elif isinstance(first, AtWooCommerce):
        kontor.merchant_id = _connect_woocommerce(kontor.machine, first.store, OTHER_PATH)
        first.store.hooks.remote = ToDoor(first.kontor, first.store, kontor, line)
    try:
        yield second
    finally:
        kontor.close()


class ToDoor(Remote):
    """The store calls Kontor's door without the network between, and that of
    a second Kontor by its own line."""

    def __init__(
        self,
        kontor: Kontor,
        store: Store,
        second: Kontor | None = None,
        line: Callable[[Send], int] = lambda send: send(),
    ) -> None:
        super().__init__(store.site, ())
        self._kontor, self._second, self._bring = kontor, second, line

    def post(self, url: str, headers: Any, body: bytes, seconds: float, follow: bool) -> Answer:
        if "/webhooks/woocommerce/" not in url:
            return Answer(None, "nobody lives there")
        return Answer(self._brought(dict(headers), body, url.rpartition("/")[2]))

    def _brought(self, headers: dict[str, str], body: bytes, address: str) -> int:
        if address != OTHER_PATH:
            return _knock(self._kontor, "woocommerce", headers, body, address)
        second = self._second
        assert second is not None
        return self._bring(lambda: _knock(second, "woocommerce", headers, body, address))


def live_at(fake: FakeShopify, config: Config) -> ShopifyLive:
    """Shopify's answers come from the fake; waiting is the fake's time going on."""
    client = ToFake(allow_private=True, extra_ca_file=fake.ca_file, resolve=fake.resolve)
    client.port = fake.port
    app = oauth.App(config.shopify_client_id or "", config.shopify_client_secrets)
    return ShopifyLive(client, lambda seconds: fake.forward(seconds=seconds), app)


def with_live(machine: Machine, platform: str, live: ConnectedShop) -> Machine:
    return replace(
        machine,
        live={**machine.live, platform: live},
        connected={**machine.connected, platform: live},
    )


def _opened(config: Config) -> Kontor:
    kontor = Kontor.open(config)
    with_postbox(kontor)
    return kontor


def _knock(kontor: Kontor, platform: str, headers: Mapping[str, str], body: bytes, address: str) -> int:
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        return kontor.door.knock(platform, Request(lowered, body, address)).status_code
    finally:
        if threading.current_thread() is not threading.main_thread():
            # A fake's thread ends with its call, and its connection to our database with it.
            kontor.door.writing.close()


def _connect_shopify(machine: Machine, fake: FakeShopify, shop: Shop, live: ConnectedShop) -> int:
    assert isinstance(live, ShopifyLive)
    app = oauth.App(fake.client_id, [fake.client_secret])
    tokens = oauth.exchange(live._client, app, shop.domain, fake.id_token(shop))
    assert isinstance(tokens, Tokens)
    profile = _profile(live, shop.domain, tokens.access, {})
    return connecting.connect(machine, "shopify", profile, tokens, MARA)


def _connect_woocommerce(machine: Machine, store: Store, path: str = PATH) -> int:
    key = store.new_key()
    token = f"{key.consumer_key}:{key.consumer_secret}"
    meta = {"version": store.site.woocommerce, "auth": "basic"}
    domain = store.url.removeprefix("https://")
    profile = _profile(machine.connected["woocommerce"], domain, token, meta)
    return connecting.connect(machine, "woocommerce", profile, Tokens(token), MARA, address=path, meta=meta)


def _profile(live: ConnectedShop, domain: str, token: str, meta: Mapping[str, str]) -> Profile:
    return live.profile(Access(0, ShopIdentity(domain, None, "EUR"), token, meta))
