"""Connected shops for every story that needs one, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.connected import AtShopify, AtWooCommerce, at_shopify, at_woocommerce


@pytest.fixture
def shopify(migrated_url: str, tmp_path: Path) -> Iterator[AtShopify]:
    with at_shopify(migrated_url, tmp_path) as connected:
        yield connected


@pytest.fixture
def woo(migrated_url: str, tmp_path: Path) -> Iterator[AtWooCommerce]:
    with at_woocommerce(migrated_url, tmp_path) as connected:
        yield connected
