"""Figures that are kept are the very figures one would count; what is behind says so."""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.events import Contact, LookUp, Order, OrderCancelled, OrderEvent, OrderPaid, OrderRefunded
from core.models import Merchant
from core.models.tables import (
    addresses,
    carts,
    counted_days,
    daily_figures,
    daily_takings,
    discount_codes,
    effects,
    enrolments,
    late_days,
    merchants,
)
from core.money import Money
from engine import clicks, consent, daily, late, records, recounting, vanished
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
    people: int = 0
    placed: list[Order] = field(default_factory=list)
    late_news: list[OrderEvent] = field(default_factory=list)

    def go_on(self) -> None:
        acts = (
            [self.leave_cart] * 6 + [self.time_goes_on] * 6 + [self.buy] * 5 + [self.click] * 4
            + [self.change_an_order] * 4 + [self.news_arrives] * 3 + [self.unsubscribe, self.line_breaks]
            + [self.order_vanishes] + [lambda: recount(self.kontor)] * 4
        )  # fmt: skip
        self.dice.choice(acts)()

    def leave_cart(self) -> None:
        """Somebody new, for whoever was reminded rests."""
        self.people += 1
        self.kontor.leave_cart(f"p{self.people}@example.com", opted_in=self.dice.random() < 0.9)

    def time_goes_on(self) -> None:
        self.kontor.forward(hours=self.dice.choice([2, 7, 24, 50]))

    def click(self) -> None:
        if sent(self.kontor):
            click(self.kontor, self.dice.choice(sent(self.kontor)).id)

    def buy(self) -> None:
        """Told at once or days later; in one of two currencies; some are tests or not paid."""
        known = self.kontor.rows(carts)
        if not known:
            return
        nth = self.dice.randrange(len(known))
        made = order(self.kontor, str(len(self.placed)), known[nth].ref, f"p{nth + 1}@example.com")
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


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_page_tells_what_the_rows_say(kontor: Kontor, seed: int) -> None:
    weeks = Weeks(kontor, with_postbox(kontor), random.Random(seed))
    save_preset(kontor, "standard")
    for _ in range(5):
        weeks.leave_cart()
    for _ in range(50):
        weeks.go_on()
        page = told(kontor)
        assert page.as_of is not None or page.by_key == counted(kontor)
    mode(kontor, "shadow")
    weeks.leave_cart()
    weeks.time_goes_on()
    recount(kontor)
    assert kontor.rows(late_days) == []
    assert told(kontor).by_key == counted(kontor)
    assert len(kontor.rows(daily_figures)) > 5
    assert len(kontor.rows(daily_takings)) > 1
    assert figures(kontor).clicked


def test_a_refund_weeks_later_changes_the_day_of_the_order(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.forward(hours=2)
    made = order(kontor, "7", cart, "anna@example.com")
    remember(kontor, OrderPaid(made))
    day = daily.today(kontor.merchant)
    kontor.forward(days=20)
    recount(kontor)
    assert kept(kontor, day)["EUR"].bought_anyway_minor == 1900
    refunded = replace(made, refunded=Money(900, EUR), updated_at=kontor.now())
    remember(kontor, OrderRefunded(refunded))
    assert figures(kontor).of(EUR).bought_anyway_minor == 1000
    recount(kontor)
    assert kept(kontor, day)["EUR"].bought_anyway_minor == 1000


def kept(kontor: Kontor, day: date) -> dict[str, Any]:
    return {row.currency: row for row in kontor.rows(daily_takings, daily_takings.c.day == day)}


def test_a_late_click_counts_for_the_message_that_was_clicked(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    kontor.forward(days=10)
    recount(kontor)
    click(kontor, sent(kontor)[0].id)
    assert figures(kontor).clicked == 1
    assert len(kontor.rows(late_days)) == 1
    recount(kontor)
    assert sum(row.clicked for row in kontor.rows(daily_figures)) == 1


def test_what_is_due_later_is_not_due(kontor: Kontor) -> None:
    kontor.leave_cart()
    assert figures(kontor).due == 0
    kontor.forward(hours=2)
    assert (figures(kontor).due, figures(kontor).accepted) == (1, 1)


def test_what_was_due_is_accepted_doubtful_failed_left_out_or_waits(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    for number, failing in enumerate((None, InDoubt("cut"), Permanent("no"), Retryable("busy"))):
        postbox.failing = failing
        kontor.leave_cart(f"p{number}@example.com")
        kontor.forward(hours=1, minutes=1)
    kontor.leave_cart("p9@example.com")
    mode(kontor, "off")
    kontor.forward(hours=2)
    found = figures(kontor)
    parts = (found.accepted, found.in_doubt, found.failed, found.left_out.total(), found.waiting)
    assert parts[:3] == (1, 1, 1)
    assert found.due == sum(parts) == 5
    assert found.sent == 2


def test_who_unsubscribes_by_a_message_is_counted_with_it(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    (row,) = sent(kontor)
    (address,) = kontor.rows(addresses, addresses.c.channel == "email")
    for _ in range(2):
        consent.opt_out(kontor.machine, kontor.merchant_id, address.id, "page", kontor.now(), row.id)
        kontor.forward(minutes=1)
    assert figures(kontor).unsubscribed == 1


def test_who_is_held_out_did_not_enter(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.write(update(enrolments).values(state="held_out"))
    assert (figures(kontor).entered, figures(kontor).held_out) == (0, 1)


def test_a_code_that_was_used_costs_what_it_can_have_cost(kontor: Kontor) -> None:
    save_preset(kontor, "standard")
    cart = kontor.leave_cart()
    kontor.forward(hours=73)
    (code,) = kontor.rows(discount_codes)
    kontor.hear(kontor.store.pay(cart, code.code))
    assert figures(kontor).of(EUR).discount_minor == code.reserved_minor > 0


def test_in_another_zone_days_are_counted_anew(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=5)
    recount(kontor)
    mine = merchants.c.id == kontor.merchant_id
    kontor.write(update(merchants).where(mine).values(timezone="Pacific/Auckland"))
    assert told(kontor).by_key == counted(kontor)
    recount(kontor)
    assert told(kontor).by_key == counted(kontor)
    assert {row.zone for row in zones(kontor)} == {"Pacific/Auckland"}


def zones(kontor: Kontor) -> list[Any]:
    with reading(kontor.machine.db) as session:
        return list(session.execute(select(counted_days)))


def test_many_changed_days_are_told_as_of_the_first_change(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=12)
    recount(kontor)
    began = clock.now()
    with transaction(kontor.machine.db) as session:
        merchant = session.get_one(Merchant, kontor.merchant_id)
        late.note(session, merchant, [kontor.now() - n * A_DAY for n in range(1, 10)])
    behind = told(kontor).as_of
    assert behind is not None
    assert began <= behind <= clock.now()
    recount(kontor)
    assert told(kontor).as_of is None


def test_a_long_past_is_counted_in_portions(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=20)
    with mock.patch.object(recounting, "MOST_DAYS", 4):
        assert recounting.run(kontor.machine, most=50) == 5
    assert told(kontor).by_key == counted(kontor)
    assert recounting.run(kontor.machine) == 0


def test_of_two_that_count_at_once_one_keeps_nothing(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=3)
    with reading(kontor.machine.db) as session:
        turns = [recounting._take(session, kontor.machine, kontor.merchant_id) for _ in range(2)]
    held = []
    for turn in turns:
        with transaction(kontor.machine.db) as session:
            held.append(recounting._keep(session, turn))
    assert held == [True, False]
    assert told(kontor).by_key == counted(kontor)


def test_what_changes_while_it_is_counted_stays_noted(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.forward(hours=2)
    made = order(kontor, "7", cart, "anna@example.com")
    kontor.forward(days=8)
    recount(kontor)
    remember(kontor, OrderPaid(made))
    with reading(kontor.machine.db) as session:
        turn = recounting._take(session, kontor.machine, kontor.merchant_id)
    remember(kontor, OrderRefunded(replace(made, refunded=Money(900, EUR), updated_at=kontor.now())))
    with transaction(kontor.machine.db) as session:
        assert recounting._keep(session, turn)
    assert len(kontor.rows(late_days)) == 1
    recount(kontor)
    assert told(kontor).by_key == counted(kontor)


def test_each_night_the_last_weeks_are_counted_anew_noted_or_not(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=6)
    recounting.run(kontor.machine)
    kontor.write(update(daily_figures).values(accepted=99))
    kontor.forward(days=1)
    recount(kontor)
    assert told(kontor).by_key == counted(kontor)


def test_the_last_of_a_shop_goes_with_it(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=3)
    recounting.run(kontor.machine)
    kontor.write(merchants.delete().where(merchants.c.id == kontor.merchant_id))
    assert kontor.rows(daily_figures) == kontor.rows(daily_takings) == zones(kontor) == []
