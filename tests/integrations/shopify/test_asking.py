"""In the last moment a shop at Shopify is asked: bought already, and still there?"""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import NeedsMerchant, Retryable
from core.events import Stock
from integrations.roles import Access, Answer, Buyer, Question
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO, buyer, heard


def placed(live: ShopifyLive, access: Access, *buyers: Buyer) -> list[str]:
    return [order.ref for order in live.ask(access, Question(buyers)).orders]


@pytest.mark.parametrize("by", ["cart_ref", "cart_token", "email", "customer_ref"])
def test_an_order_is_found_by_whatever_is_known_of_the_buyer(
    live: ShopifyLive, access: Access, beans: Shop, by: str
) -> None:
    checkout = beans.leave_checkout(email=ANA, silent=True)
    order = beans.place_order(checkout, silent=True)
    beans.place_order(email="another@example.test", silent=True)
    assert order.customer
    known = {
        "cart_ref": checkout.token,
        "cart_token": checkout.cart_token,
        "email": ANA,
        "customer_ref": str(order.customer.number),
    }
    assert placed(live, access, buyer(**{by: known[by]})) == [str(order.number)]


def test_the_order_asked_for_is_the_order_that_was_heard(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    checkout = beans.leave_checkout(email=ANA)
    beans.place_order(checkout)
    (told,) = live.ask(access, Question((buyer(email=ANA),))).orders
    assert told == heard(beans, "orders/paid")


def test_an_order_just_placed_is_found_before_the_search_knows_it(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    beans.search_lags(300)
    checkout = beans.leave_checkout(email=ANA, silent=True)
    order = beans.place_order(checkout, silent=True)
    beans.place_order(email="another@example.test", silent=True)
    for known in ({"cart_ref": checkout.token}, {"cart_token": checkout.cart_token}, {"email": ANA.upper()}):
        assert placed(live, access, buyer(**known)) == [str(order.number)]


def test_an_order_of_before_the_cart_is_none_of_ours(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.place_order(email=ANA, silent=True, created_at=LONG_AGO - timedelta(hours=1))
    assert placed(live, access, buyer(email=ANA)) == []


def test_of_somebody_of_whom_nothing_is_known_nothing_is_asked(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    beans.place_order(email=ANA, silent=True)
    assert live.ask(access, Question((buyer(),))) == Answer()
    assert shopify.calls == []


def test_what_a_shopper_typed_is_never_a_word_of_the_search(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    beans.place_order(email=ANA, silent=True)
    for typed in ('x" OR email:*', "x OR status:any", "x\\", "*", 'x") OR (test:false'):
        assert placed(live, access, buyer(email=typed, cart_token=typed)) == []


def test_one_call_asks_for_all_buyers_and_all_stock(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    mug = beans.add_product("Mug", stock=3).variants[0]
    buyers = tuple(
        buyer(email=f"b{at}@example.test", cart_ref=f"c{at}", cart_token=f"t{at}") for at in range(20)
    )
    answer = live.ask(access, Question(buyers, (str(mug.number),)))
    assert answer.stock == {str(mug.number): Stock("units", 3)}
    assert len(shopify.calls) == 1


def test_many_orders_with_many_lines_come_whole(live: ShopifyLive, access: Access, beans: Shop) -> None:
    variants = [(beans.add_product(f"Thing {at}").variants[0], 1) for at in range(60)]
    beans.place_order(email=ANA, lines=variants)
    for _ in range(7):
        beans.place_order(email=ANA, silent=True)
    told = live.ask(access, Question((buyer(email=ANA),))).orders
    assert len(told) == 8
    assert max(told, key=lambda order: len(order.lines)) == heard(beans, "orders/paid")


def test_stock_is_what_can_be_sold(live: ShopifyLive, access: Access, beans: Shop) -> None:
    names = ("counted", "sold out", "oversold", "uncounted", "draft", "deleted")
    made = {name: beans.add_product(name, stock=2) for name in names}
    variants = {name: product.variants[0] for name, product in made.items()}
    beans.sell_out(variants["sold out"], silent=True)
    variants["oversold"].oversell = True
    variants["uncounted"].tracked = False
    made["draft"].status = "DRAFT"
    beans.delete_product(made["deleted"], silent=True)
    refs = tuple(str(variant.number) for variant in variants.values())
    stock = live.ask(access, Question(variant_refs=(*refs, "no-number"))).stock
    assert {name: stock.get(str(variant.number)) for name, variant in variants.items()} == {
        "counted": Stock("units", 2),
        "sold out": Stock("none"),
        "oversold": Stock("always"),
        "uncounted": Stock("always"),
        "draft": None,
        "deleted": None,
    }


def test_what_the_app_may_not_see_of_people_takes_no_order_away(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    checkout = beans.leave_checkout(email=ANA, silent=True)
    beans.place_order(checkout, silent=True)
    beans.withhold("customer", "name", "email", "phone", "address")
    (order,) = live.ask(access, Question((buyer(cart_ref=checkout.token),))).orders
    assert (order.contact.email, order.contact.customer_ref, order.bought) == (None, None, True)


def test_without_the_right_to_read_orders_the_merchant_is_needed(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    beans.change_scopes("read_products", silent=True)
    with pytest.raises(NeedsMerchant):
        live.ask(access, Question((buyer(email=ANA),)))


@pytest.mark.parametrize("kind", ["throttled", "too_many", "internal", "not_json", "lost_request", "cut"])
def test_a_shop_that_ails_is_asked_again_later_or_at_once(
    live: ShopifyLive, access: Access, shopify: FakeShopify, kind: Any
) -> None:
    shopify.fail(kind, times=3)
    with pytest.raises(Retryable):
        live.ask(access, Question((buyer(email=ANA),)))
    shopify.faults.clear()
    assert live.ask(access, Question((buyer(email=ANA),))) == Answer()
