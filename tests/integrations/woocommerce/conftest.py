"""The store of canned answers, for every story that needs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import read_config
from core.http import HttpClient
from core.runtime import Runtime
from integrations.roles import Access, ShopIdentity
from integrations.woocommerce.api import StoreApi
from integrations.woocommerce.live import WooCommerceLive
from tests.fakes.woocommerce import Store as Fake
from tests.fakes.woocommerce import woocommerce_store
from tests.integrations.woocommerce.standing import Store, access, standing


@pytest.fixture
def standing_store(tmp_path: Path) -> Iterator[tuple[Store, HttpClient]]:
    with standing(tmp_path) as both:
        yield both


@pytest.fixture
def store(standing_store: tuple[Store, HttpClient]) -> Store:
    return standing_store[0]


@pytest.fixture
def client(standing_store: tuple[Store, HttpClient]) -> HttpClient:
    return standing_store[1]


@pytest.fixture
def api(store: Store, client: HttpClient) -> StoreApi:
    return StoreApi.of(client, access(store.domain))


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A shop that behaves as measured, with a mug and a shirt in two sizes."""
    with woocommerce_store() as store:
        store.add_product("Blue Mug", "MUG-1", "12.50", 10)
        store.add_product("T-Shirt", "TS", "20", None)
        store.add_variation("TS", "S", "TS-S", "20", 5)
        store.add_variation("TS", "M", "TS-M", "20", 7)
        yield store


@pytest.fixture
def live(fake: Fake, tmp_path: Path) -> Iterator[WooCommerceLive]:
    """As the environment sets it up, trusting the fake's own authority."""
    settings = {"KONTOR_ENV": "development", "ALLOW_PRIVATE_SHOPS": "1", "EXTRA_CA_FILE": str(fake.ca_file)}
    runtime = Runtime.open(read_config({**settings, "DATABASE_URL": f"sqlite:///{tmp_path}/kontor.db"}))
    live = WooCommerceLive(runtime)
    yield live
    live._client.close()
    runtime.db.dispose()


@pytest.fixture
def granted(fake: Fake) -> Access:
    key = fake.new_key()
    token = f"{key.consumer_key}:{key.consumer_secret}"
    identity = ShopIdentity(fake.url.removeprefix("https://"), None, "EUR")
    return Access(7, identity, token, {"version": "9.9.5", "auth": "basic"})
