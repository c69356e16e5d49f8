"""A whole Kontor without a worker: the engine runs in the test's own thread."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

import app
from core import clock, schema
from core.config import Config, read_config
from core.db import connect, reading, transaction
from core.models import Merchant
from engine import simulation
from engine.jobs import settle_all
from engine.machine import Bells, Machine
from integrations.roles import Channel, Request
from integrations.sandbox import seed
from integrations.sandbox.store import Store
from tests.support.postgres import Databases
from web.doors import Door


@dataclass
class Kontor:
    """The machine with one sandbox merchant, and what a story needs to say."""

    machine: Machine
    merchant_id: int
    door: Door
    store: Store

    @classmethod
    def open(cls, config: Config, start_hour: int = 10, channel: Channel | None = None) -> "Kontor":
        machine, _, _ = app.build(config)
        machine = replace(machine, bells=Bells(), channel=channel or machine.channel)
        merchant = seed.seed(machine.runtime, start_hour)
        return cls(machine, merchant.id, Door.of(machine), Store(machine.runtime, merchant.id))

    def close(self) -> None:
        self.door.writing.close()
        self.machine.db.dispose()

    @property
    def merchant(self) -> Merchant:
        with reading(self.machine.db) as session:
            return session.get_one(Merchant, self.merchant_id)

    def now(self) -> datetime:
        """The merchant's time."""
        return clock.now(self.merchant)

    def deliver(self, webhooks: Sequence[Request], platform: str = "sandbox") -> list[int]:
        """Bring the webhooks to the door; its answers."""
        return [self.door.knock(platform, webhook).status_code for webhook in webhooks]

    def hear(self, webhooks: Sequence[Request]) -> None:
        """Bring the webhooks and let everything follow that follows now."""
        assert all(status == 200 for status in self.deliver(webhooks))
        self.settle()

    def settle(self) -> None:
        settle_all(self.machine)

    def forward(self, **span: float) -> None:
        """Let the merchant's time go on, settling all that comes due."""
        simulation.forward(self.machine, self.merchant_id, self.now() + timedelta(**span))
        self.settle()

    def leave_cart(self, email: str = "anna@example.com", *, opted_in: bool = True, variants: int = 1) -> str:
        """Somebody fills a cart, leaves an address and goes away; the cart."""
        cart = self.store.begin_cart()
        for product in self.store.products()[:variants]:
            self.hear(self.store.add_to_cart(cart, product.variants[0].ref))
        self.hear(self.store.leave_email(cart, email, opted_in=opted_in))
        return cart

    def rows(self, table: Table, *where: Any) -> list[Any]:
        """Rows of this merchant, oldest first."""
        mine = select(table).where(table.c.merchant_id == self.merchant_id, *where).order_by(table.c.id)
        with reading(self.machine.db) as session:
            return list(session.execute(mine))

    def write(self, statement: Any) -> None:
        with transaction(self.machine.db) as session:
            session.execute(statement)


def development(tmp_path: Path, database_url: str | None = None, **settings: str) -> Config:
    """Development settings with files of their own."""
    return read_config(
        {
            "KONTOR_ENV": "development",
            "DATABASE_URL": database_url or f"sqlite:///{tmp_path}/kontor.db",
            "QUEUE_FILE": str(tmp_path / "queue.db"),
        }
        | settings
    )


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating once per worker is enough.
    Closing the last connection folds the journal into the file."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    engine = connect(f"sqlite:///{file}")
    schema.migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    shutil.copy(migrated_sqlite, tmp_path / "kontor.db")
    return f"sqlite:///{tmp_path}/kontor.db"


@pytest.fixture(scope="session")
def migrated_postgres(databases: Databases) -> Iterator[str]:
    """A migrated PostgreSQL database to copy."""
    url = databases.create()
    engine = connect(url.replace("postgresql://", "postgresql+psycopg://"))
    schema.migrate(engine)
    engine.dispose()
    yield url
    databases.drop(url)


@pytest.fixture
def migrated_postgres_url(databases: Databases, migrated_postgres: str) -> Iterator[str]:
    """A fresh migrated PostgreSQL database."""
    url = databases.create(template=migrated_postgres)
    yield url
    databases.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Both databases, fresh and migrated."""
    name = "sqlite_url" if request.param == "sqlite" else "migrated_postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def kontor(sqlite_url: str, tmp_path: Path) -> Iterator[Kontor]:
    """A Kontor on SQLite."""
    opened = Kontor.open(development(tmp_path, sqlite_url))
    yield opened
    opened.close()


@pytest.fixture
def kontor_on_both(migrated_url: str, tmp_path: Path) -> Iterator[Kontor]:
    """The same story on SQLite and on PostgreSQL."""
    opened = Kontor.open(development(tmp_path, migrated_url))
    yield opened
    opened.close()
