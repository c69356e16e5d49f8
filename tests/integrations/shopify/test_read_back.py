"""What a shop at Shopify told nobody is read back, and what it says of itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.events import ConsentChanged, LookUp, PersonChanged, Stock
from integrations.roles import Access
from integrations.shopify.fragments import (
    CATALOGUE_VARIANTS_AT_ONCE,
    CUSTOMERS_READ_AT_ONCE,
    LEVELS_READ_AT_ONCE,
    PRODUCTS_READ_AT_ONCE,
)
from integrations.shopify.live import ShopifyLive
from integrations.shopify.topics import READERS
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.records import Product
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO, looked_up


def test_the_shop_says_who_it_is(live: ShopifyLive, access: Access, beans: Shop) -> None:
    profile = live.profile(access)
    known = beans.memory.profile
    assert (profile.domain, profile.shop_id, profile.name) == (beans.domain, str(known.number), known.name)
    assert (profile.currency, profile.timezone, profile.country) == ("EUR", "Europe/Berlin", "DE")
    assert profile.meta["contact_email"] == known.email


def read_all(live: ShopifyLive, access: Access, name: str, mark: str | None = None) -> tuple[list[Any], str]:
    events: list[Any] = []
    while True:
        portion = live.read_back(access, name, mark, LONG_AGO)
        events += portion.events
        mark = portion.mark
        if not portion.more:
            return events, mark


def test_orders_whose_news_was_lost_are_read_back_page_by_page(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    made = [beans.place_order(email=f"b{at}@example.test", silent=True) for at in range(12)]
    events, mark = read_all(live, access, "orders")
    assert {event.order.ref for event in events} == {str(order.number) for order in made}
    shopify.forward(minutes=20)
    late = beans.place_order(email=ANA, silent=True)
    events, mark = read_all(live, access, "orders", mark)
    assert str(late.number) in {event.order.ref for event in events}
    shopify.forward(minutes=20)
    events, mark = read_all(live, access, "orders", mark)
    assert {event.order.ref for event in events} == {str(late.number)}


def test_a_change_that_the_search_learns_late_is_read_by_the_next_reading(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    beans.search_lags(600)
    hidden = beans.place_order(email=ANA, silent=True)
    beans.search_lags(0)
    shopify.forward(minutes=5)
    beans.place_order(email="b@example.test", silent=True)
    events, mark = read_all(live, access, "orders")
    assert str(hidden.number) not in {event.order.ref for event in events}
    shopify.forward(minutes=20)
    events, _ = read_all(live, access, "orders", mark)
    assert str(hidden.number) in {event.order.ref for event in events}


def test_checkouts_are_read_back_too(live: ShopifyLive, access: Access, beans: Shop) -> None:
    addresses = [f"b{at}@example.test" for at in range(10)]
    for address in addresses:
        beans.add_customer(address, silent=True)
    made = [beans.leave_checkout(email=address, silent=True) for address in addresses]
    events, _ = read_all(live, access, "checkouts")
    assert {event.cart.ref for event in events} == {checkout.token for checkout in made}


def test_products_whose_news_was_lost_are_read_back_page_by_page(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    made = [beans.add_product(f"Mug {at}") for at in range(PRODUCTS_READ_AT_ONCE + 2)]
    events, mark = read_all(live, access, "products")
    assert {event.product.ref for event in events} == {str(one.number) for one in made}
    shopify.forward(minutes=20)
    beans.change_price(made[0].variants[0], "31.00", silent=True)
    events, mark = read_all(live, access, "products", mark)
    assert [event.product.variants[0].price.minor for event in events if changed(event, made[0])] == [3100]
    shopify.forward(minutes=20)
    events, _ = read_all(live, access, "products", mark)
    assert {event.product.ref for event in events} == {str(made[0].number)}


def changed(event: Any, product: Product) -> bool:
    return bool(event.product.ref == str(product.number))


def test_a_product_with_more_variants_than_come_along_is_looked_up_by_itself(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    few = beans.add_product("Mug")
    many = beans.add_product("Shirt", variants=[f"No. {at}" for at in range(CATALOGUE_VARIANTS_AT_ONCE + 1)])
    events, _ = read_all(live, access, "products")
    told, hint = sorted(events, key=lambda event: isinstance(event, LookUp))
    assert changed(told, few)
    assert hint == LookUp("product", str(many.number))
    found = looked_up(live, access, "product", many.number)
    assert found is not None
    assert len(found[0].product.variants) == CATALOGUE_VARIANTS_AT_ONCE + 1


def test_the_whole_stock_is_read_whatever_a_products_date_says(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    mug, tea, plate, soup = (
        beans.add_product(one, stock=5).variants[0] for one in ("Mug", "Tea", "Plate", "Soup")
    )
    attic = beans.add_location("Attic", active=False)
    cellar = beans.add_location("Cellar")
    mug.levels |= {cellar.number: 2, attic.number: 100}
    beans.recount(plate, 0)
    tea.tracked, soup.oversell = False, True
    events, mark = read_all(live, access, "stock")
    assert {event.variant_ref: event.stock for event in events} == {
        str(mug.number): Stock("units", 7),
        str(tea.number): Stock("always"),
        str(plate.number): Stock("none"),
        str(soup.number): Stock("always"),
    }
    assert {event.at.microsecond for event in events} == {0}
    assert all(event.at <= datetime.now(UTC) for event in events)
    again, _ = read_all(live, access, "stock", mark)
    assert len(again) == 4, "the next reading begins at the beginning"


def test_a_large_stock_is_read_at_the_pace_the_shop_allows(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    for at in range(13):
        beans.add_product(f"Shirt {at}", variants=[f"No. {number}" for number in range(100)])
    began = shopify.now()
    events, _ = read_all(live, access, "stock")
    assert len({event.variant_ref for event in events}) == 1300
    answered = [call.cost for call in shopify.calls if call.outcome == "answered"]
    assert (len(answered), max(answered)) == (11, LEVELS_READ_AT_ONCE * 2 + 2)
    assert shopify.now() - began > timedelta(seconds=5), "it had to wait"


def test_what_customers_allowed_is_read_back_with_the_time_of_the_act(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    ana, ben = beans.add_customer(ANA, first_name="Ana"), beans.add_customer("ben@example.test")
    beans.set_consent(ana, "SUBSCRIBED", silent=True)
    beans.set_consent(ben, "UNSUBSCRIBED", silent=True)
    acted = ana.email_changed_at
    shopify.forward(minutes=20)
    beans.memory.changed(ana)
    events, mark = read_all(live, access, "customers")
    acts = {event.contact.email: event for event in events if isinstance(event, ConsentChanged)}
    assert {email: act.state for email, act in acts.items()} == {ANA: "opted_in", ben.email: "opted_out"}
    assert acts[ANA].at == acted, "not that of the customer's last change"
    assert {event.contact.first_name for event in events if isinstance(event, PersonChanged)} == {"Ana", None}
    shopify.forward(minutes=20)
    beans.set_consent(ana, "UNSUBSCRIBED", silent=True)
    events, mark = read_all(live, access, "customers", mark)
    assert [event.state for event in events if isinstance(event, ConsentChanged)] == ["opted_out"]


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "INVALID", "REDACTED"])
def test_whoever_never_said_a_word_about_advertising_is_not_read(
    live: ShopifyLive, access: Access, beans: Shop, state: str
) -> None:
    beans.set_consent(beans.add_customer(ANA), state, silent=True)
    beans.add_customer(None, phone="+491701234567")
    beans.add_customer("b@example.test").email_state = "SUBSCRIBED"
    assert read_all(live, access, "customers")[0] == [], "an act without its time is none"


@pytest.mark.parametrize("kinds", [("email",), ("email", "phone", "name", "address")])
def test_where_shopify_withholds_the_addresses_nothing_is_said(
    live: ShopifyLive, access: Access, beans: Shop, kinds: tuple[str, ...]
) -> None:
    beans.add_customer(ANA, subscribed=True, first_name="Ana", country="DE")
    beans.withhold(*kinds)
    assert read_all(live, access, "customers")[0] == []


def test_customers_are_read_back_to_where_the_reading_before_began(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    """Shopify's search knows a customer's change by its day alone: they are asked for newest first."""
    for at in range(CUSTOMERS_READ_AT_ONCE * 2):
        beans.add_customer(f"c{at}@example.test", subscribed=True)
    shopify.forward(minutes=20)
    newest = beans.add_customer("newest@example.test", subscribed=True)
    everybody, mark = read_all(live, access, "customers")
    assert len(addresses(everybody)) == CUSTOMERS_READ_AT_ONCE * 2 + 1
    assert shopify.asked()["customers"] == 3
    shopify.forward(minutes=10)
    late = beans.add_customer("late@example.test", subscribed=True)
    shopify.forget_calls()
    events, mark = read_all(live, access, "customers", mark)
    assert shopify.asked()["customers"] == 1
    assert addresses(events) == {newest.email, late.email}, "readings overlap by a quarter of an hour"
    shopify.forward(minutes=10)
    beans.set_consent(newest, "UNSUBSCRIBED", silent=True)
    assert addresses(read_all(live, access, "customers", mark)[0]) == {newest.email, late.email}


def test_who_changes_while_the_customers_are_read_is_met_by_the_next_reading(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    made = []
    for at in range(CUSTOMERS_READ_AT_ONCE + 5):
        made.append(beans.add_customer(f"c{at}@example.test", subscribed=True))
        shopify.forward(seconds=5)
    first = live.read_back(access, "customers", None, LONG_AGO)
    beans.set_consent(made[0], "UNSUBSCRIBED", silent=True)
    rest, mark = read_all(live, access, "customers", first.mark)
    assert made[0].email not in addresses([*first.events, *rest])
    assert made[0].email in addresses(read_all(live, access, "customers", mark)[0])


def addresses(events: list[Any]) -> set[str | None]:
    return {event.contact.email for event in events if isinstance(event, ConsentChanged)}


def test_the_readings_go_back_as_far_as_shopify_lets_them(live: ShopifyLive) -> None:
    hour, ever = timedelta(hours=1), 20 * 365
    assert [(one.name, one.every, one.since.days) for one in live.readings] == [
        ("orders", hour, 60),
        ("checkouts", hour, 14),
        ("products", hour, ever),
        ("customers", hour, ever),
        ("stock", 6 * hour, 0),
    ]


def test_the_shop_counts_its_own_orders(live: ShopifyLive, access: Access, beans: Shop) -> None:
    for _ in range(3):
        beans.place_order(email=ANA, silent=True)
    beans.place_order(email=ANA, silent=True, created_at=LONG_AGO - timedelta(hours=1))
    assert live.count_orders(access, LONG_AGO) == 3


def test_what_the_shop_has_no_more_is_told(live: ShopifyLive, access: Access, beans: Shop) -> None:
    kept, deleted = beans.place_order(email=ANA, silent=True), beans.place_order(email=ANA, silent=True)
    beans.delete_order(deleted, silent=True)
    refs = [str(kept.number), str(deleted.number), "no-number"]
    assert live.gone(access, "order", refs) == [str(deleted.number), "no-number"]
    assert live.gone(access, "product", []) == []


def test_the_webhooks_come_with_the_app(live: ShopifyLive, access: Access, shopify: FakeShopify) -> None:
    hooks = live.hooks(access, "https://kontor.test/webhooks/shopify")
    assert {hook.topic for hook in hooks} == set(READERS)
    assert {hook.state for hook in hooks} == {"declared"}
    assert live.mend_hooks(access, "https://kontor.test/webhooks/shopify", "s") == hooks
    live.drop_hooks(access, "https://kontor.test/webhooks/shopify")
    assert shopify.calls == []
