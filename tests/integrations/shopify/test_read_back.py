"""What a shop at Shopify told nobody is read back, and what it says of itself."""

from datetime import timedelta
from typing import Any

from integrations.roles import Access
from integrations.shopify.live import ShopifyLive
from integrations.shopify.topics import READERS
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO


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


def test_the_readings_are_hourly_and_go_back_as_far_as_shopify_lets_them(live: ShopifyLive) -> None:
    assert [(one.name, one.every, one.since.days) for one in live.readings] == [
        ("orders", timedelta(hours=1), 60),
        ("checkouts", timedelta(hours=1), 14),
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
