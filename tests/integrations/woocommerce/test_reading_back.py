"""Webhooks get lost: what the store has is read back, and ends in the same records."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from core.events import (
    CartUpdated,
    Event,
    LookUp,
    OrderEvent,
    OrderUpdated,
    ProductUpdated,
    Stock,
    StockChanged,
)
from integrations.live import Portion
from integrations.roles import Access
from integrations.woocommerce.live import WooCommerceLive
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.fakes.woocommerce import Store as Fake

ANA = "ana@example.test"


def began(fake: Fake, days: int = 30) -> datetime:
    return fake.clock.now() - timedelta(days=days)


def read(
    live: WooCommerceLive, access: Access, fake: Fake, reading: str, mark: str | None = None
) -> tuple[list[Event | LookUp], str]:
    """All pages of one reading, and where the next begins."""
    portion = Portion((), mark or "", more=True)
    events: list[Event | LookUp] = []
    while portion.more:
        portion = live.read_back(access, reading, portion.mark or None, began(fake))
        events += portion.events
    return events, portion.mark


def orders_of(events: list[Event | LookUp]) -> list[str]:
    return [event.order.ref for event in events if isinstance(event, OrderEvent)]


def test_orders_nobody_told_of_are_found(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    draft = fake.leave_draft(ANA, [("MUG-1", 1)])
    events, _ = read(live, granted, fake, "orders")
    assert set(orders_of(events)) == {str(order)}
    assert [event.cart.ref for event in events if isinstance(event, CartUpdated)] == [str(draft)]


def test_the_next_reading_begins_where_this_one_ended_and_overlaps(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    first = fake.order(ANA, [("MUG-1", 1)])
    fake.advance(hours=1)
    second = fake.order(ANA, [("MUG-1", 1)])
    _, mark = read(live, granted, fake, "orders")
    again, mark = read(live, granted, fake, "orders", mark)
    assert set(orders_of(again)) == {str(second)}
    fake.advance(hours=1)
    fake.complete(first)
    news, _ = read(live, granted, fake, "orders", mark)
    assert str(first) in orders_of(news)


def test_an_order_written_in_the_second_that_was_read_last_is_not_missed(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.clock.stop()
    fake.order(ANA, [("MUG-1", 1)])
    _, mark = read(live, granted, fake, "orders")
    late = fake.order("eve@example.test", [("MUG-1", 1)])
    news, _ = read(live, granted, fake, "orders", mark)
    assert str(late) in orders_of(news)


def test_a_long_reading_overlaps_as_well(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    fake.clock.stop()
    for number in range(60):
        fake.advance(seconds=1)
        fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test")
    last = max(fake.memory.orders)
    _, mark = read(live, granted, fake, "orders")
    late = fake.order_by_rest("processing", [("MUG-1", 1)], email=ANA)
    fake.memory.orders[late].modified -= timedelta(seconds=5)
    news, again = read(live, granted, fake, "orders", mark)
    assert {str(late), str(last)} <= set(orders_of(news))
    assert again == mark


def test_a_quiet_store_is_asked_from_the_same_moment_again(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    nothing, mark = read(live, granted, fake, "orders")
    assert nothing == []
    assert live.read_back(granted, "orders", mark, datetime.now(UTC)).mark == mark


def test_many_orders_of_one_second_and_more_are_all_read(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.clock.stop()
    made = []
    for number in range(330):
        if number in (250, 251):
            fake.advance(seconds=1)
        made.append(str(fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test")))
    events, _ = read(live, granted, fake, "orders")
    assert set(orders_of(events)) == set(made)


def test_an_order_changed_while_pages_are_read_is_not_lost(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.clock.stop()
    made = []
    for number in range(150):
        fake.advance(seconds=1)
        made.append(fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test"))
    first = live.read_back(granted, "orders", None, began(fake))
    for order in made[:30]:
        fake.advance(seconds=1)
        fake.complete(order)
    rest, _ = read(live, granted, fake, "orders", first.mark)
    assert set(orders_of([*first.events, *rest])) == {str(order) for order in made}


def test_one_unreadable_order_does_not_keep_the_others(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    broken = fake.order(ANA, [("MUG-1", 1)])
    fake.memory.orders[broken].status = ""
    good = fake.order(ANA, [("MUG-1", 1)])
    events, _ = read(live, granted, fake, "orders")
    assert set(orders_of(events)) == {str(good)}


@pytest.mark.parametrize("ahead", [timedelta(days=4000), timedelta(hours=9)])
def test_an_order_dated_into_the_future_hides_none_that_follow(
    fake: Fake, live: WooCommerceLive, granted: Access, ahead: timedelta
) -> None:
    """By nonsense, or by a plugin in Tokyo that writes its own time where UTC belongs."""
    fake.memory.orders[fake.order(ANA, [("MUG-1", 1)])].modified += ahead
    _, mark = read(live, granted, fake, "orders")
    late = fake.order("eve@example.test", [("MUG-1", 1)])
    news, _ = read(live, granted, fake, "orders", mark)
    assert str(late) in orders_of(news)


def test_products_are_read_with_their_variations(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    events, _ = read(live, granted, fake, "products")
    products = {event.product.title: event.product for event in events if isinstance(event, ProductUpdated)}
    assert all(product.complete for product in products.values())
    shirt = {variant.title: variant.stock for variant in products["T-Shirt"].variants}
    assert shirt == {"S": Stock("units", 5), "M": Stock("units", 7)}
    assert products["Blue Mug"].variants[0].stock == Stock("units", 10)


def test_more_products_than_a_page_holds_are_all_read(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    for number in range(60):
        fake.add_product(f"Thing {number}", f"THING-{number}")
    events, _ = read(live, granted, fake, "products")
    assert len({event.product.ref for event in events if isinstance(event, ProductUpdated)}) == 62


def levels(events: list[Event | LookUp]) -> dict[str, Stock]:
    return {event.variant_ref: event.stock for event in events if isinstance(event, StockChanged)}


def test_stock_an_import_wrote_past_woocommerce_is_found_by_the_full_reading(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    _, mark = read(live, granted, fake, "products")
    fake.advance(hours=1)
    fake.edit_stock_in_the_database("MUG-1", 3)
    fake.edit_stock_in_the_database("TS-S", 0)
    unmoved, _ = read(live, granted, fake, "products", mark)
    moved, again = read(live, granted, fake, "stock")
    mug, small = (str(fake.find(sku).id) for sku in ("MUG-1", "TS-S"))
    assert levels(unmoved) == {}
    assert levels(moved)[mug] == Stock("units", 3)
    assert levels(moved)[small] == Stock("none")
    assert read(live, granted, fake, "stock", again)[0]


def test_the_full_reading_is_newer_than_the_date_that_did_not_move(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.memory.products[fake.find("MUG-1").id].modified = began(fake)
    events, _ = read(live, granted, fake, "stock")
    told = {event.at for event in events if isinstance(event, StockChanged)}
    assert all(datetime.now(UTC) - timedelta(minutes=1) < at <= datetime.now(UTC) for at in told)


def test_all_products_are_in_the_full_reading(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    for number in range(45):
        fake.add_product(f"Thing {number}", f"THING-{number}", stock=number)
    events, _ = read(live, granted, fake, "stock")
    assert len(levels(events)) == 48


def test_what_was_trashed_or_deleted_for_good_is_gone(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    kept, trashed, deleted = (fake.order(ANA, [("MUG-1", 1)]) for _ in range(3))
    fake.trash_order(trashed)
    fake.delete_order(deleted)
    refs = [str(order) for order in (kept, trashed, deleted)]
    assert list(live.gone(granted, "order", refs)) == refs[1:]
    shirt, mug = fake.find("TS").id, fake.find("MUG-1").id
    fake.trash_product(mug)
    assert list(live.gone(granted, "product", [str(shirt), str(mug), "999"])) == [str(mug), "999"]


def test_an_order_the_list_leaves_out_is_not_gone(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    fake.memory.orders[order].status = "auto-draft"
    assert list(live.gone(granted, "order", [str(order)])) == []


def test_the_stores_own_count_leaves_out_drafts_and_unpaid_carts(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.order(ANA, [("MUG-1", 1)])
    fake.set_status(fake.order(ANA, [("MUG-1", 1)]), "packed-by-robots")
    fake.leave_draft(ANA, [("MUG-1", 1)])
    fake.place(fake.leave_draft(ANA, [("MUG-1", 1)]), outcome="pending")
    fake.place(fake.leave_draft(ANA, [("MUG-1", 1)]), outcome="failed")
    fake.trash_order(fake.order(ANA, [("MUG-1", 1)]))
    assert live.count_orders(granted, began(fake)) == 2
    assert live.count_orders(granted, fake.clock.now() + timedelta(minutes=1)) == 0


def look_up(live: WooCommerceLive, access: Access, kind: str, ref: int | str) -> list[Event] | None:
    hint = LookUp(kind, str(ref))  # type: ignore[arg-type]
    answers = live.look_up(access, [hint])
    return list(answers[hint]) if hint in answers else None


def test_a_look_up_says_what_the_webhook_would_have_said(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    order, draft = fake.order(ANA, [("MUG-1", 1)]), fake.leave_draft(ANA, [("MUG-1", 1)])
    told = look_up(live, granted, "order", order)
    assert told
    assert isinstance(told[0], OrderUpdated)
    assert told[0].order.bought
    cart = look_up(live, granted, "cart", draft)
    assert cart
    assert isinstance(cart[0], CartUpdated)


@pytest.mark.parametrize("kind", ["product", "variant"])
def test_a_hint_at_a_variation_brings_its_whole_product(
    fake: Fake, live: WooCommerceLive, granted: Access, kind: str
) -> None:
    told = look_up(live, granted, kind, fake.find("TS-S").id)
    assert told
    assert isinstance(told[0], ProductUpdated)
    assert (told[0].product.ref, len(told[0].product.variants)) == (str(fake.find("TS").id), 2)


def test_many_hints_are_few_calls(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    orders = [fake.order(f"b{number}@example.test", [("MUG-1", 1)]) for number in range(20)]
    hints = [LookUp("order", str(order)) for order in orders] + [
        LookUp("product", str(fake.find("MUG-1").id))
    ]
    fake.asked.clear()
    assert set(live.look_up(granted, hints)) == set(hints)
    assert len(fake.asked) == 2


def test_two_hints_at_one_product_read_it_once_and_an_unreadable_one_spoils_no_other(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.find("MUG-1").price = "cheap"
    refs = [fake.find(sku).id for sku in ("TS", "TS-S", "TS-M", "MUG-1")]
    hints = [LookUp("product", str(ref)) for ref in refs]
    fake.asked.clear()
    answers = live.look_up(granted, hints)
    assert [len(answers[hint]) for hint in hints] == [1, 1, 1, 0]
    assert fake.counts[f"GET /wp-json/wc/v3/products/{refs[0]}/variations"] == 1


def test_what_is_gone_in_the_trash_or_no_product_is_absent(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    fake.trash_order(order)
    fake.trash_product("MUG-1")
    gone = [
        ("order", order),
        ("product", fake.find("MUG-1").id),
        ("product", fake.trash_page()),
        ("variant", 999),
    ]
    gone += [("customer", 999), ("inventory_item", 7), ("order", 998)]
    assert [look_up(live, granted, kind, ref) for kind, ref in gone] == [None] * len(gone)


def test_a_customer_the_whole_catalogue_and_the_installation_can_be_asked_for(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    account = fake.add_user(ANA, "subscriber", first_name="Ana")
    assert look_up(live, granted, "customer", account)
    assert look_up(live, granted, "installation", "app") == []
    assert len(look_up(live, granted, "catalogue", "products") or []) == 2


def test_the_store_says_who_it_is(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    told = live.profile(granted)
    assert (told.name, told.currency, told.timezone) == ("Mugs & More", "EUR", "Europe/Madrid")
    assert (told.country, told.domain) == ("ES", granted.identity.domain)
    assert told.meta == {"version": "9.9.5", "auth": "basic", "reminding_plugins": ""}


def test_the_fields_asked_for_are_all_that_is_read(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    """A webhook and a reading of the same order must be the same news."""
    order = fake.place(fake.leave_draft(ANA, [("TS-S", 2), ("MUG-1", 1)]), "card")
    fake.refund(order, "5.00")
    full = live._api(granted).get(f"orders/{order}").said
    heard = WOOCOMMERCE.read("order.updated", json.dumps(full, default=str).encode(), granted.identity)
    assert look_up(live, granted, "order", order) == heard


def test_an_order_changed_while_the_pages_of_one_second_are_read_is_not_lost(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    """As when many are marked as sent at once."""
    fake.clock.stop()
    made = [
        str(fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test"))
        for number in range(120)
    ]
    first = live.read_back(granted, "orders", None, began(fake))
    second = live.read_back(granted, "orders", first.mark, began(fake))
    fake.advance(seconds=5)
    for order in made[:3]:
        fake.complete(int(order))
    rest, _ = read(live, granted, fake, "orders", second.mark)
    assert set(orders_of([*first.events, *second.events, *rest])) == set(made)
