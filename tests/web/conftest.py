"""The whole application on a fresh database; what rings is worked through at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import create_app
from core.config import read_config
from core.db import reading, transaction
from core.models import Merchant, metadata
from core.models.tables import members, merchants
from engine.jobs import settle_all
from engine.machine import Bells, Machine
from integrations.sandbox import seed
from tests.web.browsing import Visitor
from web.doors import Door


class AtOnce:
    """A bell that has the work done before the ringer goes on."""

    def __init__(self) -> None:
        self.machine: Machine | None = None
        self._working = False

    def ring(self) -> None:
        if self._working or self.machine is None:
            return
        self._working = True
        try:
            settle_all(self.machine)
        finally:
            self._working = False


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "KONTOR_ENV": "development",
        "DATABASE_URL": f"sqlite:///{tmp_path}/kontor.db",
        "QUEUE_FILE": f"{tmp_path}/queue.db",
    }


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(settings: dict[str, str]) -> Iterator[MakeApp]:
    made: list[Flask] = []

    def make(**more: str) -> Flask:
        app = create_app(read_config(settings | more))
        bell = AtOnce()
        machine: Machine = app.extensions["kontor"]
        metadata.create_all(machine.db)
        bell.machine = replace(machine, bells=Bells(bell.ring, bell.ring, bell.ring))
        app.extensions |= {"kontor": bell.machine, "kontor.door": Door.of(bell.machine)}
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["kontor"].db.dispose()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def machine(app: Flask) -> Machine:
    found: Machine = app.extensions["kontor"]
    return found


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has just opened the sandbox."""
    return Visitor(app.test_client()).open("/sandbox?lang=en")


Guests = Callable[[str], list[FlaskClient]]


@pytest.fixture
def guests(app: Flask, machine: Machine, merchant: Merchant) -> Guests:
    """Called when the story is told: the shop is a real one from then on, and
    its member, a stranger who is another shop's, and nobody come by."""

    def come(platform: str) -> list[FlaskClient]:
        other = seed.seed(machine.runtime)
        with transaction(machine.db) as session:
            session.execute(update(merchants).where(merchants.c.id == merchant.id).values(platform=platform))
            known = {row.merchant_id: row.id for row in session.execute(select(members))}
        clients = [app.test_client() for _ in range(3)]
        for client, shop in zip(clients, (merchant.id, other.id), strict=False):
            with client.session_transaction() as cookie:
                cookie["member"] = [shop, known[shop]]
        return clients

    return come


@pytest.fixture
def merchant(visitor: Visitor, machine: Machine) -> Merchant:
    """The sandbox's merchant, whose member the visitor is."""
    with reading(machine.db) as session:
        found = seed.current(session)
    assert found is not None
    return found
