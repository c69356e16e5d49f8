"""A shopper buys on Shopify; the order is paid, sent, cancelled, given back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import (
    ConsentChanged,
    Contact,
    LookUp,
    Order,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    OrderUpdated,
)
from core.money import Money
from tests.integrations.recorded import one
from tests.integrations.shopify.reading import SHOP, read

NEW_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
JON = Contact(
    email="jon@example.com",
    customer_ref="115310627314723954",
    first_name="John",
    locale="en",
    country="US",
)
GOOD: dict[str, Any] = {"cancelled_at": None, "financial_status": "paid", "test": False}


def order(name: str = "orders_create", **changes: Any) -> Order:
    event = read(name, **changes)[0]
    assert isinstance(event, OrderEvent)
    return event.order


def test_the_recorded_order_is_told_whole() -> None:
    told = order()
    assert (told.ref, told.name) == ("820982911946154508", "#9999")
    assert (told.placed_at, told.updated_at, told.cancelled_at) == (NEW_YEAR, NEW_YEAR, NEW_YEAR)
    assert told.contact == JON
    assert (told.total, told.net) == (Money(40495, "USD"), Money(40495, "USD"))
    assert [line.title for line in told.lines] == [
        "Aviator sunglasses",
        "Lens Protection Plan (2 Year)",
        "Premium Leather Case",
        "Mid-century lounger",
        "Coffee table",
    ]
    assert told.lines[1].product_ref is None
    assert (told.test, told.bought, told.paid_at, told.refunded) == (True, False, None, None)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("orders_create", OrderPlaced),
        ("orders_paid", OrderPaid),
        ("orders_cancelled", OrderCancelled),
        ("orders_updated", OrderUpdated),
        ("orders_fulfilled", OrderUpdated),
        ("orders_partially_fulfilled", OrderUpdated),
    ],
)
def test_every_topic_tells_the_same_order_in_its_own_word(name: str, event: type[OrderEvent]) -> None:
    consent = ConsentChanged(JON, "email", "opted_in", NEW_YEAR, "shopify_order")
    assert read(name) == [event(order()), consent]


def test_consent_given_with_an_order_stays_as_old_as_the_order() -> None:
    _, consent = read("orders_updated", updated_at="2022-06-01T00:00:00Z")
    assert isinstance(consent, ConsentChanged)
    assert consent.at == NEW_YEAR


@pytest.mark.parametrize("status", ["paid", "pending", "authorized", "refunded", "a new word", None])
def test_an_order_counts_as_bought_however_it_is_paid(status: str | None) -> None:
    assert order(**GOOD | {"financial_status": status}).bought


@pytest.mark.parametrize(
    "change", [{"cancelled_at": "2022-01-02T00:00:00Z"}, {"financial_status": "voided"}, {"test": True}]
)
def test_a_cancelled_a_voided_and_a_test_order_are_not_bought(change: dict[str, Any]) -> None:
    assert not order(**GOOD | change).bought


def test_an_order_names_the_checkout_and_the_cart_it_came_from() -> None:
    told = order(checkout_token="123123123", cart_token="eeafa272")
    assert (told.cart_ref, told.cart_token) == ("123123123", "eeafa272")


def test_paid_counts_from_the_placing_whenever_it_is_heard() -> None:
    early = order("orders_paid", **GOOD)
    late = order("orders_updated", **GOOD, updated_at="2022-06-01T00:00:00Z")
    assert early.paid_at == late.paid_at == NEW_YEAR
    assert order(**GOOD | {"financial_status": "pending"}).paid_at is None


def test_where_prices_include_tax_the_net_leaves_it_out() -> None:
    line = {"title": "Mug", "quantity": 1, "price": "119.00", "tax_lines": [{"price": "19.00"}]}
    told = order(taxes_included=True, subtotal_price="119.00", total_price="124.00", line_items=[line])
    assert (told.total, told.net) == (Money(12400, "USD"), Money(10000, "USD"))


def test_what_was_given_back_is_summed_and_what_failed_is_not() -> None:
    made = [
        {"kind": "refund", "status": "success", "amount": "75.00"},
        {"kind": "refund", "status": "failure", "amount": "75.00"},
        {"kind": "void", "status": "success", "amount": "1.00"},
    ]
    assert order(refunds=[{"transactions": made}, {"transactions": made[:1]}]).refunded == Money(15000, "USD")


def test_the_codes_used_are_kept() -> None:
    codes = [{"code": "KONTOR-7F", "amount": "5.00", "type": "percentage"}, {"code": ""}]
    assert order(discount_codes=codes).discount_codes == ("KONTOR-7F",)


def test_an_id_beyond_what_a_float_can_hold_keeps_its_last_digit() -> None:
    assert order(id=9_007_199_254_740_993).ref == "9007199254740993"
    assert {line.product_ref for line in order().lines} == {"788032119674292922", None}


def test_an_edit_a_refund_and_a_deletion_send_us_to_ask() -> None:
    wanted = [LookUp("order", "820982911946154508")]
    assert read("orders_edited") == read("refunds_create") == wanted


def test_a_parcel_is_sent_and_arrives() -> None:
    assert read("fulfillments_create") == []
    assert read("fulfillments_create", status="success") == [
        OrderShipped("820982911946154508", NEW_YEAR, proven=False)
    ]
    assert read("fulfillment_events_create") == []
    assert read("fulfillment_events_create", status="delivered") == [
        OrderDelivered("820982911946154508", NEW_YEAR)
    ]


@pytest.mark.parametrize(
    "name", ["order_transactions_create", "returns_request", "tender_transactions_create", "disputes_create"]
)
def test_what_no_flow_needs_yet_says_nothing(name: str) -> None:
    assert read(name) == []


def test_the_orders_recorded_are_those_the_shop_would_have_sent() -> None:
    assert one("shopify", "orders_create").json()["order_status_url"].split("/")[3] == SHOP.shop_id
