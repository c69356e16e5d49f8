"""Products, stock and consent at Shopify: what no webhook told is read back."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update

from core import clock
from core.models.tables import (
    addresses,
    consents,
    decisions,
    effects,
    enrolments,
    look_ups,
    people,
    products,
    readings,
    variants,
)
from tests.engine.connected import ANNA, AtShopify, goes_live
from tests.engine.test_readings import stock

BEN = "ben@example.com"


def allowed(shopify: AtShopify) -> dict[str, list[str]]:
    """What each address allowed, in the order of the acts."""
    rows = sorted(shopify.kontor.rows(consents), key=lambda row: row.act_at)
    mail = {row.id: row.masked for row in shopify.kontor.rows(addresses)}
    return {who: [row.state for row in rows if mail[row.address_id] == who] for who in mail.values()}


def test_products_that_were_there_before_and_ones_that_came_silently_are_known(shopify: AtShopify) -> None:
    shopify.shop.add_product("Mug", stock=3)
    shopify.read_back()
    assert stock(shopify) == {"mug-1": ("units", 3)}
    shopify.fake.forward(minutes=1)
    plate = shopify.shop.add_product("Plate", stock=0)
    shopify.read_back("products")
    assert stock(shopify)["plate-1"] == ("none", None)
    shopify.fake.forward(minutes=1)
    shopify.shop.change_product(plate, silent=True, title="Large plate", status="DRAFT")
    shopify.read_back("products")
    told = {row.title: row.published for row in shopify.kontor.rows(products)}
    assert told == {"Mug": True, "Large plate": False}


def test_a_product_of_many_variants_is_known_with_all_of_them(shopify: AtShopify) -> None:
    shopify.shop.add_product("Shirt", variants=[f"No. {number}" for number in range(60)])
    shopify.read_back("products")
    assert [row.kind for row in shopify.kontor.rows(look_ups)] == ["product"]
    assert len(shopify.kontor.rows(variants)) == 60


def test_stock_put_right_in_the_store_room_is_found_by_the_full_reading(shopify: AtShopify) -> None:
    mug = shopify.shop.add_product("Mug", stock=3).variants[0]
    shopify.read_back()
    shopify.shop.recount(mug, 0)
    wait_a_second(shopify)
    shopify.read_back("stock")
    assert stock(shopify) == {"mug-1": ("none", None)}


def wait_a_second(shopify: AtShopify) -> None:
    """Times are whole seconds: what is asked in this one is no newer."""
    rows = shopify.kontor.rows(variants)
    earlier = min(row.stock_at for row in rows) - timedelta(seconds=2)
    shopify.kontor.write(update(variants).values(stock_at=earlier))


def test_the_same_moment_told_twice_keeps_what_was_told_in_whole(shopify: AtShopify) -> None:
    """A webhook can't say that the last one is gone; the product that is read back can."""
    mug = shopify.shop.add_product("Mug", stock=3, silent=False)
    for left in (0, 4, 0):
        shopify.fake.forward(seconds=5)
        shopify.fake.hooks.lose = 1.0
        shopify.shop.set_stock(mug.variants[0], left)
        shopify.fake.hooks.lose = 0.0
        shopify.shop.change_product(mug)
        shopify.settle()
        shopify.read_back("products")
        assert stock(shopify)["mug-1"] == (("units", left) if left else ("none", None))


def test_an_objection_nobody_told_ends_the_trip(shopify: AtShopify) -> None:
    shopify.read_back()
    goes_live(shopify)
    customer = waits_for_a_mail(shopify)
    assert [row.state for row in shopify.kontor.rows(enrolments)] == ["active"]
    shopify.shop.set_consent(customer, "UNSUBSCRIBED", silent=True)
    shopify.read_back("customers")
    assert [(row.state, row.reason) for row in shopify.kontor.rows(enrolments)] == [
        ("exited", "unsubscribed")
    ]
    assert {row.state for row in shopify.kontor.rows(effects)} == {"skipped"}


def waits_for_a_mail(shopify: AtShopify) -> Any:
    """Somebody who has agreed and left a checkout."""
    customer = shopify.shop.add_customer(ANNA)
    shopify.fake.forward(seconds=-60)
    shopify.shop.set_consent(customer, "SUBSCRIBED")
    shopify.shop.leave_checkout(ANNA, customer=customer)
    shopify.fake.forward(seconds=60)
    shopify.settle()
    return customer


def test_what_was_allowed_before_we_came_is_known_and_starts_nothing(shopify: AtShopify) -> None:
    goes_live(shopify)
    customer = shopify.shop.add_customer(ANNA)
    shopify.shop.set_consent(customer, "SUBSCRIBED", silent=True)
    shopify.shop.leave_checkout(ANNA, silent=True, customer=customer)
    shopify.shop.set_consent(shopify.shop.add_customer(BEN), "UNSUBSCRIBED", silent=True)
    shopify.read_back()
    assert allowed(shopify)["a…@example.com"] == ["opted_in"]
    assert allowed(shopify)["b…@example.com"] == ["opted_out"]
    assert shopify.kontor.rows(enrolments) == shopify.kontor.rows(effects) == []
    shopify.read_back()
    assert shopify.kontor.rows(enrolments) == [], "nor does the next one, which overlaps"


def test_an_older_act_read_back_does_not_lift_a_newer_one(shopify: AtShopify) -> None:
    """Each counts from its own moment, however late it is read."""
    shopify.read_back()
    goes_live(shopify)
    customer = waits_for_a_mail(shopify)
    shopify.shop.set_consent(customer, "UNSUBSCRIBED")
    shopify.settle()
    customer.email_state = "SUBSCRIBED"
    customer.email_changed_at -= timedelta(minutes=5)
    shopify.shop.memory.changed(customer)
    shopify.read_back("customers")
    assert allowed(shopify)["a…@example.com"][-1] == "opted_out"
    assert [row.reason for row in shopify.kontor.rows(enrolments)] == ["unsubscribed"]


def test_a_silent_customer_is_not_remembered_at_all(shopify: AtShopify) -> None:
    shopify.shop.add_customer(ANNA)
    shopify.shop.add_customer(None)
    shopify.read_back()
    assert shopify.kontor.rows(people) == shopify.kontor.rows(consents) == []


def test_an_act_that_is_known_is_no_news_to_the_next_reading(shopify: AtShopify) -> None:
    shopify.read_back()
    goes_live(shopify)
    waits_for_a_mail(shopify)
    shopify.read_back("customers")
    before = [(row.kind, row.times, row.at) for row in shopify.kontor.rows(decisions)]
    shopify.read_back("customers")
    shopify.read_back("customers")
    assert [(row.kind, row.times, row.at) for row in shopify.kontor.rows(decisions)] == before != []
    assert allowed(shopify)["a…@example.com"] == ["opted_in"]


def test_what_an_older_kontor_did_not_read_begins_with_the_next_check_up(shopify: AtShopify) -> None:
    goes_live(shopify)
    shopify.read_back()
    young = readings.c.name.in_(("products", "customers", "stock"))
    shopify.kontor.write(delete(readings).where(young))
    shopify.shop.add_product("Mug")
    customer = shopify.shop.add_customer(ANNA)
    shopify.shop.set_consent(customer, "SUBSCRIBED", silent=True)
    shopify.check_up()
    assert {row.name for row in shopify.kontor.rows(readings)} >= {"products", "customers", "stock"}
    assert all(row.next_at <= clock.now() for row in shopify.kontor.rows(readings, young))
    shopify.read_back()
    assert stock(shopify) == {"mug-1": ("units", 5)}
    assert allowed(shopify)["a…@example.com"] == ["opted_in"]
    known = shopify.kontor.rows(readings)
    shopify.check_up()
    assert shopify.kontor.rows(readings) == known
