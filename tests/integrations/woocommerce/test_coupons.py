"""A code is made in the store when due: for one person, once, until the moment she is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.money import Money
from integrations.roles import Access, DiscountOrder
from integrations.woocommerce.live import WooCommerceLive
from tests.fakes.woocommerce import Store as Fake
from tests.fakes.woocommerce.checkout import CouponRefused

ANA = "Ana@Example.test"
ENDS = datetime.now(UTC).replace(hour=22, minute=0, second=0, microsecond=0) + timedelta(days=3)
TEN = DiscountOrder("COMEBACK7X", "percent", 10, "EUR", ENDS, email=ANA)


def buy_with(fake: Fake, code: str, email: str = ANA) -> Decimal:
    draft = fake.leave_draft(email, [("MUG-1", 2)])
    return fake.memory.orders[fake.place(draft, "card", coupon=code)].total


def test_a_code_takes_off_what_was_promised(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    live.create_discount(granted, TEN)
    assert buy_with(fake, "comeback7x") == Decimal("22.50")


def test_a_code_is_for_one_person_and_once(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    live.create_discount(granted, TEN)
    with pytest.raises(CouponRefused, match="not yours"):
        buy_with(fake, TEN.code, "eve@example.test")
    buy_with(fake, TEN.code)
    with pytest.raises(CouponRefused, match="usage limit"):
        buy_with(fake, TEN.code)


def test_a_code_ends_at_the_very_moment_that_was_told(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, TEN)
    coupon = fake.memory.coupon_by_code(TEN.code)
    assert coupon
    assert coupon.expires == ENDS


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (replace(TEN, kind="amount", value=550), {"discount_type": "fixed_cart", "amount": "5.50"}),
        (replace(TEN, kind="amount", value=500, currency="JPY"), {"amount": "500.00"}),
        (
            replace(TEN, kind="free_shipping", value=0),
            {"discount_type": "fixed_cart", "amount": "0.00", "free_shipping": True},
        ),
        (replace(TEN, minimum=Money(2999, "EUR")), {"minimum_amount": "29.99", "amount": "10.00"}),
        (replace(TEN, email=None), {"email_restrictions": []}),
        (TEN, {"email_restrictions": ["ana@example.test"], "usage_limit": 1, "discount_type": "percent"}),
    ],
)
def test_each_offer_becomes_the_coupon_that_was_meant(
    fake: Fake, live: WooCommerceLive, granted: Access, order: DiscountOrder, fields: dict[str, object]
) -> None:
    live.create_discount(granted, order)
    coupon = fake.memory.coupon_by_code(order.code)
    assert coupon
    assert {name: coupon.fields[name] for name in fields} == fields


def test_making_the_same_code_again_makes_no_second(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, TEN)
    live.create_discount(granted, TEN)
    assert len(fake.coupons_ever) == 1


def test_another_coupon_of_that_code_is_left_alone(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, replace(TEN, value=50))
    with pytest.raises(Permanent):
        live.create_discount(granted, TEN)
    assert live.has_discount(granted, TEN.code)


def test_an_answer_that_is_lost_leaves_a_doubt_that_a_look_ends(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.trouble("answer_lost", method="POST")
    with pytest.raises(InDoubt):
        live.create_discount(granted, TEN)
    assert live.has_discount(granted, TEN.code)
    live.create_discount(granted, TEN)
    assert len(fake.coupons_ever) == 1


@pytest.mark.parametrize("kind", ["server_error", "html"])
def test_an_unclear_answer_is_a_doubt(fake: Fake, live: WooCommerceLive, granted: Access, kind: str) -> None:
    fake.trouble(kind, method="POST")  # type: ignore[arg-type]
    with pytest.raises(InDoubt):
        live.create_discount(granted, TEN)
    assert not live.has_discount(granted, TEN.code)


@pytest.mark.parametrize("kind", ["too_many", "maintenance", "waf"])
def test_a_store_that_surely_did_nothing_is_asked_later(
    fake: Fake, live: WooCommerceLive, granted: Access, kind: str
) -> None:
    fake.trouble(kind, method="POST")  # type: ignore[arg-type]
    with pytest.raises(Retryable):
        live.create_discount(granted, TEN)


def test_keys_that_may_only_read_are_named(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    key = fake.new_key("read")
    reader = replace(granted, token=f"{key.consumer_key}:{key.consumer_secret}")
    with pytest.raises(NeedsMerchant, match=r"^read_only$"):
        live.create_discount(reader, TEN)


def test_a_code_is_found_however_it_is_written(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    live.create_discount(granted, TEN)
    assert live.has_discount(granted, "COMEBACK7X")
    assert live.has_discount(granted, "comeback7x")
    assert not live.has_discount(granted, "COMEBACK")


def test_a_removed_code_is_gone_and_may_be_removed_again(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, TEN)
    live.remove_discount(granted, TEN.code)
    live.remove_discount(granted, TEN.code)
    assert not fake.memory.coupons


def test_twins_made_at_one_instant_are_both_removed(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, TEN)
    fake.let_twin_coupons_pass()
    live.create_discount(granted, TEN)
    assert len(fake.memory.coupons) == 2
    live.remove_discount(granted, TEN.code)
    assert not fake.memory.coupons


def test_a_removal_whose_answer_is_lost_may_be_repeated(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    live.create_discount(granted, TEN)
    fake.trouble("answer_lost", method="DELETE")
    with pytest.raises(Retryable):
        live.remove_discount(granted, TEN.code)
    live.remove_discount(granted, TEN.code)
    assert not live.has_discount(granted, TEN.code)


def test_where_the_host_cuts_the_header_off_all_of_it_works_by_the_address(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    fake.set_site(strips_authorization=True)
    by_address = replace(granted, meta={**granted.meta, "auth": "query"})
    live.create_discount(by_address, TEN)
    assert live.has_discount(by_address, TEN.code)
    live.remove_discount(by_address, TEN.code)
    with pytest.raises(NeedsMerchant):
        live.has_discount(granted, TEN.code)
