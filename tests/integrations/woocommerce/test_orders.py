"""A shopper buys at a WooCommerce store, and changes her mind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Unreadable
from core.events import (
    Order,
    OrderCancelled,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderUpdated,
)
from core.money import Money
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.integrations.recorded import one, without
from tests.integrations.woocommerce.reading import SHOP, read
from tests.integrations.woocommerce.test_carts import DRAFT, EVE, MUG, OPENED

PLACED = Order(
    ref="23",
    name="23",
    placed_at=OPENED,
    updated_at=datetime(2026, 11, 21, 22, 25, 30, tzinfo=UTC),
    contact=EVE,
    total=Money(2500, "EUR"),
    net=Money(2500, "EUR"),
    bought=True,
    lines=(MUG,),
    cart_ref="23",
)


def order(name: str = "order.updated__processing", **changes: Any) -> Order:
    event = read(name, **changes)[0]
    assert isinstance(event, OrderEvent)
    return event.order


def test_the_draft_becomes_the_order_and_keeps_its_id() -> None:
    assert read("order.updated__checkout_placed_1of2") == [OrderUpdated(PLACED)]
    assert read("order.created__checkout_placed_2of2") == [OrderPlaced(PLACED)]
    assert PLACED.cart_ref == DRAFT.ref


def test_a_paid_order_says_so_and_when() -> None:
    updated, paid = read("order.updated__processing")
    assert isinstance(updated, OrderUpdated)
    assert paid == OrderPaid(updated.order)
    assert updated.order.paid_at == datetime(2026, 11, 21, 22, 22, 11, tzinfo=UTC)


@pytest.mark.parametrize("status", ["on-hold", "processing", "completed"])
def test_what_is_on_its_way_is_bought_even_before_the_money_is_there(status: str) -> None:
    assert order(status=status, date_paid_gmt=None).bought


@pytest.mark.parametrize(
    ("changes", "bought"),
    [
        ({"date_paid_gmt": "2026-11-21T22:22:11", "needs_payment": True}, True),
        ({"date_paid_gmt": None, "needs_payment": False}, True),
        ({"date_paid_gmt": None, "needs_payment": True}, False),
    ],
)
def test_a_status_of_some_plugin_counts_unless_it_waits_for_money(
    changes: dict[str, Any], bought: bool
) -> None:
    assert order(status="packed-by-robots", **changes).bought is bought


@pytest.mark.parametrize(
    ("status", "event"),
    [("cancelled", OrderCancelled), ("trash", OrderCancelled), ("refunded", OrderRefunded)],
)
@pytest.mark.parametrize("name", ["order.created__checkout_placed_2of2", "order.updated__processing"])
def test_an_order_that_ended_is_not_bought(name: str, status: str, event: type[OrderEvent]) -> None:
    (ended,) = read(name, status=status)
    assert isinstance(ended, event)
    assert not ended.order.bought
    assert (ended.order.cancelled_at is not None) == (event is OrderCancelled)


def test_the_net_leaves_out_tax_and_shipping_and_ignores_refunds() -> None:
    refunds = [{"id": 1, "reason": "", "total": "-5.00"}, {"id": 2, "reason": "", "total": "-2.50"}]
    told = order(total="30.95", total_tax="4.94", shipping_total="5.00", refunds=refunds)
    assert (told.total, told.net) == (Money(3095, "EUR"), Money(2101, "EUR"))
    assert told.refunded == Money(750, "EUR")


def test_the_codes_used_are_kept() -> None:
    assert order(coupon_lines=[{"id": 1, "code": "kontor-7f"}]).discount_codes == ("kontor-7f",)


def test_the_number_people_see_may_differ_from_the_id() -> None:
    told = order(number="2026-0015")
    assert (told.ref, told.name) == ("15", "2026-0015")


@pytest.mark.parametrize("key", ["id", "status", "currency", "total", "billing"])
def test_an_order_without_what_it_must_have_is_unreadable_and_says_what(key: str) -> None:
    delivery = one("woocommerce", "order.updated__processing")
    with pytest.raises(Unreadable, match=f"^order.updated: '{key}' is missing$"):
        WOOCOMMERCE.read(delivery.topic, without(delivery, key), SHOP)
