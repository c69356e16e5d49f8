"""A shopper opens a WooCommerce checkout and does not finish."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import Cart, CartUpdated, Contact, Line
from core.money import Money
from integrations.roles import ShopIdentity
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.integrations.woocommerce.reading import SHOP, read

MUG = Line(
    product_ref="11",
    variant_ref="11",
    title="Blue Mug",
    quantity=2,
    price=Money(1250, "EUR"),
    sku="MUG-1",
)
EVE = Contact(email="eve@example.test", phone="+34 600 000 000", first_name="Ana", country="ES")
OPENED = datetime(2026, 11, 21, 22, 25, 28, tzinfo=UTC)
DRAFT = Cart(
    ref="23",
    started_at=OPENED,
    activity_at=OPENED,
    updated_at=OPENED,
    contact=EVE,
    total=Money(2500, "EUR"),
    lines=(MUG,),
    kind="draft",
)


def cart(name: str, **changes: Any) -> Cart:
    (event,) = read(name, **changes)
    assert isinstance(event, CartUpdated)
    return event.cart


def line(**changes: Any) -> Line:
    item = {"name": "Mug", "product_id": 11, "variation_id": 0, "quantity": 1, "subtotal": "10.00"}
    taxed = changes.pop("prices_include_tax", False)
    told = cart("order.updated__checkout_draft_email", line_items=[item | changes], prices_include_tax=taxed)
    return told.lines[0]


def test_an_open_checkout_is_a_draft() -> None:
    assert read("order.updated__checkout_draft_email") == [CartUpdated(DRAFT)]


def test_a_checkout_just_opened_names_nobody_and_is_kept() -> None:
    told = cart("order.updated__checkout_draft_empty")
    assert (told.contact.email, told.contact.customer_ref, told.kind) == (None, None, "draft")


@pytest.mark.parametrize(
    "name", ["order.created__rest_pending", "order.updated__rest_pending_twin", "order.restored"]
)
def test_an_order_waiting_for_money_is_a_cart_with_a_link_to_pay(name: str) -> None:
    told = cart(name)
    assert told.kind == "unpaid"
    assert told.url is not None
    assert f"/order-pay/{told.ref}/" in told.url


def test_twins_say_the_same() -> None:
    assert read("order.created__rest_pending") == read("order.updated__rest_pending_twin")


def test_a_failed_payment_is_a_cart_again() -> None:
    assert cart("order.created__rest_pending", status="failed").kind == "unpaid"


def test_a_form_open_in_the_shops_office_is_nothing() -> None:
    assert read("order.created__rest_pending", status="auto-draft") == []


def test_a_variation_is_its_own_variant_of_its_product() -> None:
    told = line(name="T-Shirt - S", parent_name="T-Shirt", product_id=12, variation_id=13)
    assert (told.product_ref, told.variant_ref) == ("12", "13")
    assert (told.title, told.variant_title) == ("T-Shirt", "S")


def test_a_product_that_is_gone_leaves_its_name_and_price() -> None:
    told = line(product_id=0, sku=None)
    assert (told.product_ref, told.variant_ref, told.title) == (None, None, "Mug")


@pytest.mark.parametrize(
    ("changes", "minor"),
    [
        ({"quantity": 3}, 333),
        ({"quantity": 2, "subtotal": "25.00", "total": "20.00"}, 1250),
        ({"quantity": 2, "subtotal": "16.80", "subtotal_tax": "3.20", "prices_include_tax": True}, 1000),
        ({"quantity": 2, "subtotal": "16.80", "subtotal_tax": "3.20", "prices_include_tax": False}, 840),
        ({"quantity": 0}, 1000),
        ({"price": 8.403361344537815}, 1000),
    ],
)
def test_a_piece_costs_what_the_shop_shows(changes: dict[str, Any], minor: int) -> None:
    assert line(**changes).price == Money(minor, "EUR")


def test_half_a_piece_counts_as_one() -> None:
    assert line(quantity=0.5).quantity == 1


def test_a_picture_is_kept_where_there_is_one() -> None:
    assert line(image={"id": 5, "src": "https://shop.example/mug.png"}).image_url
    assert line(image={"id": "", "src": ""}).image_url is None
    assert line(image=None).image_url is None


def link(told: Cart, version: str = "9.9.5", shop: ShopIdentity = SHOP) -> str | None:
    return WOOCOMMERCE.cart_link(told, shop, {"version": version})


def test_an_unpaid_order_is_paid_at_its_own_link() -> None:
    told = cart("order.created__rest_pending")
    assert link(told, "10.3.1") == told.url


@pytest.mark.parametrize("version", ["10.0.0", "10.3.1", "11.0.0-beta.1"])
def test_a_draft_is_filled_anew_where_the_store_can(version: str) -> None:
    assert link(DRAFT, version) == "https://shop.example/checkout-link/?products=11:2"


def test_a_store_in_a_folder_keeps_its_folder() -> None:
    folder = ShopIdentity("https://shop.example/store/", None, "EUR")
    assert link(DRAFT, "10.0.0", folder) == "https://shop.example/store/checkout-link/?products=11:2"


@pytest.mark.parametrize("version", ["9.9.5", "", "unknown", "²"])
def test_an_older_store_leads_the_shopper_to_its_home(version: str) -> None:
    assert link(DRAFT, version) == "https://shop.example/"


def test_without_a_version_or_a_product_there_is_no_checkout_link() -> None:
    gone = cart("order.updated__checkout_draft_email", line_items=[])
    assert link(gone, "10.0.0") == WOOCOMMERCE.cart_link(DRAFT, SHOP, {}) == "https://shop.example/"
