"""Our own Shopify tells the app what happens, as faithfully and as badly as the real one."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from integrations.shopify.shop import SHOPIFY
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.fakes.shopify.hooks import sign
from tests.fakes.shopify.shapes import RECORDED
from tests.integrations.recorded import arriving
from tests.integrations.shopify.fake.asking import names


def test_what_a_shopper_does_arrives_signed_and_readable(shopify: FakeShopify, shop: Shop) -> None:
    heard: list[tuple[str, bool]] = []

    def door(headers: Mapping[str, str], body: bytes) -> int:
        request = arriving(dict(headers), body)
        SHOPIFY.verify(request, [shopify.client_secret])
        assert SHOPIFY.identify(request) == shop.domain
        envelope = SHOPIFY.envelope(request)
        heard.append((envelope.topic, bool(SHOPIFY.read(envelope.topic, body, identity(shop)))))
        return 200

    shopify.hooks.post = door
    a_day_in_the_shop(shop)
    assert heard == [
        ("carts/create", True),
        ("checkouts/create", True),
        ("carts/update", True),
        ("checkouts/update", True),
        ("checkouts/update", True),
        ("orders/create", True),
        ("orders/paid", True),
        ("customers/create", True),
        ("customers_email_marketing_consent/update", True),
        ("fulfillments/create", True),
        ("orders/fulfilled", True),
        ("fulfillment_events/create", True),
        ("refunds/create", True),
        ("orders/updated", True),
        ("orders/cancelled", True),
        ("orders/updated", True),
        ("inventory_levels/update", True),
        ("variants/out_of_stock", True),
        ("products/update", True),
        ("inventory_levels/update", True),
        ("variants/in_stock", True),
        ("products/update", True),
        ("customers_email_marketing_consent/update", True),
        ("customers/data_request", True),
        ("customers/redact", True),
        ("app/uninstalled", True),
        ("shop/redact", True),
    ]


def identity(shop: Shop) -> Any:
    from integrations.roles import ShopIdentity

    profile = shop.memory.profile
    return ShopIdentity(profile.domain, str(profile.number), profile.currency)


def a_day_in_the_shop(shop: Shop) -> None:
    mug = shop.add_product(stock=5).variants[0]
    checkout = shop.leave_checkout(lines=[(mug, 1)], accepts_marketing=True, country="DE")
    shop.change_checkout(checkout, lines=[(mug, 2)])
    order = shop.place_order(checkout)
    shop.ship(order)
    shop.arrive(order)
    shop.refund(order, "5.00")
    shop.cancel(order)
    shop.sell_out(mug)
    shop.restock(mug)
    assert order.customer is not None
    shop.set_consent(order.customer, "UNSUBSCRIBED")
    shop.request_data(order.customer)
    shop.redact_customer(order.customer)
    shop.uninstall()
    shop.place_order(email="eve@example.test")
    shop.redact_shop()


def test_it_signs_as_the_vectors_do() -> None:
    cases = json.loads((RECORDED / "vectors.json").read_bytes())["webhook_hmac"]["cases"]
    assert any(case["valid"] for case in cases)
    for case in cases:
        same = sign(case["body"].encode(), case["secret"]) == case["hmac"]
        assert same is case["valid"], case["name"]


def test_the_bodies_have_the_keys_of_the_recorded_ones(shopify: FakeShopify, shop: Shop) -> None:
    a_day_in_the_shop(shop)
    for delivery in shopify.hooks.sent:
        shape = json.loads((RECORDED / f"{delivery.topic.replace('/', '_')}.json").read_bytes())
        assert set(delivery.payload()) == set(shape), delivery.topic


def test_webhook_and_api_tell_the_same_of_one_checkout(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    checkout = shop.leave_checkout(accepts_marketing=True)
    body = shopify.hooks.sent[-1].payload()
    ask = """{ abandonedCheckouts(first: 1) { nodes {
      abandonedCheckoutUrl completedAt totalPriceSet { shopMoney { amount } } } } }"""
    (found,) = app.data(ask)["abandonedCheckouts"]["nodes"]
    assert found["abandonedCheckoutUrl"] == body["abandoned_checkout_url"]
    assert (found["totalPriceSet"]["shopMoney"]["amount"], body["total_price"]) == ("20.0", "20.00")
    shop.place_order(checkout)
    (found,) = app.data(ask)["abandonedCheckouts"]["nodes"]
    assert found["completedAt"] is not None


def test_a_checkout_bought_at_once_was_never_abandoned(shop: Shop, app: Client) -> None:
    shop.memory.abandoned_after = timedelta(minutes=10)
    shop.place_order(shop.leave_checkout())
    assert app.data("{ abandonedCheckoutsCount { count } }") == {"abandonedCheckoutsCount": {"count": 0}}


def test_one_act_is_one_event_of_several_deliveries(shopify: FakeShopify, shop: Shop) -> None:
    shop.place_order(shop.leave_checkout())
    bought = shopify.hooks.sent[2:]
    topics = ["checkouts/update", "orders/create", "orders/paid", "customers/create"]
    assert [one.topic for one in bought] == topics
    assert len({one.headers["X-Shopify-Event-Id"] for one in bought}) == 1
    assert len({one.headers["X-Shopify-Webhook-Id"] for one in bought}) == 4


def test_a_silent_order_exists_only_in_the_shop(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    order = shop.place_order(email="eve@example.test", silent=True)
    assert shopify.hooks.sent == []
    assert names(app, "email:eve@example.test") == [order.name]


def test_deliveries_are_lost_doubled_and_shuffled(shopify: FakeShopify, shop: Shop) -> None:
    shopify.hooks.holding, shopify.hooks.double, shopify.hooks.lose = True, 0.2, 0.2
    for _ in range(20):
        shop.leave_checkout()
    made = 40
    lost, held = len(shopify.hooks.lost), [one.headers["X-Shopify-Webhook-Id"] for one in shopify.hooks.held]
    assert 0 < lost < made
    assert len(held) > len(set(held)) == made - lost
    assert shopify.hooks.release(shuffled=True) == len(held)
    assert len(shopify.hooks.sent) == made - lost


@pytest.mark.parametrize("refusal", [302, 401, 500])
def test_what_is_not_taken_comes_again_unchanged_eight_times(
    shopify: FakeShopify, shop: Shop, refusal: int
) -> None:
    seen: list[tuple[str, bytes]] = []

    def refusing(headers: Mapping[str, str], body: bytes) -> int:
        seen.append((headers["X-Shopify-Webhook-Id"], body))
        return refusal

    shopify.hooks.post = refusing
    shop.redact_shop()
    for _ in range(20):
        shopify.hooks.retry()
    assert len(seen) == 9
    assert len(set(seen)) == 1


def test_an_app_hears_only_what_it_subscribed_to(shopify: FakeShopify, shop: Shop) -> None:
    shopify.hooks.topics = frozenset({"orders/create"})
    shop.place_order(shop.leave_checkout())
    assert [one.topic for one in shopify.hooks.sent] == ["orders/create"]
