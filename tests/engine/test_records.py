"""Older news never overwrites newer, and the order of arrival leaves no trace."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from core.db import transaction
from core.events import (
    Cart,
    CartLinesChanged,
    CartUpdated,
    ConsentChanged,
    Contact,
    Event,
    Line,
    Order,
    OrderPlaced,
    OrderShipped,
    OrderUpdated,
    Product,
    ProductUpdated,
    Stock,
    StockChanged,
    Variant,
)
from core.models import Merchant
from core.models.tables import carts, consents, lines, orders, products, variants
from core.money import Money
from engine import records
from tests.support.kontor import Kontor

AT = datetime(2026, 5, 5, 10, tzinfo=UTC)
ANNA = Contact(email="anna@example.com", phone="+49 30 1234")


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    return kontor_on_both


def remember(kontor: Kontor, *events: Event) -> None:
    for event in events:
        with transaction(kontor.machine.db) as session:
            merchant = session.get_one(Merchant, kontor.merchant_id)
            records.remember(session, kontor.machine.vault, merchant, [event])


def line(title: str) -> Line:
    return Line("p1", "v1", title, 1, Money(500, "EUR"))


def cart(minutes: int, *titles: str, **more: Any) -> CartUpdated:
    at = AT + timedelta(minutes=minutes)
    told = Cart("c1", AT, at, at, ANNA, Money(500 * len(titles), "EUR"), tuple(map(line, titles)), token="t1")
    return CartUpdated(replace(told, **more))


def order(minutes: int, *, bought: bool = True, total: int = 1000) -> Order:
    at, money = AT + timedelta(minutes=minutes), Money(total, "EUR")
    return Order("o1", "#1001", AT, at, ANNA, money, money, bought=bought, lines=(line("Mug"),))


def product(minutes: int, title: str, stock: Stock | None = None) -> ProductUpdated:
    made = Variant("v1", "red", Money(500, "EUR"), stock=stock)
    return ProductUpdated(Product("p1", title, AT + timedelta(minutes=minutes), True, (made,)))


def titles(kontor: Kontor) -> list[str]:
    return [row.title for row in kontor.rows(lines)]


def in_every_order(events: Sequence[Event]) -> list[tuple[Event, ...]]:
    return list(permutations(events))


@pytest.mark.parametrize("came", in_every_order([cart(0, "Mug"), cart(5, "Mug", "Pot"), cart(9, "Pot")]))
def test_a_cart_is_as_it_was_told_last_whatever_arrived_last(kontor: Kontor, came: Sequence[Event]) -> None:
    remember(kontor, *came)
    [row] = kontor.rows(carts)
    assert (row.total_minor, row.activity_at) == (500, AT + timedelta(minutes=9))
    assert titles(kontor) == ["Pot"]


def test_of_two_bodies_of_one_moment_the_same_one_wins_in_either_order(kontor: Kontor) -> None:
    one, two = cart(5, "Mug"), cart(5, "Pot")
    remember(kontor, one, two)
    first = titles(kontor)
    kontor.write(carts.delete().where(carts.c.ref == "c1"))
    remember(kontor, two, one)
    assert titles(kontor) == first


def test_a_cart_that_names_nobody_any_more_stays_its_persons(kontor: Kontor) -> None:
    remember(kontor, cart(0, "Mug"))
    who = kontor.rows(carts)[0].person_id
    remember(kontor, cart(5, "Pot", contact=Contact()))
    assert [row.person_id for row in kontor.rows(carts)] == [who]


def test_a_nameless_cart_refreshes_the_checkout_it_belongs_to_and_no_other(kontor: Kontor) -> None:
    remember(kontor, cart(0, "Mug"), CartLinesChanged("t1", (line("Pot"),), AT + timedelta(minutes=1)))
    assert titles(kontor) == ["Pot"]
    remember(kontor, CartLinesChanged("unknown", (line("Lid"),), AT + timedelta(minutes=2)))
    remember(kontor, CartLinesChanged("t1", (line("Old"),), AT - timedelta(minutes=2)))
    assert titles(kontor) == ["Pot"]
    assert len(kontor.rows(carts)) == 1


@pytest.mark.parametrize("late", [True, False])
def test_a_cancelled_order_is_not_brought_back_by_an_older_word(kontor: Kontor, late: bool) -> None:
    news: list[Event] = [OrderPlaced(order(0)), OrderUpdated(order(5, bought=False, total=900))]
    remember(kontor, *(reversed(news) if late else news))
    [row] = kontor.rows(orders)
    assert (row.bought, row.total_minor, row.platform_at) == (False, 900, AT + timedelta(minutes=5))
    assert titles(kontor) == ["Mug"]


def test_a_parcel_is_stamped_once(kontor: Kontor) -> None:
    remember(kontor, OrderPlaced(order(0)))
    for hours in (5, 9):
        remember(kontor, OrderShipped("o1", AT + timedelta(hours=hours)))
    assert [row.shipped_at for row in kontor.rows(orders)] == [AT + timedelta(hours=5)]


def test_a_product_is_as_it_was_told_last(kontor: Kontor) -> None:
    remember(kontor, product(9, "Cup"), product(0, "Mug"))
    assert [row.title for row in kontor.rows(products, products.c.ref == "p1")] == ["Cup"]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_newest_stock_counts_and_of_one_moment_the_smaller(kontor: Kontor, swapped: bool) -> None:
    remember(kontor, product(0, "Mug", Stock("units", 9)))
    at = AT + timedelta(minutes=5)
    same = [StockChanged("v1", Stock("units", 3), at), StockChanged("v1", Stock("none"), at)]
    remember(kontor, *(reversed(same) if swapped else same))
    remember(kontor, StockChanged("v1", Stock("units", 7), AT + timedelta(minutes=1)))
    [row] = kontor.rows(variants, variants.c.ref == "v1")
    assert (row.stock_kind, row.stock_at) == ("none", at)


def test_one_act_of_consent_told_twice_is_one_and_none_is_ever_changed(kontor: Kontor) -> None:
    yes = ConsentChanged(ANNA, "email", "opted_in", AT, "checkout", text="Yes, write to me")
    no = replace(yes, state="opted_out", at=AT + timedelta(days=1))
    remember(kontor, yes, no, yes)
    assert [(row.state, row.text) for row in kontor.rows(consents)] == [
        ("opted_in", "Yes, write to me"),
        ("opted_out", "Yes, write to me"),
    ]


def test_a_word_about_text_messages_is_none_about_mail(kontor: Kontor) -> None:
    remember(kontor, ConsentChanged(ANNA, "sms", "opted_in", AT, "checkout"))
    assert kontor.rows(consents) == []


def test_what_opens_a_cart_is_kept_sealed(kontor: Kontor) -> None:
    remember(kontor, cart(0, "Mug", url="https://shop.example/recover?key=secret"))
    [row] = kontor.rows(carts)
    assert b"secret" not in row.url
    opened = kontor.machine.vault.open(row.url, f"cart:{kontor.merchant_id}:c1:url")
    assert opened == b"https://shop.example/recover?key=secret"
