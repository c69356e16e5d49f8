"""The store of canned answers, for every story that needs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.http import HttpClient
from integrations.woocommerce.api import StoreApi
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
