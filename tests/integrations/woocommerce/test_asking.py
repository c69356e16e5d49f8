"""In the last second before a message the store itself is asked: bought? still in stock?"""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import NeedsMerchant, Retryable
from core.events import Stock
from integrations.roles import Access, Buyer, Question
from integrations.woocommerce import purchases
from integrations.woocommerce.live import WooCommerceLive
from tests.fakes.woocommerce import Store as Fake
from tests.fakes.woocommerce.faults import Kind

ANA = "ana@example.test"
EVE = "eve@example.test"


def buyer(
    fake: Fake, email: str | None = None, customer: int | None = None, cart: int | None = None
) -> Buyer:
    since = fake.clock.now() - timedelta(hours=1)
    return Buyer(since, email, str(customer) if customer else None, str(cart) if cart else None, None)


def bought(live: WooCommerceLive, access: Access, *buyers: Buyer) -> list[str]:
    return [order.ref for order in live.ask(access, Question(buyers)).orders if order.bought]


def test_who_bought_is_known_by_her_address(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    order = fake.order("Ana@Example.test", [("MUG-1", 1)])
    fake.order(EVE, [("MUG-1", 1)])
    assert bought(live, granted, buyer(fake, ANA)) == [str(order)]


def test_who_bought_is_known_by_her_account(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    account = fake.add_user(ANA)
    draft = fake.open_checkout([("MUG-1", 1)], account)
    fake.fill_checkout(draft, "other@example.test")
    fake.place(draft)
    assert bought(live, granted, buyer(fake, ANA, account)) == [str(draft)]


def test_a_draft_that_became_an_order_is_known_by_its_id(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    draft = fake.leave_draft(ANA, [("MUG-1", 1)])
    fake.advance(hours=2)
    asked_for = Buyer(fake.memory.orders[draft].created, None, None, str(draft), None)
    assert bought(live, granted, asked_for) == []
    fake.place(draft)
    assert bought(live, granted, asked_for) == [str(draft)]


@pytest.mark.parametrize("outcome", ["pending", "failed"])
def test_an_unpaid_order_is_no_purchase(
    fake: Fake, live: WooCommerceLive, granted: Access, outcome: str
) -> None:
    draft = fake.leave_draft(ANA, [("MUG-1", 1)])
    fake.place(draft, outcome=outcome)  # type: ignore[arg-type]
    assert live.ask(granted, Question((buyer(fake, ANA),))).orders == ()


def test_an_order_cancelled_meanwhile_is_told_as_cancelled(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.cancel(fake.order(ANA, [("MUG-1", 1)]))
    (order,) = live.ask(granted, Question((buyer(fake, ANA),))).orders
    assert not order.bought
    assert order.cancelled_at


def test_a_guest_without_an_account_is_not_every_guest(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.order(EVE, [("MUG-1", 1)])
    assert bought(live, granted, Buyer(fake.clock.now() - timedelta(hours=1), None, None, None, None)) == []


def test_one_call_asks_for_all_buyers(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    for number in range(8):
        fake.order(f"buyer{number}@example.test", [("MUG-1", 1)])
    everybody = [buyer(fake, f"buyer{number}@example.test") for number in range(8)]
    assert len(bought(live, granted, *everybody)) == 8
    assert fake.counts["GET /wp-json/wc/v3/orders"] == 1


def test_many_orders_of_one_second_are_all_read(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    fake.clock.stop()
    for number in range(230):
        fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test")
    everybody = [buyer(fake, f"b{number}@example.test") for number in range(230)]
    assert len(bought(live, granted, *everybody)) == 230


def test_in_a_busy_store_each_buyer_is_asked_for_alone(
    fake: Fake, live: WooCommerceLive, granted: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchases, "FEW_PAGES", 1)
    account = fake.add_user(EVE)
    draft = fake.open_checkout([("MUG-1", 1)], account)
    fake.place(draft)
    third = fake.place(fake.leave_draft("third@example.test", [("MUG-1", 1)]))
    for number in range(320):
        fake.order_by_rest("processing", [("MUG-1", 1)], email=f"b{number}@example.test")
    mine = fake.order(ANA, [("MUG-1", 1)])
    asked = (buyer(fake, ANA), buyer(fake, None, account), buyer(fake, None, None, third))
    assert sorted(bought(live, granted, *asked)) == sorted(map(str, (draft, third, mine)))
    assert fake.counts["GET /wp-json/wc/v3/orders"] == 4


def test_an_unreadable_order_of_the_buyer_means_later(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    fake.order(EVE, [("MUG-1", 1)])
    fake.memory.orders[order].status = ""
    with pytest.raises(Retryable):
        bought(live, granted, buyer(fake, ANA))
    assert len(bought(live, granted, buyer(fake, EVE))) == 1


@pytest.mark.parametrize(
    "kind", ["too_many", "unavailable", "maintenance", "server_error", "waf", "html", "cut"]
)
def test_a_store_that_ails_means_later(
    fake: Fake, live: WooCommerceLive, granted: Access, kind: Kind
) -> None:
    fake.trouble(kind)
    with pytest.raises(Retryable):
        bought(live, granted, buyer(fake, ANA))


def test_a_store_whose_keys_owner_lost_her_rights_must_be_connected_anew(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.demote_owner()
    with pytest.raises(NeedsMerchant, match=r"^owner_demoted$"):
        bought(live, granted, buyer(fake, ANA))


def test_a_store_whose_keys_owner_is_gone_must_be_connected_anew(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.delete_owner()
    with pytest.raises(NeedsMerchant, match=r"^keys_refused$"):
        bought(live, granted, buyer(fake, ANA))


def stock(fake: Fake, live: WooCommerceLive, access: Access, *skus: str) -> dict[str, Stock | None]:
    refs = tuple(str(fake.find(sku).id) for sku in skus)
    told = live.ask(access, Question((), refs)).stock
    return {sku: told.get(ref) for sku, ref in zip(skus, refs, strict=True)}


def test_the_stock_of_products_and_variations_is_told(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.edit_stock_in_the_database("TS-M", 0)
    told = stock(fake, live, granted, "MUG-1", "TS-S", "TS-M")
    assert told == {"MUG-1": Stock("units", 10), "TS-S": Stock("units", 5), "TS-M": Stock("none")}


def test_sisters_are_read_together(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    for number in range(6):
        fake.add_variation("TS", f"X{number}", f"TS-{number}", stock=number)
    told = stock(fake, live, granted, *(f"TS-{number}" for number in range(6)))
    assert told["TS-5"] == Stock("units", 5)
    assert sum(fake.counts.values()) == 4


def test_a_variation_that_shares_its_products_stock_tells_that_number(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.add_product("Cap", "CAP", "15", 9)
    fake.add_variation("CAP", "red", "CAP-R", "15", None)
    assert stock(fake, live, granted, "CAP-R") == {"CAP-R": Stock("units", 9)}


def test_what_is_not_for_sale_any_more_has_no_stock(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.add_product("Old", "OLD", "1", 3)
    fake.find("OLD").status = "draft"
    fake.find("TS").status = "private"
    fake.trash_product("MUG-1")
    told = stock(fake, live, granted, "MUG-1", "TS-S", "OLD")
    assert set(told.values()) == {None}
    assert live.ask(granted, Question((), ("999999", "no-id"))).stock == {}


def test_nothing_asked_nothing_called(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    live.ask(granted, Question())
    assert not fake.asked


def test_a_cart_of_two_weeks_ago_is_asked_about_by_utc(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    """The store's own time is an hour or two ahead; without saying UTC the last hours would be missed."""
    order = fake.order(ANA, [("MUG-1", 1)])
    since = datetime.now(UTC) - timedelta(minutes=2)
    assert bought(live, granted, Buyer(since, ANA, None, None, None)) == [str(order)]
