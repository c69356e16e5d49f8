"""What no webhook told is read back from the shop itself, and ends in the same records."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.models.tables import (
    carts,
    effects,
    enrolments,
    orders,
    readings,
    variants,
)
from engine import readings as reading_back
from integrations.live import Portion
from integrations.roles import Access
from tests.engine.connected import ANNA, AtShopify, AtWooCommerce, Connected, goes_live

BEN = "ben@example.com"


def names(connected: Connected) -> set[str]:
    return {row.ref for row in connected.kontor.rows(orders)}


def test_what_was_there_before_is_remembered_and_starts_no_trip(shopify: AtShopify) -> None:
    goes_live(shopify)
    old = shopify.shop.place_order(email=ANNA, silent=True)
    shopify.shop.leave_checkout(ANNA, silent=True, customer=old.customer)
    shopify.read_back()
    assert names(shopify) == {str(old.number)}
    assert len(shopify.kontor.rows(carts)) == 1
    assert shopify.kontor.rows(enrolments) == shopify.kontor.rows(effects) == []
    assert shopify.reading_of().found == 0
    shopify.read_back()
    assert shopify.kontor.rows(enrolments) == [], "nor does the next one, which overlaps"


def test_what_no_webhook_told_since_then_starts_a_trip_as_if_it_had(shopify: AtShopify) -> None:
    goes_live(shopify)
    earlier = clock.now() - timedelta(hours=1)
    buyer = shopify.shop.place_order(email=ANNA, silent=True, created_at=earlier).customer
    shopify.read_back()
    shopify.shop.leave_checkout(ANNA, silent=True, customer=buyer)
    shopify.read_back()
    assert [row.state for row in shopify.kontor.rows(enrolments)] == ["active"]


def test_an_order_read_back_ends_the_trip_of_who_placed_it(woo: AtWooCommerce) -> None:
    woo.read_back()
    goes_live(woo)
    woo.check_up()
    woo.store.advance(hours=-1)
    woo.store.order(ANNA, [("PLATE", 1)])
    woo.store.advance(hours=1)
    woo.deliver()
    draft = woo.store.leave_draft(ANNA, [("MUG", 1)])
    woo.deliver()
    assert [row.state for row in woo.kontor.rows(enrolments)] == ["active"]
    woo.store.lose(drop=1.0)
    woo.store.place(draft, "card")
    woo.deliver()
    woo.read_back()
    assert [(row.state, row.reason) for row in woo.kontor.rows(enrolments)] == [("exited", "bought")]


def test_orders_heard_and_found_are_counted_apart(shopify: AtShopify, woo: AtWooCommerce) -> None:
    """Two databases of their own would be two tests; the counting is the same."""
    shopify.read_back()
    for email in (ANNA, BEN):
        shopify.shop.place_order(email=email)
    shopify.settle()
    shopify.shop.place_order(email="c@example.com", silent=True)
    shopify.read_back()
    assert sorted(row.heard for row in shopify.kontor.rows(orders)) == [False, True, True]
    assert shopify.reading_of().found == 1
    shopify.read_back()
    assert shopify.reading_of().found == 1, "read again, it is not found again"
    shopify.check_up()
    assert shopify.connection().shop_count == 3


def test_of_woocommerce_too(woo: AtWooCommerce) -> None:
    woo.read_back()
    woo.check_up()
    woo.store.order(ANNA, [("MUG", 1)])
    woo.deliver()
    woo.store.lose(drop=1.0)
    woo.store.order(BEN, [("MUG", 1)])
    woo.store.leave_draft("c@example.com", [("MUG", 1)])
    woo.deliver()
    woo.read_back()
    assert sorted(row.heard for row in woo.kontor.rows(orders)) == [False, True]
    assert woo.reading_of().found == 1
    woo.check_up()
    assert woo.connection().shop_count == 2, "a draft is no order"


def test_a_reading_begins_a_while_before_the_end_of_the_one_before(shopify: AtShopify) -> None:
    """Shopify's search learns late: what it did not know then is read now."""
    shopify.read_back()
    shopify.shop.search_lags(300)
    hidden = shopify.shop.place_order(email=ANNA, silent=True)
    shopify.shop.search_lags(0)
    shopify.fake.forward(minutes=5)
    shopify.shop.place_order(email=BEN, silent=True)
    hidden_at = hidden.updated_at
    shopify.read_back()
    known = names(shopify)
    shopify.read_back()
    assert str(hidden.number) in names(shopify) >= known
    assert hidden.updated_at == hidden_at


def test_a_page_that_fails_is_gone_on_with_later(shopify: AtShopify) -> None:
    made = [shopify.shop.place_order(email=f"a{n}@example.com", silent=True) for n in range(25)]
    shopify.fake.fail("status", times=50, on="orders", skip=1)
    shopify.read_back("orders")
    row = shopify.reading_of()
    known = names(shopify)
    assert 0 < len(known) < len(made)
    assert (row.attempts, row.completed_at, row.lease_until) == (1, None, None)
    assert row.trouble
    assert row.next_at > clock.now()
    shopify.fake.faults.clear()
    shopify.fake.forget_calls()
    shopify.read_back("orders")
    assert names(shopify) == {str(order.number) for order in made}
    assert shopify.reading_of().trouble is None
    assert shopify.reading_of().completed_at is not None


class Killed(BaseException):
    """The process is gone in the middle of it."""


def test_a_worker_killed_in_the_middle_loses_nothing(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [shopify.shop.place_order(email=f"a{n}@example.com", silent=True) for n in range(25)]
    killing(shopify, after_pages=1, monkeypatch=monkeypatch)
    with pytest.raises(Killed):
        shopify.read_back("orders")
    assert len(names(shopify)) < len(made)
    monkeypatch.undo()
    assert reading_back.run(shopify.machine) >= 0
    assert len(names(shopify)) < len(made), "as long as the dead worker's lease lasts"
    over = {"lease_until": clock.now() - timedelta(seconds=1)}
    shopify.kontor.write(update(readings).values(**over))
    reading_back.run(shopify.machine)
    assert names(shopify) == {str(order.number) for order in made}


def killing(connected: Connected, after_pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, asked = connected.live.read_back, []

    def read_back(access: Access, reading: str, mark: str | None, began: Any) -> Portion:
        asked.append(mark)
        if len(asked) > after_pages:
            raise Killed
        return honest(access, reading, mark, began)

    monkeypatch.setattr(connected.live, "read_back", read_back)


def test_a_reading_that_became_somebody_elses_counts_and_moves_nothing(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopify.read_back()
    shopify.shop.place_order(email=ANNA, silent=True)
    honest, before = shopify.live.read_back, shopify.reading_of()

    def read_back(access: Access, reading: str, mark: str | None, began: Any) -> Portion:
        if reading == "orders":
            shopify.kontor.write(update(readings).values(claim=readings.c.claim + 1))
        return honest(access, reading, mark, began)

    monkeypatch.setattr(shopify.live, "read_back", read_back)
    shopify.read_back("orders")
    after = shopify.reading_of()
    assert (after.mark, after.found) == (before.mark, before.found)


def test_one_reading_with_a_fault_of_ours_keeps_none_of_the_others_waiting(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = shopify.live.read_back

    def read_back(access: Access, reading: str, mark: str | None, began: Any) -> Portion:
        if reading == "orders":
            raise KeyError("a fault")
        return honest(access, reading, mark, began)

    monkeypatch.setattr(shopify.live, "read_back", read_back)
    shopify.read_back()
    assert shopify.reading_of("orders").trouble == "internal: KeyError"
    assert shopify.reading_of("checkouts").completed_at is not None


def test_a_shop_that_came_back_tells_what_happened_meanwhile_without_starting_a_trip(
    shopify: AtShopify,
) -> None:
    goes_live(shopify)
    earlier = clock.now() - timedelta(hours=1)
    buyer = shopify.shop.place_order(email=ANNA, silent=True, created_at=earlier).customer
    shopify.read_back()
    shopify.shop.uninstall()
    shopify.settle()
    assert shopify.kontor.merchant.uninstalled_at is not None
    shopify.reconnect()
    meanwhile = shopify.shop.leave_checkout(ANNA, silent=True, customer=buyer)
    shopify.read_back()
    assert [row.ref for row in shopify.kontor.rows(carts)] != []
    assert shopify.kontor.rows(enrolments) == [], meanwhile


def test_what_came_of_our_own_writing_is_no_news(woo: AtWooCommerce) -> None:
    woo.check_up()
    woo.read_back()
    woo.store.order(ANNA, [("MUG", 1)])
    woo.deliver()
    before = woo.kontor.rows(orders)
    woo.read_back()
    assert woo.kontor.rows(orders) == before
    assert woo.reading_of().found == 0


def test_stock_changed_behind_everybodys_back_is_found_by_the_full_reading(woo: AtWooCommerce) -> None:
    woo.read_back()
    assert stock(woo)["MUG"] == ("units", 10)
    woo.store.edit_stock_in_the_database("MUG", 0)
    woo.read_back("products")
    assert stock(woo)["MUG"] == ("units", 10), "no date has moved"
    woo.read_back("stock")
    assert stock(woo)["MUG"] == ("none", None)


def stock(connected: Connected) -> dict[str, tuple[str | None, int | None]]:
    return {row.sku: (row.stock_kind, row.stock_units) for row in connected.kontor.rows(variants)}


def test_orders_and_products_that_are_gone_are_found(woo: AtWooCommerce) -> None:
    woo.read_back()
    trashed, deleted, kept = (woo.store.order(ANNA, [("MUG", 1)]) for _ in range(3))
    woo.read_back()
    woo.store.trash_order(trashed)
    woo.store.delete_order(deleted)
    woo.store.delete_product("PLATE")
    woo.read_back()
    assert sold(woo) == {
        str(trashed),
        str(deleted),
        str(kept),
    }
    woo.check_up()
    assert sold(woo) == {str(kept)}
    assert all(row.cancelled_at for row in woo.kontor.rows(orders, orders.c.ref != str(kept)))
    assert stock(woo)["PLATE"] == ("none", None)
    assert stock(woo)["MUG"][0] == "units"
    woo.check_up()
    assert sold(woo) == {str(kept)}


def sold(connected: Connected) -> set[str]:
    return {row.ref for row in connected.kontor.rows(orders) if row.bought}


def test_of_shopify_too(shopify: AtShopify) -> None:
    mug = shopify.shop.add_product("Mug", silent=False)
    plate = shopify.shop.add_product("Plate", silent=False)
    gone, kept = (shopify.shop.place_order(email=ANNA, lines=[(mug.variants[0], 1)]) for _ in range(2))
    shopify.settle()
    shopify.read_back()
    shopify.shop.delete_order(gone, silent=True)
    shopify.shop.delete_product(plate, silent=True)
    shopify.check_up()
    assert sold(shopify) == {str(kept.number)}
    sold_out = {row.sku for row in shopify.kontor.rows(variants) if row.stock_kind == "none"}
    assert sold_out == {"plate-1"}


def test_a_trashed_order_that_is_restored_counts_again(woo: AtWooCommerce) -> None:
    woo.read_back()
    order = woo.store.order(ANNA, [("MUG", 1)])
    woo.read_back()
    woo.store.trash_order(order)
    woo.check_up()
    woo.store.advance(seconds=5)
    woo.store.restore_order(order)
    woo.read_back()
    (row,) = woo.kontor.rows(orders)
    assert (row.bought, row.cancelled_at) == (True, None)


def test_what_only_seemed_gone_for_a_moment_is_there_again(
    woo: AtWooCommerce, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it has changed at the store, so that nothing newer will be told."""
    woo.read_back()
    order = woo.store.order(ANNA, [("MUG", 1)])
    woo.read_back()
    monkeypatch.setattr(woo.live, "gone", lambda access, kind, refs: refs)
    woo.check_up()
    assert sold(woo) == set()
    assert stock(woo)["MUG"] == ("none", None)
    woo.read_back()
    assert sold(woo) == {str(order)}
    assert stock(woo)["MUG"] == ("units", 9)


def test_a_reading_under_way_while_she_reinstalls_does_not_count_as_one_since(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what happened while she was away would start trips after all."""
    shopify.read_back()
    honest = shopify.live.read_back

    def read_back(access: Access, reading: str, mark: str | None, began: Any) -> Portion:
        monkeypatch.undo()
        told = honest(access, reading, mark, began)
        shopify.shop.uninstall()
        shopify.settle()
        shopify.reconnect()
        return told

    monkeypatch.setattr(shopify.live, "read_back", read_back)
    due = {"next_at": clock.now()}
    shopify.kontor.write(update(readings).where(readings.c.name == "orders").values(**due))
    reading_back.run(shopify.machine, most=1)
    row = shopify.reading_of("orders")
    assert row.completed_at is None
    assert row.next_at <= clock.now()


def test_each_page_that_came_keeps_the_reading_ours(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the shop takes for all of them."""
    for number in range(12):
        shopify.shop.place_order(email=f"a{number}@example.test", silent=True)
    honest, leases = shopify.live.read_back, []

    def read_back(access: Access, reading: str, mark: str | None, began: Any) -> Portion:
        row = shopify.reading_of(reading)
        leases.append(row.lease_until - clock.now())
        nearly_over = {"lease_until": clock.now() + timedelta(seconds=1)}
        shopify.kontor.write(update(readings).where(readings.c.id == row.id).values(**nearly_over))
        return honest(access, reading, mark, began)

    monkeypatch.setattr(shopify.live, "read_back", read_back)
    shopify.read_back("orders")
    assert len(leases) > 2
    assert min(leases) > timedelta(minutes=4)
