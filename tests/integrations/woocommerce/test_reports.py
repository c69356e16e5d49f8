"""What our plugin reports, and what it and others have noted on orders, read into our own words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Unreadable
from core.events import CartUpdated, ConsentChanged, OrderEvent, OrderShipped
from core.money import Money
from integrations.roles import Buyer, Request
from integrations.woocommerce import purchases
from integrations.woocommerce.shop import WOOCOMMERCE
from integrations.woocommerce.topics import READERS
from tests.integrations.woocommerce.reading import SHOP, read

ID = "0123456789abcdef0123456789abcdef"
LINK = f"https://shop.example/?kontor-cart={ID}.{'0' * 64}"
CART: dict[str, Any] = {
    "topic": "kontor.cart",
    "id": ID,
    "started_at": "2026-11-27T10:00:00Z",
    "changed_at": "2026-11-27T10:05:00Z",
    "currency": "EUR",
    "total": "25.00",
    "url": LINK,
    "locale": "de-AT",
    "customer_id": 0,
    "email": "eve@example.test",
    "first_name": "Eve",
    "country": "AT",
    "lines": [
        {
            "product_id": 20,
            "variation_id": 21,
            "name": "T-Shirt",
            "variant": "S",
            "quantity": 2,
            "price": "12.50",
            "sku": "TS-S",
            "image": "https://shop.example/ts.jpg",
            "url": "https://shop.example/product/ts/",
        }
    ],
}
CONSENT: dict[str, Any] = {
    "topic": "kontor.consent",
    "id": ID,
    "email": "eve@example.test",
    "agreed": True,
    "at": "2026-11-27T10:05:00Z",
    "text": "Yes, you may.",
    "locale": "de-AT",
}
PARCELS = [{"tracking_number": "B", "date_shipped": 1800100000}, {"date_shipped": "1800000000"}]


def told(body: dict[str, Any], topic: str = "", **changed: Any) -> Any:
    topic = topic or body["topic"]
    (event,) = WOOCOMMERCE.read(topic, json.dumps(body | changed).encode(), SHOP)
    return event


def test_a_cart_is_read_with_its_owner_its_lines_and_its_way_back() -> None:
    event = told(CART)
    assert isinstance(event, CartUpdated)
    cart = event.cart
    assert (cart.ref, cart.token, cart.kind, cart.url) == (f"kontor-{ID}", f"kontor-{ID}", "checkout", LINK)
    assert (cart.contact.email, cart.contact.locale, cart.contact.country) == (
        "eve@example.test",
        "de-AT",
        "AT",
    )
    assert (cart.contact.customer_ref, cart.contact.first_name) == (None, "Eve")
    assert cart.activity_at == datetime(2026, 11, 27, 10, 5, tzinfo=UTC)
    (line,) = cart.lines
    assert (line.product_ref, line.variant_ref, line.quantity) == ("20", "21", 2)
    assert (line.price, line.variant_title) == (Money(1250, "EUR"), "S")
    assert WOOCOMMERCE.cart_link(cart, SHOP, {"version": "10.0"}) == LINK


def test_a_customer_who_has_not_agreed_is_known_by_her_number_alone() -> None:
    bare = {name: value for name, value in CART.items() if name not in ("email", "first_name", "country")}
    contact = told(bare, customer_id=7).cart.contact
    assert (contact.customer_ref, contact.email) == ("7", None)


@pytest.mark.parametrize(
    "url", ["https://evil.example/?kontor-cart=x", "https://shop.example.evil/", "", None]
)
def test_a_link_out_of_the_shop_is_none(url: str | None) -> None:
    cart = told(CART, url=url).cart
    assert cart.url is None
    assert str(WOOCOMMERCE.cart_link(cart, SHOP, {})).startswith("https://shop.example/")


def test_a_variant_of_a_simple_product_is_the_product() -> None:
    lines = [CART["lines"][0] | {"variation_id": 0, "sku": "", "image": "", "variant": ""}]
    (line,) = told(CART, lines=lines).cart.lines
    assert (line.variant_ref, line.sku, line.image_url, line.variant_title) == ("20", None, None, None)


def test_a_consent_keeps_the_words_that_were_shown() -> None:
    event = told(CONSENT)
    assert isinstance(event, ConsentChanged)
    assert (event.state, event.source, event.text) == ("opted_in", "checkout", "Yes, you may.")
    assert told(CONSENT, agreed=False).state == "opted_out"


def test_a_consent_without_an_address_says_nothing() -> None:
    body = json.dumps(CONSENT | {"email": "half"}).encode()
    assert WOOCOMMERCE.read("kontor.consent", body, SHOP) == []


@pytest.mark.parametrize("body", [CART, CONSENT], ids=["cart", "consent"])
def test_the_topic_in_the_signed_body_counts(body: dict[str, Any]) -> None:
    """A header is nobody's word: a body sent under another topic is refused."""
    other = "kontor.consent" if body is CART else "kontor.cart"
    for topic in (other, "kontor.shipped"):
        with pytest.raises(Unreadable, match="topic"):
            told(body, topic)


@pytest.mark.parametrize(
    "changed",
    [{"id": None}, {"currency": "x"}, {"changed_at": "soon"}, {"lines": "x"}, {"total": "much"}],
    ids=str,
)
def test_a_broken_report_is_kept_for_being_read_again(changed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        told(CART, **changed)


def test_the_same_report_sent_twice_is_one_whatever_its_headers_say() -> None:
    body = json.dumps(CART).encode()
    headers = {"x-wc-webhook-topic": "kontor.cart"}
    first = WOOCOMMERCE.envelope(Request(headers, body))
    again = WOOCOMMERCE.envelope(Request({**headers, "x-wc-webhook-delivery-id": "other"}, body))
    assert first.dedupe == again.dedupe
    assert not first.about_orders


def test_the_store_is_asked_for_no_webhook_that_only_the_plugin_sends() -> None:
    assert not any(topic.startswith("kontor.") for topic in READERS)
    assert "order.updated" in READERS


# What is noted on orders.


def noted(**meta: Any) -> list[dict[str, Any]]:
    return [{"id": 1, "key": key, "value": value} for key, value in meta.items()]


def order(*meta: dict[str, Any]) -> list[Any]:
    return list(read("order.updated__processing", meta_data=list(meta)))


def test_an_order_names_the_cart_that_it_was() -> None:
    (event, *_) = order(*noted(_kontor_cart=ID))
    assert isinstance(event, OrderEvent)
    assert event.order.cart_token == f"kontor-{ID}"
    nothing: tuple[Any, ...] = (None, "", 5, [], {"a": 1})
    for other in nothing:
        assert order(*noted(_kontor_cart=other))[0].order.cart_token is None


def test_an_order_whose_parcels_a_plugin_follows_has_left_with_the_first() -> None:
    shipped = [
        one for one in order(*noted(_wc_shipment_tracking_items=PARCELS)) if isinstance(one, OrderShipped)
    ]
    assert [one.at for one in shipped] == [datetime.fromtimestamp(1800000000, UTC)]


@pytest.mark.parametrize(
    "items",
    [
        "",
        "a:0:{}",
        [],
        [[]],
        ["x"],
        [{}],
        [{"date_shipped": ""}],
        [{"date_shipped": "9" * 30}],
        {"a": 1},
        None,
    ],
    ids=str,
)
def test_what_a_tracking_plugin_misspells_is_left_alone(items: Any) -> None:
    events = order(*noted(_wc_shipment_tracking_items=items))
    assert events
    assert not any(isinstance(one, OrderShipped) for one in events)


def test_the_last_question_knows_the_order_by_its_cart() -> None:
    """She bought with another address, from the very cart."""
    row = {"id": 5, "billing": {"email": "other@example.test"}, "customer_id": 0}
    row |= {"meta_data": noted(_kontor_cart=ID)}
    since = datetime(2026, 11, 27, tzinfo=UTC)
    eve = Buyer(since, "eve@example.test", None, f"kontor-{ID}", f"kontor-{ID}")
    assert purchases._is_of(row, eve)
    assert not purchases._is_of(row, Buyer(since, "eve@example.test", None, None, "kontor-x"))
    assert not purchases._is_of(row | {"meta_data": []}, eve)
