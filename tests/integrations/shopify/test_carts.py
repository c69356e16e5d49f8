"""A shopper fills a cart on Shopify and leaves it."""

from datetime import UTC, datetime

import pytest

from core.errors import Unreadable
from core.events import (
    Cart,
    CartLinesChanged,
    CartUpdated,
    ConsentChanged,
    Contact,
    Line,
    LookUp,
)
from core.money import Money
from integrations.shopify.shop import SHOPIFY
from tests.integrations.recorded import one, without
from tests.integrations.shopify.reading import SHOP, read

NEW_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
IPOD = Line(
    product_ref="632910392",
    variant_ref="808950810",
    title="IPod Nano - 8GB",
    quantity=1,
    price=Money(19900, "USD"),
    variant_title="Pink",
    sku="IPOD2008PINK",
)
JOHN = Contact(email="example@email.com", customer_ref="603851970716743426", first_name="John", country="US")
LEFT = Cart(
    ref="123123123",
    started_at=NEW_YEAR,
    activity_at=NEW_YEAR,
    updated_at=NEW_YEAR,
    contact=JOHN,
    total=Money(42188, "USD"),
    lines=(IPOD, IPOD),
    token="eeafa272cebfd4b22385bc4b645e762c",
    url="https://checkout.local/548380009/checkouts/123123123/recover?key=example-secret-token",
)


@pytest.mark.parametrize("name", ["checkouts_create", "checkouts_update"])
def test_a_checkout_is_a_cart_with_its_person_and_its_way_back(name: str) -> None:
    assert read(name) == [CartUpdated(LEFT)]
    assert SHOPIFY.cart_link(LEFT, SHOP, {}) == LEFT.url


def test_a_ticked_box_is_consent_from_the_checkouts_beginning() -> None:
    later = "2022-01-03T00:00:00Z"
    _, consent = read("checkouts_update", buyer_accepts_marketing=True, updated_at=later)
    assert consent == ConsentChanged(JOHN, "email", "opted_in", NEW_YEAR, "shopify_checkout")


@pytest.mark.parametrize("box", [False, None])
def test_an_unticked_box_is_silence(box: bool | None) -> None:
    assert len(read("checkouts_create", buyer_accepts_marketing=box)) == 1


def test_a_ticked_box_without_an_address_is_nobodys_consent() -> None:
    events = read("checkouts_create", buyer_accepts_marketing=True, email=None, customer=None)
    assert [type(event) for event in events] == [CartUpdated]


def test_the_box_for_text_messages_counts_for_the_number_beside_it() -> None:
    _, consent = read("checkouts_create", buyer_accepts_sms_marketing=True, sms_marketing_phone="+15550001")
    assert isinstance(consent, ConsentChanged)
    assert (consent.channel, consent.state, consent.contact.phone) == ("sms", "opted_in", "+15550001")


def test_a_checkout_that_became_an_order_says_when() -> None:
    (event,) = read("checkouts_update", completed_at="2022-01-01T10:00:00+09:00")
    assert isinstance(event, CartUpdated)
    assert event.cart.completed_at == datetime(2022, 1, 1, 1, tzinfo=UTC)


def test_a_checkout_whose_personal_fields_are_withheld_is_still_a_cart() -> None:
    (event,) = read(
        "checkouts_create", email=None, phone=None, customer=None, billing_address=None, shipping_address=None
    )
    assert isinstance(event, CartUpdated)
    assert event.cart.contact == Contact()


def test_half_an_address_or_a_wicked_link_is_as_good_as_none() -> None:
    (event,) = read(
        "checkouts_create", email="john@", customer=None, abandoned_checkout_url="javascript:alert(1)"
    )
    assert isinstance(event, CartUpdated)
    assert (event.cart.contact.email, event.cart.url) == (None, None)


def test_the_languages_and_country_of_the_shopper_are_kept() -> None:
    (event,) = read("checkouts_create", customer_locale="de-AT", billing_address={"country_code": "at"})
    assert isinstance(event, CartUpdated)
    assert (event.cart.contact.locale, event.cart.contact.country) == ("de-AT", "AT")


def test_a_yen_has_no_hundredths() -> None:
    (event,) = read("checkouts_create", currency="JPY", total_price="421", line_items=[])
    assert isinstance(event, CartUpdated)
    assert event.cart.total == Money(421, "JPY")


def test_a_cart_names_nobody_and_only_refreshes_lines() -> None:
    shirt = Line(
        product_ref="788032119674292922",
        variant_ref="704912205188288575",
        title="Example T-Shirt - Small",
        quantity=3,
        price=Money(1999, "USD"),
        sku="example-shirt-s",
    )
    expected = CartLinesChanged("exampleCartId", (shirt,), NEW_YEAR, proven=False)
    assert read("carts_create") == read("carts_update") == [expected]


def test_a_deleted_checkout_is_looked_up_by_its_carts_token() -> None:
    assert read("checkouts_delete") == [LookUp("cart", "eeafa272cebfd4b22385bc4b645e762c")]
    assert read("checkouts_delete", cart_token=None) == []


@pytest.mark.parametrize("key", ["token", "created_at", "updated_at", "currency", "total_price"])
def test_a_checkout_without_what_it_must_have_is_unreadable_and_says_what(key: str) -> None:
    delivery = one("shopify", "checkouts_create")
    with pytest.raises(Unreadable, match=f"^checkouts/create: '{key}' is missing$"):
        SHOPIFY.read(delivery.topic, without(delivery, key), SHOP)


def test_a_broken_line_is_named_by_its_place() -> None:
    with pytest.raises(Unreadable, match=r"'line_items\[1\]\.price' is no number"):
        read("checkouts_create", line_items=[{"quantity": 1, "price": "1"}, {"quantity": 1, "price": "x"}])


def test_what_was_broken_is_never_told() -> None:
    with pytest.raises(Unreadable) as broken:
        read("checkouts_create", email=["john@example.com"], updated_at="john")
    assert "john" not in str(broken.value)
