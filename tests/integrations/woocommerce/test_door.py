"""WooCommerce knocks: at the address of one store, with that store's secret."""

from dataclasses import replace

import pytest

from core.config import read_config
from core.errors import WebhookRejected
from integrations.roles import Request
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.integrations.recorded import one

SECRET = "whsec_test_0123456789abcdef"


def key(name: str) -> str:
    return WOOCOMMERCE.envelope(one("woocommerce", name).request).dedupe


def delivery_id(name: str) -> str:
    return one("woocommerce", name).request.headers["x-wc-webhook-delivery-id"]


def test_a_store_is_known_by_the_address_it_knocks_at_never_by_what_it_says() -> None:
    said = {"x-wc-webhook-source": "https://other.example/"}
    assert WOOCOMMERCE.identify(Request(said, b"{}", "aZ-09_x")) == "aZ-09_x"


@pytest.mark.parametrize("address", ["", "a/b", "..", "a b", "ä", "a\n", "a\x00", "x" * 101])
def test_what_cannot_be_a_stores_address_is_none(address: str) -> None:
    assert WOOCOMMERCE.identify(Request({}, b"", address)) is None


def test_no_secret_opens_all_stores() -> None:
    assert WOOCOMMERCE.app_secrets(read_config({})) == ()


def test_the_greeting_is_recognised() -> None:
    assert WOOCOMMERCE.is_ping(one("woocommerce", "ping").request)


@pytest.mark.parametrize(
    "body", [b"", b"webhook_id=", b"webhook_id=8&x=1", b"webhook_id=8\n", b"webhook_id=a"]
)
def test_only_the_very_greeting_is_one(body: bytes) -> None:
    assert not WOOCOMMERCE.is_ping(Request({}, body))


def test_a_greeting_that_claims_a_signature_must_prove_it() -> None:
    greeting = Request({"x-wc-webhook-signature": "x"}, b"webhook_id=8")
    assert not WOOCOMMERCE.is_ping(greeting)
    with pytest.raises(WebhookRejected):
        WOOCOMMERCE.verify(greeting, [SECRET])


def test_keys_handed_over_at_the_webhooks_door_are_refused() -> None:
    handed = one("woocommerce", "wc-auth_callback").request
    assert not WOOCOMMERCE.is_ping(handed)
    with pytest.raises(WebhookRejected):
        WOOCOMMERCE.verify(handed, [SECRET])


@pytest.mark.parametrize("pair", ["order.created__shared_delivery_id", "product.updated__same_delivery_id"])
def test_two_news_of_one_second_share_the_delivery_id_and_are_both_kept(pair: str) -> None:
    assert delivery_id(f"{pair}_a") == delivery_id(f"{pair}_b")
    assert key(f"{pair}_a") != key(f"{pair}_b")


def test_twins_with_one_body_are_told_apart_by_their_topic() -> None:
    created = one("woocommerce", "customer.created").request
    updated = one("woocommerce", "customer.updated__twin_of_created").request
    assert created.body == updated.body
    assert key("customer.created") != key("customer.updated__twin_of_created")


def test_a_second_deletion_of_the_same_product_is_news() -> None:
    request = one("woocommerce", "product.deleted").request
    again = replace(request, headers={**request.headers, "x-wc-webhook-delivery-id": "another"})
    assert WOOCOMMERCE.envelope(again).dedupe != WOOCOMMERCE.envelope(request).dedupe


@pytest.mark.parametrize(
    ("topic", "kept", "about_orders"),
    [
        ("order.created", "order.created", True),
        ("Order.Updated", "order.updated", True),
        ("product.updated", "product.updated", False),
        ("action.woocommerce_low_stock", "action.woocommerce_low_stock", False),
        ("order.created\x00", "", False),
        ("order." + "x" * 200, "", False),
    ],
)
def test_only_news_of_orders_holds_messages_back(topic: str, kept: str, about_orders: bool) -> None:
    envelope = WOOCOMMERCE.envelope(Request({"x-wc-webhook-topic": topic}, b"{}"))
    assert (envelope.topic, envelope.about_orders) == (kept, about_orders)


@pytest.mark.parametrize("secret", ["k", "with & < > ' \"", "zwölf €"])
def test_a_stores_secret_may_hold_any_letters(secret: str) -> None:
    from integrations.woocommerce.sign import sign

    headers = {name.lower(): value for name, value in sign(b"{}", secret, "order.created").items()}
    WOOCOMMERCE.verify(Request(headers, b"{}"), [secret])
