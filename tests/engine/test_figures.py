"""Figures that are kept are the very figures one would count; what is behind says so."""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import update

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, Permanent
from core.events import Contact, LookUp, Order, OrderCancelled, OrderEvent, OrderPaid, OrderRefunded
from core.models import Merchant
from core.models.tables import (
    addresses,
    carts,
    counted_days,
    daily_figures,
    effects,
    late_days,
)
from core.money import Money
from engine import clicks, consent, daily, records, recounting, vanished
from engine.counting import A_DAY, Counted, Days, count
from engine.daily import Told
from engine.figures import Figures
from engine.links import Clicked
from flows import CATALOGUE
from tests.engine.stories import Postbox, mode, save_preset, with_postbox
from tests.engine.test_clicks_and_numbers import PERSON
from tests.support.kontor import Kontor

SEEDS = range(2)
EUR, USD = "EUR", "USD"
FLOW = "cart_recovery"


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    return kontor_on_both


def told(kontor: Kontor, days: int = 60) -> Told:
    with reading(kontor.machine.db) as session:
        return daily.of_last(session, session.get_one(Merchant, kontor.merchant_id), CATALOGUE, days)


def counted(kontor: Kontor, days: int = 60) -> Counted:
    """What the rows themselves say this moment."""
    with reading(kontor.machine.db) as session:
        merchant = session.get_one(Merchant, kontor.merchant_id)
        last = daily.today(merchant)
        whole = Days(last - (days - 1) * A_DAY, last, merchant.timezone)
        return count(session, merchant.id, CATALOGUE, whole, clock.now(merchant))


def figures(kontor: Kontor) -> Figures:
    return told(kontor).of(FLOW)


def recount(kontor: Kontor) -> None:
    """As the worker does it, when all of it is due."""
    kontor.write(update(counted_days).values(next_at=clock.now()))
    with mock.patch.object(recounting, "OPEN_EVERY", timedelta(0)):
        recounting.run(kontor.machine, most=3)


def remember(kontor: Kontor, *events: OrderEvent) -> None:
    for one in events:
        with transaction(kontor.machine.db) as session:
            merchant = session.get_one(Merchant, kontor.merchant_id)
            records.remember(session, kontor.machine.vault, merchant, [one])


def order(kontor: Kontor, ref: str, cart_ref: str | None, email: str, **more: Any) -> Order:
    at, worth = kontor.now(), Money(1900, EUR)
    made = Order(ref, f"#{ref}", at, at, Contact(email=email), worth, worth, bought=True, cart_ref=cart_ref)
    return replace(made, **({"paid_at": at} | more))


def click(kontor: Kontor, effect_id: int) -> None:
    clicks.record(kontor.machine, Clicked(kontor.merchant_id, effect_id, "cart"), clicks.Visit("GET", PERSON))


def sent(kontor: Kontor) -> list[Any]:
    return kontor.rows(effects, effects.c.kind == "send_message", effects.c.state.in_(["done", "unknown"]))


@dataclass
class Weeks:
    """Some weeks of a shop, in which everything happens that changes figures."""

    kontor: Kontor
    postbox: Postbox
    dice: random.Random
    placed: list[Order] = field(default_factory=list)
    late_news: list[OrderEvent] = field(default_factory=list)

    def go_on(self) -> None:
        acts = (
            [self.leave_cart] * 4 + [self.time_goes_on] * 5 + [self.buy] * 4 + [self.click] * 3
            + [self.change_an_order] * 4 + [self.news_arrives] * 3 + [self.unsubscribe, self.line_breaks]
            + [self.order_vanishes, self.other_mode] + [lambda: recount(self.kontor)] * 3
        )  # fmt: skip
        self.dice.choice(acts)()

    def leave_cart(self) -> None:
        self.kontor.leave_cart(f"p{self.dice.randint(1, 9)}@example.com", opted_in=self.dice.random() < 0.9)

    def time_goes_on(self) -> None:
        self.kontor.forward(hours=self.dice.choice([1, 5, 24, 30]))

    def click(self) -> None:
        if sent(self.kontor):
            click(self.kontor, self.dice.choice(sent(self.kontor)).id)

    def buy(self) -> None:
        """Told at once or days later; in one of two currencies; some are tests or not paid."""
        known = self.kontor.rows(carts)
        if not known:
            return
        cart = self.dice.choice(known)
        masked = self.dice.randint(1, 9)
        made = order(self.kontor, str(len(self.placed)), cart.ref, f"p{masked}@example.com")
        net = Money(self.dice.randint(500, 9000), self.dice.choice([EUR, EUR, USD]))
        made = replace(made, net=net, total=net, test=self.dice.random() < 0.1)
        made = replace(made, paid_at=made.paid_at if self.dice.random() < 0.8 else None)
        self.placed.append(made)
        self.tell(OrderPaid(made))

    def tell(self, news: OrderEvent) -> None:
        if self.dice.random() < 0.6:
            return remember(self.kontor, news)
        return self.late_news.append(news)

    def news_arrives(self) -> None:
        """Late, doubled and in any order."""
        self.dice.shuffle(self.late_news)
        while self.late_news and self.dice.random() < 0.7:
            remember(self.kontor, self.late_news[-1], self.late_news.pop())

    def change_an_order(self) -> None:
        if not self.placed:
            return
        n, now = self.dice.randrange(len(self.placed)), self.kontor.now()
        known = self.placed[n]
        if self.dice.random() < 0.4:
            known = replace(known, bought=False, cancelled_at=now, updated_at=now)
            self.tell(OrderCancelled(known))
        else:
            refunded = Money(self.dice.randint(1, known.net.minor), known.net.currency)
            known = replace(known, refunded=refunded, updated_at=now, paid_at=now)
            self.tell(OrderRefunded(known))
        self.placed[n] = known

    def order_vanishes(self) -> None:
        if self.placed:
            with transaction(self.kontor.machine.db) as session:
                merchant = session.get_one(Merchant, self.kontor.merchant_id)
                vanished.vanish(session, merchant, LookUp("order", self.dice.choice(self.placed).ref))

    def unsubscribe(self) -> None:
        rows = sent(self.kontor)
        if not rows:
            return
        row = self.dice.choice(rows)
        (address, *_) = self.kontor.rows(addresses, addresses.c.person_id == row.person_id)
        consent.opt_out(
            self.kontor.machine, self.kontor.merchant_id, address.id, "page", self.kontor.now(), row.id
        )

    def line_breaks(self) -> None:
        self.postbox.failing = self.dice.choice([None, None, InDoubt("cut"), Permanent("refused")])

    def other_mode(self) -> None:
        mode(self.kontor, self.dice.choice(["live", "live", "shadow"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_page_tells_what_the_rows_say(kontor: Kontor, seed: int) -> None:
    weeks = Weeks(kontor, with_postbox(kontor), random.Random(seed))
    save_preset(kontor, "standard")
    for _ in range(45):
        weeks.go_on()
        page = told(kontor)
        assert page.as_of is not None or page.by_key == counted(kontor)
    recount(kontor)
    assert kontor.rows(late_days) == []
    assert len(kontor.rows(daily_figures)) > 3
    assert told(kontor).by_key == counted(kontor)
