"""A stand-in for Shopify, and calls to it that wait for nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.http import HttpClient
from integrations.shopify.api import Api
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
