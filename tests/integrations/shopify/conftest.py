"""A stand-in for Shopify that says what it is told to, and a fake one that knows the real schema."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.http import HttpClient
from integrations.roles import Access
from integrations.shopify.api import Api
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import SCOPES, ToFake, identity_of
from tests.integrations.shopify.standing_in import StandIn, standing_in


@pytest.fixture
def stand_in_and_client(tmp_path: Path) -> Iterator[tuple[StandIn, HttpClient]]:
    with standing_in(tmp_path) as pair:
        yield pair


@pytest.fixture
def shop(stand_in_and_client: tuple[StandIn, HttpClient]) -> StandIn:
    return stand_in_and_client[0]


@pytest.fixture
def client(stand_in_and_client: tuple[StandIn, HttpClient]) -> HttpClient:
    return stand_in_and_client[1]


@pytest.fixture
def waits() -> list[float]:
    """How long was waited; nobody really does."""
    return []


@pytest.fixture
def api(client: HttpClient, waits: list[float]) -> Api:
    return Api(client, wait=waits.append, now=lambda: sum(waits))


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify() as fake:
        yield fake


@pytest.fixture
def beans(shopify: FakeShopify) -> Shop:
    return shopify.add_shop("beans.myshopify.com", scopes=SCOPES)


@pytest.fixture
def live(shopify: FakeShopify) -> Iterator[ShopifyLive]:
    client = ToFake(
        allow_private=True, extra_ca_file=shopify.ca_file, resolve=lambda host, port: ["127.0.0.1"]
    )
    client.port = shopify.port
    yield ShopifyLive(client, wait=lambda seconds: shopify.forward(seconds=seconds))
    client.close()


@pytest.fixture
def access(beans: Shop, shopify: FakeShopify) -> Access:
    token = beans.installation.issue(shopify.now())["access_token"]
    return Access(7, identity_of(beans), token, {})
