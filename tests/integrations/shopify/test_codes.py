"""Codes in a shop at Shopify: made once, for one use, and taken out again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import InDoubt, Permanent
from core.money import Money
from integrations.roles import Access, DiscountOrder
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO

ENDS = (datetime.now(UTC) + timedelta(days=3)).replace(hour=22, minute=0, second=0, microsecond=0)


def code(name: str, **more: Any) -> DiscountOrder:
    ten = DiscountOrder(name, "percent", 10, "EUR", ENDS, flow="cart_recovery")
    return replace(ten, **more)


def test_codes_of_one_offer_share_one_discount_and_each_is_for_one_use(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    for name in ("AAA", "BBB", "CCC"):
        assert not live.has_discount(access, name)
        live.create_discount(access, code(name))
        assert live.has_discount(access, name)
    (discount,) = beans.memory.discounts.values()
    assert [one.code for one in discount.codes] == ["AAA", "BBB", "CCC"]
    assert (discount.percentage, discount.usage_limit, discount.once_per_customer) == (0.1, 1, True)
    assert discount.ends_at == ENDS
    beans.place_order(email=ANA, silent=True, codes=("BBB",))


@pytest.mark.parametrize(
    "other",
    [
        {"flow": "review_nudge"},
        {"value": 15},
        {"kind": "amount", "value": 500},
        {"kind": "free_shipping", "value": 0},
        {"ends_at": ENDS + timedelta(days=1)},
        {"minimum": Money(5000, "EUR")},
    ],
)
def test_another_flow_offer_or_end_is_another_discount(
    live: ShopifyLive, access: Access, beans: Shop, other: dict[str, Any]
) -> None:
    live.create_discount(access, code("AAA"))
    live.create_discount(access, code("BBB", **other))
    live.create_discount(access, code("CCC", **other))
    assert [len(one.codes) for one in beans.memory.discounts.values()] == [1, 2]


def test_sums_reach_the_shop_in_its_own_writing(live: ShopifyLive, access: Access, beans: Shop) -> None:
    live.create_discount(access, code("AAA", kind="amount", value=550, minimum=Money(5000, "EUR")))
    (discount,) = beans.memory.discounts.values()
    assert [str(discount.amount), str(discount.minimum), discount.each_item] == ["5.50", "50.00", False]


def test_the_same_code_made_again_is_made_once(live: ShopifyLive, access: Access, beans: Shop) -> None:
    for name in ("AAA", "BBB", "BBB", "AAA"):
        live.create_discount(access, code(name))
    assert beans.codes == ["AAA", "BBB"]


def test_another_process_finds_the_discount_by_its_title(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    live.create_discount(access, code("AAA"))
    live._discounts._carriers.clear()
    live.create_discount(access, code("BBB"))
    assert len(beans.memory.discounts) == 1


def test_a_code_whose_answer_was_lost_is_in_doubt_and_found_afterwards(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    shopify.fail("lost_answer", on="discountCodeBasicCreate")
    with pytest.raises(InDoubt):
        live.create_discount(access, code("AAA"))
    assert live.has_discount(access, "AAA")
    live.create_discount(access, code("AAA"))
    assert beans.codes == ["AAA"]


def test_a_code_the_shop_makes_too_slowly_is_in_doubt_and_not_doubled(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    live.create_discount(access, code("AAA"))
    beans.memory.queue_calls = 50
    with pytest.raises(InDoubt):
        live.create_discount(access, code("BBB"))
    shopify.forward(minutes=1)
    assert live.has_discount(access, "BBB")
    live.create_discount(access, code("BBB"))
    assert beans.codes == ["AAA", "BBB"]


def test_a_discount_the_merchant_deleted_is_made_anew(live: ShopifyLive, access: Access, beans: Shop) -> None:
    live.create_discount(access, code("AAA"))
    beans.memory.discounts.clear()
    live.create_discount(access, code("BBB"))
    assert live.has_discount(access, "BBB")


def test_a_code_the_shop_refuses_is_final(live: ShopifyLive, access: Access) -> None:
    with pytest.raises(Permanent, match="Ends at"):
        live.create_discount(access, code("AAA", ends_at=LONG_AGO))


def test_only_the_code_itself_is_taken_out_and_at_last_its_discount(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    for name in ("AAA", "BBB"):
        live.create_discount(access, code(name))
    live.remove_discount(access, "AAA")
    (discount,) = beans.memory.discounts.values()
    assert [one.code for one in discount.codes] == ["BBB"]
    live.remove_discount(access, "AAA")
    live.remove_discount(access, "BBB")
    assert beans.memory.discounts == {}


def test_a_discount_of_the_merchants_own_is_never_deleted(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    live.create_discount(access, code("AAA"))
    (discount,) = beans.memory.discounts.values()
    discount.title = "Summer sale"
    live.remove_discount(access, "AAA")
    assert (list(beans.memory.discounts), discount.codes) == ([discount.number], [])
