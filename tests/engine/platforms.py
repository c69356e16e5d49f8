"""A Shopify or WooCommerce shop at the door, with recorded bodies and a shop that answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from core.db import reading
from core.errors import NeedsMerchant
from core.events import Event, LookUp, Stock
from core.models import Connection
from core.models.tables import connections, merchants, settings_versions
from integrations import SIGNING
from integrations.roles import Access, Answer, DiscountOrder, Question, Request
from tests.integrations.recorded import one
from tests.support.kontor import Kontor
from web import stand_ins


@dataclass
class Answering:
    """A shop that knows no orders but those it was given."""

    answer: Answer = field(default_factory=Answer)

    def ask(self, access: Access, question: Question) -> Answer:
        return in_stock(self.answer, question)

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
        return {}

    def create_discount(self, access: Access, order: DiscountOrder) -> None:
        raise NeedsMerchant("this shop makes no codes")

    def has_discount(self, access: Access, code: str) -> bool:
        return False

    def remove_discount(self, access: Access, code: str) -> None:
        raise NeedsMerchant("this shop makes no codes")


def in_stock(answer: Answer, question: Question) -> Answer:
    """The shop still has everything it was asked about and says nothing else of."""
    stock = dict.fromkeys(question.variant_refs, Stock("units", 9)) | dict(answer.stock)
    return Answer(answer.orders, stock)


@dataclass
class ShopAtTheDoor:
    """Kontor looked at from one merchant of another platform."""

    kontor: Kontor
    platform: str
    connection: Connection

    @classmethod
    def open(cls, kontor: Kontor, platform: str, policy: str = "opted_in") -> "ShopAtTheDoor":
        stand_ins.add(kontor.machine, platform, "A shop", live=True, policy=policy)
        # It answers without a token, so it is none that is reached over the network.
        live = {"sandbox": kontor.machine.live["sandbox"], platform: Answering()}
        machine = replace(kontor.machine, live=live, connected={})
        with reading(machine.db) as session:
            newest = select(Connection).where(connections.c.platform == platform)
            connection = session.scalars(newest.order_by(connections.c.id.desc()).limit(1)).one()
            session.expunge(connection)
        own = settings_versions.c.merchant_id == connection.merchant_id
        long_ago = kontor.now() - timedelta(days=400)
        kontor.write(update(settings_versions).where(own).values(live_since=long_ago))
        # Bodies tell whole seconds; a clock a little ahead has seen them all.
        mine = merchants.c.id == connection.merchant_id
        kontor.write(update(merchants).where(mine).values(clock_offset_ms=2000))
        return cls(replace(kontor, machine=machine, merchant_id=connection.merchant_id), platform, connection)

    def body(self, name: str, at: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """A recorded body whose newest date is `at` (now, if not said)."""
        payload: dict[str, Any] = SIGNING[self.platform].rebase(
            one(self.platform, name).json(), at or self.kontor.now()
        )
        return payload | changes

    def request(self, topic: str, body: Mapping[str, Any] | bytes, **ids: str) -> Request:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signing, machine = SIGNING[self.platform], self.kontor.machine
        secrets = machine.shops[self.platform].app_secrets(machine.config)
        if secrets:
            headers = signing.sign(raw, secrets[0], topic, shop=self.connection.domain, **ids)
            address = ""
        else:
            binding = f"connection:{self.connection.merchant_id}:webhook_secret"
            secret = machine.vault.open(self.connection.webhook_secret or b"", binding).decode()
            headers, address = signing.sign(raw, secret, topic, **ids), self.connection.address
        return Request({name.lower(): value for name, value in headers.items()}, raw, address)

    def deliver(self, requests: Sequence[Request]) -> None:
        assert set(self.kontor.deliver(requests, self.platform)) <= {200}

    def hear(self, topic: str, body: Mapping[str, Any] | bytes) -> None:
        self.deliver([self.request(topic, body)])
        self.kontor.settle()
