"""The doors of a whole application, and merchants who live behind them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from core.db import reading
from core.models.tables import connections, inbound, merchants
from engine.jobs import settle_all
from engine.machine import Bells, Machine
from integrations import SIGNING
from tests.support.kontor import development
from web import stand_ins
from web.doors import Door


@dataclass(frozen=True)
class Resident:
    """A merchant as her shop's door knows her."""

    id: int
    key: str
    platform: str
    address: str
    domain: str
    secret: str

    @property
    def path(self) -> str:
        shared = self.platform == "shopify"
        return "/webhooks/shopify" if shared else f"/webhooks/{self.platform}/{self.address}"


@dataclass(frozen=True)
class Doorstep:
    """The application without a worker: `settle` does what one would."""

    app: Flask
    machine: Machine
    client: FlaskClient

    def resident(self, platform: str, *, live: bool = True, policy: str = "opted_in") -> Resident:
        told = stand_ins.add(self.machine, platform, "Test shop", live=live, policy=policy)
        key = told.split()[1]
        found = select(merchants.c.id, connections.c.address, connections.c.domain).join(
            connections, connections.c.merchant_id == merchants.c.id
        )
        with reading(self.machine.db) as session:
            row = session.execute(found.where(merchants.c.key == key)).one()
        secret = (
            told.split()[-1] if platform == "woocommerce" else self.machine.config.shopify_client_secrets[0]
        )
        return Resident(row.id, key, platform, row.address, row.domain, secret)

    def signed(
        self, whose: Resident, topic: str, body: bytes, secret: str | None = None, **ids: str
    ) -> dict[str, str]:
        named = {"shop": whose.domain} if whose.platform == "shopify" else {}
        headers: dict[str, str] = SIGNING[whose.platform].sign(
            body, secret or whose.secret, topic, **(named | ids)
        )
        return headers

    def deliver(self, whose: Resident, topic: str, body: bytes, **ids: str) -> int:
        return self.knock(whose.path, body, self.signed(whose, topic, body, **ids))

    def knock(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        return self.client.post(path, data=body, headers=dict(headers)).status_code

    def settle(self) -> None:
        settle_all(self.machine)

    def kept(self, whose: Resident) -> list[Any]:
        mine = select(inbound).where(inbound.c.merchant_id == whose.id).order_by(inbound.c.id)
        with reading(self.machine.db) as session:
            return list(session.execute(mine))

    def kept_at_all(self) -> int:
        with reading(self.machine.db) as session:
            return len(session.execute(select(inbound.c.id)).all())


@contextmanager
def doorstep(tmp_path: Path, database_url: str, **settings: str) -> Iterator[Doorstep]:
    app = create_app(development(tmp_path, database_url, **settings))
    machine = replace(app.extensions["kontor"], bells=Bells())
    door = Door.of(machine)
    app.extensions |= {"kontor": machine, "kontor.door": door}
    yield Doorstep(app, machine, app.test_client())
    door.writing.close()
    machine.db.dispose()
