"""Recorded Shopify and WooCommerce bodies, all the way from the door to a decision and a mail."""

from datetime import datetime, timedelta

import pytest

from core.models.tables import carts, effects, look_ups, orders
from tests.engine.platforms import ShopAtTheDoor
from tests.engine.stories import decided, sent, steps, trips
from tests.integrations.recorded import one
from tests.support.kontor import Kontor

DRAFT = "order.updated__checkout_draft_email"
EVE = "eve@example.test"


@pytest.fixture
def shopify(kontor: Kontor) -> ShopAtTheDoor:
    return ShopAtTheDoor.open(kontor, "shopify")


@pytest.fixture
def woocommerce(kontor: Kontor) -> ShopAtTheDoor:
    return ShopAtTheDoor.open(kontor, "woocommerce", policy="existing_customers")


def test_the_recorded_checkout_as_it_is_sends_nothing_and_names_the_reasons(shopify: ShopAtTheDoor) -> None:
    shopify.hear("checkouts/create", one("shopify", "checkouts_create").request.body)
    assert decided(shopify.kontor) == [("refused", ("too_old", "no_consent", "before_live"))]


def test_a_shopify_checkout_with_the_box_ticked_gets_its_reminder(shopify: ShopAtTheDoor) -> None:
    body = shopify.body("checkouts_create", buyer_accepts_marketing=True)
    shopify.hear("checkouts/create", body)
    assert decided(shopify.kontor) == [("enrolled", ())]
    shopify.kontor.forward(hours=2)
    assert sent(shopify.kontor) == [1]


def test_a_shopify_checkout_with_the_box_unticked_gets_none(shopify: ShopAtTheDoor) -> None:
    shopify.hear("checkouts/create", shopify.body("checkouts_create"))
    assert decided(shopify.kontor) == [("refused", ("no_consent",))]


@pytest.mark.parametrize("by", ["checkout_token", "cart_token", "email", "phone"])
def test_a_shopify_order_ends_the_trip_of_its_checkout(shopify: ShopAtTheDoor, by: str) -> None:
    checkout = shopify.body("checkouts_create", buyer_accepts_marketing=True, phone="+49 30 1234567")
    shopify.hear("checkouts/create", checkout)
    named = {
        "checkout_token": {"checkout_token": checkout["token"]},
        "cart_token": {"cart_token": checkout["cart_token"]},
        "email": {"email": checkout["email"].upper()},
        "phone": {"phone": "+49301234567"},
    }[by]
    nobody = {"customer": None, "email": None, "contact_email": None, "phone": None, "test": False}
    bought = shopify.body("orders_create", cancelled_at=None, financial_status="paid", **(nobody | named))
    shopify.hear("orders/create", bought)
    if shopify.kontor.rows(look_ups):
        pytest.fail("the body names its shop, so nobody has to be asked")
    assert trips(shopify.kontor) == [("exited", "bought")]


def test_a_draft_is_reminded_of_once_the_person_is_known_to_have_bought_before(
    woocommerce: ShopAtTheDoor,
) -> None:
    woocommerce.hear("order.updated", woocommerce.body(DRAFT))
    assert decided(woocommerce.kontor) == [("refused", ("no_consent",))]
    last_month = woocommerce.kontor.now() - timedelta(days=30)
    earlier = _paid(woocommerce, last_month, id=7, number="7")
    woocommerce.hear("order.updated", earlier)
    assert trips(woocommerce.kontor) == [("active", None)]
    woocommerce.kontor.forward(hours=2)
    assert sent(woocommerce.kontor) == [1]


def test_a_draft_that_becomes_an_order_ends_its_trip(woocommerce: ShopAtTheDoor) -> None:
    woocommerce.hear("order.updated", _paid(woocommerce, woocommerce.kontor.now() - timedelta(days=30), id=7))
    woocommerce.hear("order.updated", woocommerce.body(DRAFT))
    woocommerce.hear("order.updated", _paid(woocommerce, woocommerce.kontor.now(), id=23))
    assert trips(woocommerce.kontor) == [("exited", "bought")]
    assert [row.cart_ref for row in woocommerce.kontor.rows(orders)] == ["7", "23"]


def test_an_order_whose_payment_failed_is_an_unpaid_cart(woocommerce: ShopAtTheDoor) -> None:
    woocommerce.hear("order.updated", _paid(woocommerce, woocommerce.kontor.now() - timedelta(days=30), id=7))
    failed = _paid(woocommerce, woocommerce.kontor.now(), status="failed", date_paid_gmt=None)
    woocommerce.hear("order.updated", failed)
    assert [row.kind for row in woocommerce.kontor.rows(carts)] == ["unpaid"]
    woocommerce.kontor.forward(hours=2)
    assert sent(woocommerce.kontor) == [1]


def test_a_new_draft_of_the_same_person_continues_the_trip(woocommerce: ShopAtTheDoor) -> None:
    woocommerce.hear("order.updated", _paid(woocommerce, woocommerce.kontor.now() - timedelta(days=30), id=7))
    woocommerce.hear("order.updated", woocommerce.body(DRAFT))
    woocommerce.kontor.forward(hours=2)
    woocommerce.hear("order.updated", woocommerce.body(DRAFT, id=24, number="24"))
    woocommerce.kontor.forward(days=3)
    assert steps(woocommerce.kontor) == [(1, "done", None), (2, "done", None)]
    assert ("replaced", ("cart_replaced",)) in decided(woocommerce.kontor)


def test_a_draft_that_is_gone_says_nothing(woocommerce: ShopAtTheDoor) -> None:
    woocommerce.hear("order.updated", _paid(woocommerce, woocommerce.kontor.now() - timedelta(days=30), id=7))
    woocommerce.hear("order.updated", woocommerce.body(DRAFT))
    woocommerce.hear("order.deleted", {"id": 23})
    assert trips(woocommerce.kontor) == [("active", None)]
    woocommerce.kontor.forward(hours=2)
    assert [row.state for row in woocommerce.kontor.rows(effects, effects.c.step == 1)] == ["done"]


def _paid(shop: ShopAtTheDoor, at: datetime, **changes: object) -> dict[str, object]:
    """Eve's order, paid."""
    body = shop.body("order.updated__processing", at)
    paid = {"billing": body["billing"] | {"email": EVE}, "date_paid_gmt": body["date_modified_gmt"]}
    return body | paid | changes
