"""Shopify knocks: whose shop, is it really Shopify, have we heard this before."""

import json
from typing import Any

import pytest

from core.config import read_config
from core.errors import WebhookRejected
from integrations.roles import Request
from integrations.shopify.shop import SHOPIFY
from tests.integrations.recorded import PAYLOADS, one

VECTORS: dict[str, Any] = json.loads((PAYLOADS / "shopify" / "vectors.json").read_bytes())
SIGNATURES: list[dict[str, Any]] = VECTORS["webhook_hmac"]["cases"]
# Shopify's rule allows a name of one letter, its own library wants two; no such shop is known.
DOMAINS = [name for name in VECTORS["shop_domain"]["valid"] if name != "a.myshopify.com"]
HOSTILE = [
    *VECTORS["shop_domain"]["invalid"],
    "demo.myshopify.com@evil.example",
    "evil.example#.myshopify.com",
    "evil.example/.myshopify.com",
    "a.b.myshopify.com",
    "demo.myshopify.com.evil.example",
    "demo.myshopify.com:8080",
    "https://demo.myshopify.com",
    "demo",
    "dämo.myshopify.com",
    "[",
    "demo.myshopify.com\x00",
]


def knocking(body: bytes = b"{}", **headers: str) -> Request:
    return Request({name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_shop_is_known_by_its_domain_in_lower_case(domain: str) -> None:
    assert SHOPIFY.identify(knocking(x_shopify_shop_domain=domain)) == domain.lower()


@pytest.mark.parametrize("domain", HOSTILE)
def test_a_hostile_domain_names_no_shop(domain: str) -> None:
    assert SHOPIFY.identify(knocking(x_shopify_shop_domain=domain)) is None


def test_a_delivery_without_a_shop_names_none() -> None:
    assert SHOPIFY.identify(knocking()) is None


@pytest.mark.parametrize("case", SIGNATURES, ids=[case["name"] for case in SIGNATURES])
def test_published_signatures_are_judged_as_published(case: dict[str, Any]) -> None:
    request = knocking(case["body"].encode(), x_shopify_hmac_sha256=case["hmac"])
    if case["valid"]:
        SHOPIFY.verify(request, [case["secret"]])
    else:
        with pytest.raises(WebhookRejected):
            SHOPIFY.verify(request, [case["secret"]])


@pytest.mark.parametrize("signature", ["", "é", "雪", "\ud800", "=", "A" * 10_000])
def test_a_signature_of_strange_letters_is_refused_and_not_stumbled_over(signature: str) -> None:
    with pytest.raises(WebhookRejected):
        SHOPIFY.verify(knocking(x_shopify_hmac_sha256=signature), ["a-secret"])


def test_shopify_signs_with_the_apps_own_secrets_newest_first() -> None:
    config = read_config({"SHOPIFY_CLIENT_SECRETS": "new old"})
    assert SHOPIFY.app_secrets(config) == ("new", "old")


def test_a_retry_has_the_key_of_the_first_try_and_a_new_delivery_another() -> None:
    first = knocking(x_shopify_topic="orders/create", x_shopify_webhook_id="b54557e4")
    retried = knocking(x_shopify_topic="orders/create", x_shopify_webhook_id="b54557e4")
    another = knocking(x_shopify_topic="orders/create", x_shopify_webhook_id="c65668f5")
    assert SHOPIFY.envelope(first).dedupe == "b54557e4" == SHOPIFY.envelope(retried).dedupe
    assert SHOPIFY.envelope(another).dedupe != SHOPIFY.envelope(first).dedupe


@pytest.mark.parametrize("webhook_id", ["", " ", "x" * 101, "é", "a\nb"])
def test_without_a_usable_id_topic_and_body_are_the_key(webhook_id: str) -> None:
    keys = {
        SHOPIFY.envelope(knocking(body, x_shopify_topic=topic, x_shopify_webhook_id=webhook_id)).dedupe
        for topic in ("orders/create", "orders/paid", "orders/create")
        for body in (b"{}", b"[]")
    }
    assert len(keys) == 4
    assert {len(key) for key in keys} == {64}


@pytest.mark.parametrize(
    ("topic", "about_orders"),
    [("orders/create", True), ("ORDERS/PAID", True), ("refunds/create", True), ("checkouts/update", False)],
)
def test_only_news_of_orders_holds_messages_back(topic: str, about_orders: bool) -> None:
    envelope = SHOPIFY.envelope(knocking(x_shopify_topic=topic))
    assert (envelope.topic, envelope.about_orders) == (topic.lower(), about_orders)


def test_shopify_sends_no_greeting() -> None:
    assert not SHOPIFY.is_ping(knocking(b"webhook_id=8"))


def test_the_recorded_delivery_names_the_shop_it_was_signed_for() -> None:
    assert SHOPIFY.identify(one("shopify", "checkouts_create").request) == "kontor-test.myshopify.com"
