"""A stream shuffled, doubled and delayed by a day ends where the lossless one does."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.db import reading
from core.events import LookUp, OrderEvent, ProductUpdated
from core.models import Connection
from core.models.tables import (
    addresses,
    carts,
    connections,
    consents,
    effects,
    enrolments,
    inbound,
    lines,
    merchants,
    orders,
    settings_versions,
    variants,
)
from integrations import SIGNING
from integrations.roles import Access, Answer, Question, Request, ShopIdentity
from integrations.sandbox import seed
from integrations.sandbox.sign import sign as sandbox_sign
from tests.engine.platforms import Answering, ShopAtTheDoor, in_stock
from tests.engine.stories import rewind
from tests.engine.streams import (
    Happened,
    Hour,
    Told,
    is_about_people_only,
    sandbox,
    shopify,
    shuffled,
    woocommerce,
)
from tests.support.kontor import Kontor

START = datetime(2027, 5, 4, 8, tzinfo=UTC)
HOUR_LATER = START + timedelta(minutes=55)
TELLING: dict[str, Callable[[datetime, Happened], list[Told]]] = {
    "sandbox": sandbox,
    "shopify": shopify,
    "woocommerce": woocommerce,
}
HOURS = {"sandbox": 20, "shopify": 15, "woocommerce": 15}
WAYS = 2


@dataclass
class Shops(Answering):
    """Every shop knows what really happened in it, whatever became of its webhooks."""

    answers: dict[int, Answer] = field(default_factory=dict)

    def ask(self, access: Access, question: Question) -> Answer:
        return in_stock(self.answers[access.merchant_id], question)


@dataclass
class Run:
    """One merchant's copy of the hour."""

    kontor: Kontor
    platform: str
    connection: Connection
    knocks: int = 0

    @classmethod
    def begin(cls, kontor: Kontor, platform: str, shops: Shops) -> "Run":
        if platform == "sandbox":
            merchant_id = seed.seed(kontor.machine.runtime).id
        else:
            policy = "existing_customers" if platform == "woocommerce" else "opted_in"
            merchant_id = ShopAtTheDoor.open(kontor, platform, policy).kontor.merchant_id
        own = replace(kontor, merchant_id=merchant_id)
        # Its shops answer in place of all others, and none of them needs a token.
        own.machine = replace(own.machine, live={**own.machine.live, platform: shops}, connected={})
        long_ago = START - timedelta(days=400)
        mine = settings_versions.c.merchant_id == merchant_id
        own.write(update(settings_versions).where(mine).values(live_since=long_ago))
        own.write(update(merchants).where(merchants.c.id == merchant_id).values(country="DE"))
        rewind(own, HOUR_LATER)
        with reading(own.machine.db) as session:
            row = session.scalars(select(Connection).where(connections.c.merchant_id == merchant_id)).one()
            session.expunge(row)
        return cls(own, platform, row)

    def hear(self, stream: Sequence[Told]) -> None:
        statuses = self.kontor.deliver([self._signed(told) for told in stream], self.platform)
        assert set(statuses) <= {200}
        self.kontor.settle()

    def _signed(self, told: Told) -> Request:
        self.knocks += 1
        machine, row = self.kontor.machine, self.connection
        secrets = machine.shops[self.platform].app_secrets(machine.config)
        body = told.body | ({"topic": told.topic} if self.platform == "sandbox" else {})
        raw = json.dumps(body).encode()
        if secrets:
            headers = SIGNING["shopify"].sign(raw, secrets[0], told.topic, shop=row.domain)
            return Request(_lower(headers), raw)
        binding = f"connection:{row.merchant_id}:webhook_secret"
        secret = machine.vault.open(row.webhook_secret or b"", binding).decode()
        sign = sandbox_sign if self.platform == "sandbox" else SIGNING["woocommerce"].sign
        ids = {"delivery_id": str(self.knocks)}
        return Request(_lower(sign(raw, secret, told.topic, **ids)), raw, row.address)

    def truth(self, stream: Sequence[Told]) -> Answer:
        """What the shop itself would say at the end of the hour."""
        shop = self.kontor.machine.shops[self.platform]
        identity = ShopIdentity(self.connection.domain, self.connection.shop_id, "EUR")
        found: dict[str, Any] = {}
        stock: dict[str, Any] = {}
        for told in stream:
            body = told.body | ({"topic": told.topic} if self.platform == "sandbox" else {})
            for event in shop.read(told.topic, json.dumps(body).encode(), identity):
                assert not isinstance(event, LookUp)
                if isinstance(event, OrderEvent):
                    found[event.order.ref] = event.order
                if isinstance(event, ProductUpdated):
                    stock |= {v.ref: v.stock for v in event.product.variants if v.stock}
        return Answer(tuple(found.values()), stock)

    def messages(self) -> list[tuple[str, int, int]]:
        """(to whom, step, minute) of every message sent."""
        names = {row.person_id: row.masked for row in self._all(addresses) if row.channel == "email"}
        return sorted(
            (names[row.person_id], row.step, round((row.acted_at - START).total_seconds() / 60))
            for row in self._all(effects)
            if row.state == "done" and row.kind == "send_message"
        )

    def records(self) -> dict[str, list[Any]]:
        """All that is known, without row numbers and times of recording."""
        people: dict[int, list[str]] = {}
        for row in self._all(addresses):
            people.setdefault(row.person_id, []).append(f"{row.channel}:{row.masked}")
        named = {person: ",".join(sorted(names)) for person, names in people.items()}
        mails = {row.id: row.masked for row in self._all(addresses)}
        held = [(row.cart_id, row.variant_ref, row.quantity, row.price_minor) for row in self._all(lines)]
        return {
            "people": sorted(named.values()),
            "carts": sorted(
                (
                    c.ref,
                    c.total_minor,
                    c.started_at,
                    c.activity_at,
                    named.get(c.person_id or 0),
                    sorted(line[1:] for line in held if line[0] == c.id),
                )
                for c in self._all(carts)
            ),
            "orders": sorted(
                (o.ref, o.bought, o.placed_at, o.paid_at is not None, o.cancelled_at is not None,
                 named.get(o.person_id or 0), o.net_minor)
                for o in self._all(orders)
            ),
            "consents": sorted((mails[c.address_id], c.state, c.act_at) for c in self._all(consents)),
            "variants": sorted((v.ref, v.stock_kind, v.stock_units or 0) for v in self._all(variants)),
        }  # fmt: skip

    def unsettled(self) -> list[Any]:
        waiting = self.kontor.rows(effects, effects.c.state.in_(["pending", "claimed", "acting", "held"]))
        unread = self.kontor.rows(inbound, inbound.c.state != "done")
        return waiting + unread

    def lanes(self) -> list[str]:
        active = self.kontor.rows(enrolments, enrolments.c.state == "active")
        return [row.lane for row in active]

    def _all(self, table: Any) -> list[Any]:
        return self.kontor.rows(table)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _in_parts(hours: int) -> list[range]:
    """So that several workers share them."""
    return [range(first, first + 5) for first in range(0, hours, 5)]


PARTS = [(platform, part) for platform in TELLING for part in _in_parts(HOURS[platform])]


@pytest.mark.parametrize(("platform", "seeds"), PARTS)
def test_however_the_news_arrives_the_same_people_get_the_same_messages(
    kontor: Kontor, platform: str, seeds: range
) -> None:
    shops = Shops()
    for seed_ in seeds:
        stream = [told for event in Hour.of(seed_) for told in TELLING[platform](START, event)]
        clean, *roughs = (Run.begin(kontor, platform, shops) for _ in range(1 + WAYS))
        for run in (clean, *roughs):
            shops.answers[run.kontor.merchant_id] = run.truth(stream)
        clean.hear(stream)
        clean.kontor.forward(days=5)
        for way, rough in enumerate(roughs):
            _tell_roughly(rough, stream, random.Random(100 * seed_ + way))
            assert rough.messages() == clean.messages(), (seed_, way)
            assert rough.records() == clean.records(), (seed_, way)
            assert clean.unsettled() == rough.unsettled() == [], (seed_, way)


def _tell_roughly(rough: Run, stream: Sequence[Told], dice: random.Random) -> None:
    """Shuffled and doubled; orders, products and all second copies come a day late by chance."""
    news = shuffled(dice, stream)
    seen: list[Told] = []
    late: list[Told] = []
    for told in news:
        may_wait = told in seen or not is_about_people_only(told)
        (late if may_wait and dice.random() < 0.3 else seen).append(told)
    rough.hear(seen)
    assert len(set(rough.lanes())) == len(rough.lanes())
    rough.kontor.forward(days=1)
    rough.hear(late)
    rough.kontor.forward(days=4)


@pytest.mark.parametrize("platform", TELLING)
def test_carts_told_a_day_late_leave_the_same_records_and_bring_no_message_more(
    kontor: Kontor, platform: str
) -> None:
    shops = Shops()
    for seed_ in range(5):
        dice = random.Random(seed_)
        stream = [told for event in Hour.of(seed_) for told in TELLING[platform](START, event)]
        clean, rough = (Run.begin(kontor, platform, shops) for _ in range(2))
        for run in (clean, rough):
            shops.answers[run.kontor.merchant_id] = run.truth(stream)
        clean.hear(stream)
        late = [told for told in stream if dice.random() < 0.5]
        rough.hear([told for told in stream if told not in late])
        for run in (clean, rough):
            run.kontor.forward(days=1)
        rough.hear(shuffled(dice, late))
        for run in (clean, rough):
            run.kontor.forward(days=5)
        assert rough.records() == clean.records(), seed_
        assert {to for to, _, _ in rough.messages()} <= {row.masked for row in rough.kontor.rows(addresses)}
        assert _after_buying(rough) == [], seed_
        assert rough.unsettled() == [], seed_


def _after_buying(run: Run) -> list[Any]:
    """Messages that went although the shop knew of an order since the trip's cart was begun."""
    begun = {row.id: row.started_at for row in run.kontor.rows(carts)}
    trips = {row.id: row for row in run.kontor.rows(enrolments)}
    bought = [(row.person_id, row.placed_at) for row in run.kontor.rows(orders) if row.paid_at]
    return [
        row
        for row in run.kontor.rows(effects, effects.c.state == "done")
        for person, at in bought
        if person == row.person_id and begun[trips[row.enrolment_id].subject_id] <= at <= row.acted_at
    ]
