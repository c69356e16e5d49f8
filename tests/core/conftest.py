"""A fresh migrated database of both kinds, for what is kept in tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.db import connect, transaction
from core.models import Merchant
from tests.support.kontor import development


@pytest.fixture
def db(migrated_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = connect(development(tmp_path, migrated_url).sqlalchemy_url)
    yield engine
    engine.dispose()


@pytest.fixture
def merchant_id(db: Engine) -> int:
    with transaction(db) as session:
        merchant = Merchant(key="tea", name="Tee & Töpfe", platform="shopify")
        session.add(merchant)
        session.flush()
        return merchant.id
