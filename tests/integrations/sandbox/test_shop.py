"""The sandbox shop's door and reader: signatures, envelopes, events, junk."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core import events
from core.db import reading
from core.errors import Unreadable, WebhookRejected
from core.models import Connection, Merchant
from core.runtime import Runtime
from integrations.roles import Request, ShopIdentity
from integrations.sandbox.reader import _READERS
from integrations.sandbox.shop import SANDBOX
from integrations.sandbox.store import Store

SHOP = ShopIdentity("localhost:8000", None, "EUR")


@pytest.fixture
def secret(runtime: Runtime, merchant: Merchant) -> str:
    with reading(runtime.db) as session:
        sealed = session.scalars(select(Connection)).one().webhook_secret
    return runtime.vault.open(sealed or b"", f"connection:{merchant.id}:webhook_secret").decode()


@pytest.fixture
def webhook(store: Store) -> Request:
    return store.add_to_cart(store.begin_cart(), "mug")[0]


def test_our_own_webhook_passes_with_the_new_and_the_old_secret(webhook: Request, secret: str) -> None:
    SANDBOX.verify(webhook, [secret])
    SANDBOX.verify(webhook, ["the newer one", secret])


def test_a_changed_body_a_wrong_secret_and_a_missing_signature_are_rejected(
    webhook: Request, secret: str
) -> None:
    unsigned = replace(webhook, headers={})
    strange = replace(webhook, headers={"x-sandbox-signature": "\u00e4\udcff"})
    changed = replace(webhook, body=webhook.body + b" ")
    for request, secrets in (
        (unsigned, [secret]),
        (strange, [secret]),
        (changed, [secret]),
        (webhook, ["other"]),
        (webhook, []),
    ):
        with pytest.raises(WebhookRejected) as rejected:
            SANDBOX.verify(request, secrets)
        assert rejected.value.status == 401


def test_the_door_finds_the_shop_by_its_random_address(webhook: Request) -> None:
    assert SANDBOX.identify(webhook) == webhook.address
    assert SANDBOX.identify(replace(webhook, address="")) is None


def test_the_same_delivery_has_the_same_key_and_the_next_another(store: Store) -> None:
    cart = store.begin_cart()
    (first,), (second,) = store.add_to_cart(cart, "mug"), store.add_to_cart(cart, "mug")
    assert SANDBOX.envelope(first) == SANDBOX.envelope(first)
    assert SANDBOX.envelope(first).dedupe != SANDBOX.envelope(second).dedupe


def test_news_of_orders_is_known_before_it_is_read(store: Store, webhook: Request) -> None:
    cart = store.begin_cart()
    store.add_to_cart(cart, "mug")
    store.leave_email(cart, "anna@example.com")
    told = {w.headers["x-sandbox-topic"]: SANDBOX.envelope(w).about_orders for w in store.pay(cart)}
    assert told == {"product.updated": False, "order.placed": True, "order.paid": True, "cart.updated": False}


def read(webhook: Request) -> events.Event | events.LookUp:
    (event,) = SANDBOX.read(webhook.headers["x-sandbox-topic"], webhook.body, SHOP)
    return event


def test_every_act_is_told_in_our_words(store: Store) -> None:
    cart = store.begin_cart()
    told = store.log_in(cart, "subscriber") + store.add_to_cart(cart, "mug") + store.pay(cart)
    told += (
        store.ship("order-1001") + store.deliver("order-1001") + store.ask_for_erasure("sofia@example.com")
    )
    assert [type(read(webhook)) for webhook in told] == [
        events.ConsentChanged,
        events.CartUpdated,
        events.ProductUpdated,
        events.OrderPlaced,
        events.OrderPaid,
        events.CartUpdated,
        events.OrderShipped,
        events.OrderDelivered,
        events.ErasureRequested,
    ]


def test_a_paid_order_counts_as_bought_and_a_cancelled_one_does_not(store: Store) -> None:
    cart = store.begin_cart()
    store.add_to_cart(cart, "mug")
    store.leave_email(cart, "anna@example.com")
    paid, cancelled = read(store.pay(cart)[2]), read(store.cancel("order-1001")[1])
    assert isinstance(paid, events.OrderPaid)
    assert isinstance(cancelled, events.OrderCancelled)
    assert (paid.order.bought, cancelled.order.bought) == (True, False)


def test_an_unknown_topic_is_kept_and_means_nothing() -> None:
    assert SANDBOX.read("weather.changed", b"whatever", SHOP) == []


def test_a_body_delivered_under_another_topic_is_unreadable(webhook: Request) -> None:
    with pytest.raises(Unreadable):
        SANDBOX.read("order.paid", webhook.body, SHOP)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", -1),
        ("total", 10**30),
        ("currency", "euro"),
        ("updated_at", "2026-05-05T10:00:00"),
        ("updated_at", "0001-01-01T00:00:00+14:00"),
        ("ref", ""),
        ("ref", "a\0b"),
        ("url", "javascript:alert(1)"),
        ("lines", [{}]),
    ],
)
def test_a_broken_promise_is_unreadable_and_names_the_field_but_no_value(
    webhook: Request, field: str, value: object
) -> None:
    broken = json.dumps(json.loads(webhook.body) | {field: value}).encode()
    with pytest.raises(Unreadable, match=field) as unreadable:
        SANDBOX.read("cart.updated", broken, SHOP)
    assert "alert" not in str(unreadable.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(_READERS)), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_at_all_break_the_reader(topic: str, raw: bytes) -> None:
    with pytest.raises(Unreadable):
        SANDBOX.read(topic, raw, SHOP)
