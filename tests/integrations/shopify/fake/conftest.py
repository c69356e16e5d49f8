"""Our own Shopify, with one shop and nobody who hears its webhooks."""

from collections.abc import Iterator

import pytest

from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify() as fake:
        fake.hooks.post = lambda headers, body: 200
        yield fake


@pytest.fixture
def shop(shopify: FakeShopify) -> Shop:
    return shopify.add_shop()


@pytest.fixture
def app(shopify: FakeShopify, shop: Shop) -> Client:
    return shopify.client(shop)
