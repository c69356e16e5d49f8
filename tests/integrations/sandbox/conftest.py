"""A sandbox shop with a database of its own, made anew for each story."""

from pathlib import Path

import pytest

from core.config import read_config
from core.models import Merchant, metadata
from core.runtime import Runtime
from integrations.roles import Access, ShopIdentity
from integrations.sandbox.live import SandboxLive
from integrations.sandbox.seed import seed
from integrations.sandbox.store import Store


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    opened = Runtime.open(
        read_config({"DATABASE_URL": f"sqlite:///{tmp_path}/kontor.db", "KONTOR_ENV": "development"})
    )
    metadata.create_all(opened.db)
    return opened


@pytest.fixture
def merchant(runtime: Runtime) -> Merchant:
    return seed(runtime)


@pytest.fixture
def store(runtime: Runtime, merchant: Merchant) -> Store:
    return Store(runtime, merchant.id)


@pytest.fixture
def access(merchant: Merchant) -> Access:
    return Access(merchant.id, ShopIdentity("localhost:8000", None, "EUR"), None, {})


@pytest.fixture
def live(runtime: Runtime) -> SandboxLive:
    return SandboxLive(runtime)
