"""The platforms' doors: verify, write down, answer. Nothing is parsed, nothing breaks."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from core.db import transaction
from core.models.tables import connections, merchants
from engine.inbox import body_binding
from tests.web.doorstep import Doorstep, Resident, doorstep
from web.doors import LARGEST_BODY

BODY = b'{"id": 1}'
OLD, NEW = "the-old-secret-of-the-app", "the-new-secret-of-the-app"
PLATFORMS = ["shopify", "woocommerce"]
TOPICS = {"shopify": "products/update", "woocommerce": "product.updated"}


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url, SHOPIFY_CLIENT_SECRETS=f"{NEW} {OLD}") as found:
        yield found


@pytest.fixture
def door_on_both(migrated_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, migrated_url) as found:
        yield found


@pytest.fixture
def shops_on_both(door_on_both: Doorstep) -> list[Resident]:
    return [door_on_both.resident(platform) for platform in PLATFORMS]


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, door: Doorstep) -> Resident:
    return door.resident(request.param)


def opened(door: Doorstep, row: Any) -> bytes:
    return door.machine.vault.open(row.body, body_binding(row.merchant_id, row.dedupe))


def test_a_signed_body_is_kept_to_the_byte_and_answered_at_once(door: Doorstep, shop: Resident) -> None:
    body = b'{"title": "caf\xc3\xa9", "n": 1.10}\n'
    assert door.deliver(shop, TOPICS[shop.platform], body) == 200
    [row] = door.kept(shop)
    assert (row.state, row.topic) == ("new", TOPICS[shop.platform])
    assert opened(door, row) == body
    assert body not in row.body


def test_a_body_that_nobody_signed_is_refused_and_not_kept(door: Doorstep, shop: Resident) -> None:
    headers = door.signed(shop, TOPICS[shop.platform], BODY)
    assert door.knock(shop.path, BODY + b" ", headers) == 401
    assert door.knock(shop.path, BODY, door.signed(shop, "x", BODY, secret="another")) == 401
    bare = {name: value for name, value in headers.items() if "ignature" not in name and "Hmac" not in name}
    assert door.knock(shop.path, BODY, bare) == 401
    assert door.kept(shop) == []


def test_the_same_delivery_twice_is_welcome_twice_and_kept_once(door: Doorstep, shop: Resident) -> None:
    headers = door.signed(shop, TOPICS[shop.platform], BODY)
    assert [door.knock(shop.path, BODY, headers) for _ in range(3)] == [200, 200, 200]
    assert len(door.kept(shop)) == 1


def test_a_form_is_kept_as_it_came(door: Doorstep, shop: Resident) -> None:
    body = b"a=1&b=%20x&b=caf%C3%A9"
    headers = door.signed(shop, TOPICS[shop.platform], body)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    assert door.knock(shop.path, body, headers) == 200
    assert opened(door, door.kept(shop)[0]) == body


def test_a_form_of_many_parts_is_kept_as_it_came(door: Doorstep, shop: Resident) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nz\r\n--x--\r\n'
    headers = door.signed(shop, TOPICS[shop.platform], body)
    headers["Content-Type"] = "multipart/form-data; boundary=x"
    assert door.knock(shop.path, body, headers) == 200
    assert opened(door, door.kept(shop)[0]) == body


@pytest.mark.parametrize("size", [LARGEST_BODY - 1, LARGEST_BODY])
def test_the_largest_body_is_still_welcome(door: Doorstep, shop: Resident, size: int) -> None:
    assert door.deliver(shop, TOPICS[shop.platform], b"x" * size) == 200


def test_a_larger_body_is_refused_whether_it_says_so_or_not(door: Doorstep, shop: Resident) -> None:
    body = b"x" * (LARGEST_BODY + 1)
    headers = door.signed(shop, TOPICS[shop.platform], body)
    assert door.knock(shop.path, body, headers) == 413
    chunked = door.client.post(
        shop.path,
        input_stream=BytesIO(body),
        headers=headers | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert chunked.status_code == 413
    lying = door.client.post(shop.path, input_stream=BytesIO(body), content_length=10**12, headers=headers)
    assert lying.status_code == 413
    assert door.kept(shop) == []


def test_a_chunked_body_is_read_to_its_end(door: Doorstep, shop: Resident) -> None:
    answer = door.client.post(
        shop.path,
        input_stream=BytesIO(BODY),
        headers=door.signed(shop, TOPICS[shop.platform], BODY) | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 200
    assert opened(door, door.kept(shop)[0]) == BODY


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/woocommerce/nobody-lives-here",
        "/webhooks/woocommerce",
        "/webhooks/woocommerce/%00",
        "/webhooks/sandbox/nobody",
        "/webhooks/sandbox/%00",
        "/webhooks/sandbox",
        "/webhooks/shopify",
        "/webhooks/magento",
        "/webhooks/%00",
        "/webhooks/",
    ],
)
def test_where_nobody_lives_nothing_is_kept(door_on_both: Doorstep, path: str) -> None:
    assert door_on_both.knock(path, BODY, {}) == 404
    assert door_on_both.kept_at_all() == 0


def test_a_door_takes_letters_and_gives_nothing_out(door: Doorstep, shop: Resident) -> None:
    assert door.client.get(shop.path).status_code in (404, 405)


def test_a_signed_body_for_a_shop_we_do_not_know_is_answered_and_not_kept(door: Doorstep) -> None:
    ours = door.resident("shopify")
    headers = door.signed(ours, "orders/create", BODY, shop="somebody-else.myshopify.com")
    assert door.knock("/webhooks/shopify", BODY, headers) == 200
    assert door.kept_at_all() == 0


def test_a_greeting_is_answered_and_not_kept(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.knock(shop.path, b"webhook_id=8", form) == 200
    assert door.knock("/webhooks/woocommerce/nobody", b"webhook_id=8", form) == 404
    assert door.kept_at_all() == 0


def test_while_the_apps_secret_changes_both_are_good(door: Doorstep) -> None:
    shop = door.resident("shopify")
    for secret in (OLD, NEW):
        headers = door.signed(shop, "orders/create", BODY, secret=secret)
        assert door.knock(shop.path, BODY, headers) == 200
    assert len(door.kept(shop)) == 2


def test_while_a_stores_secret_changes_both_are_good(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    sealed = door.machine.vault.seal(OLD, f"connection:{shop.id}:previous_secret")
    with transaction(door.machine.db) as session:
        mine = update(connections).where(connections.c.merchant_id == shop.id)
        session.execute(mine.values(previous_secret=sealed))
    for secret in (OLD, shop.secret):
        headers = door.signed(shop, "order.updated", BODY, secret=secret)
        assert door.knock(shop.path, BODY, headers) == 200
    assert door.knock(shop.path, BODY, door.signed(shop, "order.updated", BODY, secret="third")) == 401


def test_one_stores_secret_opens_no_other_store(door: Doorstep) -> None:
    ours, theirs = door.resident("woocommerce"), door.resident("woocommerce")
    assert door.knock(theirs.path, BODY, door.signed(ours, "order.updated", BODY)) == 401
    assert door.kept_at_all() == 0


def test_an_unknown_topic_is_kept_and_ignored(door: Doorstep, shop: Resident) -> None:
    assert door.deliver(shop, "weather/changed", BODY) == 200
    door.settle()
    assert [(row.state, row.reason) for row in door.kept(shop)] == [("done", None)]


def test_a_webhook_that_reaches_an_erased_merchant_is_answered_and_not_kept(door_on_both: Doorstep) -> None:
    door = door_on_both
    shop = door.resident("woocommerce")
    assert door.deliver(shop, "product.updated", BODY) == 200
    with transaction(door.machine.db) as session:
        session.execute(delete(merchants).where(merchants.c.id == shop.id))
    assert door.deliver(shop, "product.updated", BODY) == 200
    assert door.kept_at_all() == 0


letters = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
NAMES = [
    "X-Shopify-Topic", "X-Shopify-Hmac-Sha256", "X-Shopify-Shop-Domain", "X-Shopify-Webhook-Id",
    "X-WC-Webhook-Topic", "X-WC-Webhook-Signature", "X-WC-Webhook-ID", "X-WC-Webhook-Delivery-ID",
    "X-Sandbox-Topic", "X-Sandbox-Signature", "X-Sandbox-Delivery",
    "Content-Type", "Content-Encoding", "Accept", "Accept-Language", "Cookie", "Host",
]  # fmt: skip
some_headers = st.dictionaries(st.sampled_from(NAMES), letters, max_size=8)
JUNK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@JUNK
@given(body=st.binary(max_size=300), headers=some_headers, address=st.text(max_size=20))
def test_whatever_comes_from_a_stranger_is_refused_calmly(
    door_on_both: Doorstep, body: bytes, headers: dict[str, str], address: str
) -> None:
    for platform in ("shopify", "woocommerce", "sandbox"):
        answer = door_on_both.client.post(
            f"/webhooks/{platform}/{address}", data=body, headers=headers, base_url="http://localhost"
        )
        assert answer.status_code in (200, 308, 400, 401, 404), answer.text
    assert door_on_both.kept_at_all() == 0


@JUNK
@given(body=st.binary(max_size=300), headers=some_headers)
def test_whatever_a_shop_signs_is_kept_and_read_without_a_fault(
    door_on_both: Doorstep, shops_on_both: list[Resident], body: bytes, headers: dict[str, str]
) -> None:
    door = door_on_both
    for shop in shops_on_both:
        signed = door.signed(shop, headers.get("X-WC-Webhook-Topic", "order.updated"), body)
        kept = {
            name: value for name, value in headers.items() if "ignature" not in name and "Hmac" not in name
        }
        kept.pop("X-Shopify-Shop-Domain", None)
        kept.pop("Host", None)
        assert door.knock(shop.path, body, signed | kept) == 200
        door.settle()
        row = door.kept(shop)[-1]
        assert row.state in ("done", "unreadable")
        assert "internal" not in (row.reason or "")


deep = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RECORDED = Path(__file__).parents[1] / "payloads" / "shopify" / "checkouts_create.json"
CHECKOUT = json.loads(RECORDED.read_bytes())


@JUNK
@given(changes=st.dictionaries(st.sampled_from(sorted(CHECKOUT)), deep, min_size=1, max_size=3))
def test_a_checkout_with_anything_in_it_is_read_or_unreadable_never_a_fault(
    door_on_both: Doorstep, shops_on_both: list[Resident], changes: dict[str, object]
) -> None:
    door, shop = door_on_both, shops_on_both[0]
    assert door.deliver(shop, "checkouts/update", json.dumps(CHECKOUT | changes).encode()) == 200
    door.settle()
    row = door.kept(shop)[-1]
    assert row.state in ("done", "unreadable")
    assert "internal" not in (row.reason or ""), row.reason
