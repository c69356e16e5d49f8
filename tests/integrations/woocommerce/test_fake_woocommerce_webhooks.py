"""The shop made for the tests tells of what happens as late and as badly as a real one was measured to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.woocommerce import Store, woocommerce_store
from tests.fakes.woocommerce.receiver import Receiver, receiver
from tests.fakes.woocommerce.visitors import (
    EVE,
    SECRET,
    Caller,
    captured,
    heard,
    listen,
    selling,
    shape,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with selling() as one:
        yield one


@pytest.fixture
def app(store: Store) -> Caller:
    return Caller(store, store.new_key())


@pytest.fixture
def ear() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


# Webhooks.


def test_a_webhook_is_greeted_unsigned_inside_the_call_that_makes_it(
    store: Store, app: Caller, ear: Receiver
) -> None:
    said = app.post("webhooks", topic="order.updated", delivery_url=f"{ear.url}/knock", secret=SECRET)
    like = captured("ping")
    assert [one.body.decode() for one in ear.came] == [f"webhook_id={said.body['id']}"]
    assert list(ear.came[0].headers) == [name.lower() for name, _ in like["headers"]]
    assert ear.came[0].headers["user-agent"] == dict(like["headers"])["User-Agent"]
    assert (said.status, said.body["status"]) == (201, "active")
    assert SECRET not in said.text
    assert SECRET not in app.get("webhooks").text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"topic": "product.low_stock"}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"delivery_url": "ftp://example.test/"}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
    ],
)
def test_a_webhook_that_is_not_right_is_refused_a_doubled_one_is_not(
    app: Caller, ear: Receiver, given: dict[str, str], code: str
) -> None:
    right = {"topic": "order.updated", "delivery_url": ear.url}
    assert app.post("webhooks", **{**right, **given}).code == code
    made = [app.post("webhooks", **right).body["id"] for _ in range(11)]
    assert len(app.get("webhooks").body) == 10, "eleven are there: a page holds ten"
    assert app.delete(f"webhooks/{made[0]}").status == 501
    assert app.delete(f"webhooks/{made[0]}", force="true").status == 200
    assert app.get("webhooks").headers["x-wp-total"] == "10"


def test_a_delivery_is_signed_and_has_its_headers_in_the_measured_order(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    store.leave_draft(EVE, [("MUG-1", 1)])
    assert len(ear.came) == 0, "nothing before the queue is run"
    assert Caller(store).ask("GET", "/wp-cron.php").status == 200
    came, like = ear.came[0], captured("order.updated__checkout_draft_email")
    assert list(came.headers) == [name.lower() for name, _ in like["headers"]]
    assert came.headers["x-wc-webhook-source"] == f"{store.url}/"
    right = base64.b64encode(hmac.new(SECRET.encode(), came.body, hashlib.sha256).digest()).decode()
    assert came.headers["x-wc-webhook-signature"] == right
    assert rb"N\u00fa\u00f1ez" in came.body
    assert rb"https:\/\/localhost" in came.body


def test_an_ampersand_written_as_html_in_a_secret_breaks_its_signature(
    store: Store, app: Caller, ear: Receiver
) -> None:
    app.post("webhooks", topic="order.updated", delivery_url=ear.url, secret="a&amp;b")
    store.leave_draft(EVE, [("MUG-1", 1)])
    store.run_queue()
    came = ear.came[-1]
    signed = base64.b64encode(hmac.new(b"a&b", came.body, hashlib.sha256).digest()).decode()
    assert came.headers["x-wc-webhook-signature"] == signed


def test_twins_in_the_queue_become_one_and_tell_what_is_so_at_last(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    for left in (5, 4, 3):
        store.set_stock("MUG-1", left)
    order = store.order(EVE, [("MUG-1", 1)])
    store.cancel(order)
    store.run_queue()
    told = heard(ear)
    assert [topic for topic, _ in told] == ["product.updated", "order.updated", "order.created"]
    assert told[0][1]["stock_quantity"] == 3
    assert told[2][1]["status"] == "cancelled", "it never said that it was bought"


def test_all_deliveries_of_one_webhook_in_one_second_share_their_id(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear, "product.updated")
    store.add_product("Poster", "P", "8", 5)
    for _ in range(2):
        store.set_stock("MUG-1", 5)
        store.set_stock("P", 6)
        store.run_queue()
        store.advance(seconds=1)
    ids = [one.headers["x-wc-webhook-delivery-id"] for one in ear.came]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_what_vanished_before_its_delivery_is_told_as_a_signed_error(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    store.set_stock("MUG-1", 1)
    store.delete_product("MUG-1")
    store.run_queue()
    gone = json.loads(captured("product.updated__resource_gone")["body"])
    assert heard(ear) == [("product.updated", gone)]


def test_when_the_owner_lost_her_rights_every_body_says_so(store: Store, app: Caller, ear: Receiver) -> None:
    listen(app, ear)
    store.set_stock("MUG-1", 1)
    store.demote_owner()
    store.run_queue()
    denied = json.loads(captured("product.updated__owner_lost_permission")["body"])
    assert heard(ear) == [("product.updated", denied)]


def test_a_failed_delivery_is_not_tried_again_and_seven_in_a_row_switch_it_off(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear, "product.updated")

    def state() -> Any:
        return app.get("webhooks").body[0]["status"]

    def sell() -> None:
        store.set_stock("MUG-1", 5)
        store.run_queue()

    ear.statuses = [500, 410, 307, 500, 500, 500]
    for _ in range(6):
        sell()
    assert (len(ear.came), state()) == (6, "active")
    ear.statuses = [500]
    sell()
    assert state() == "disabled"
    sell()
    assert len(ear.came) == 7, "nothing more is promised"
    app.put("webhooks/1", status="active")
    ear.statuses = [500]
    sell()
    assert state() == "disabled", "switched on again it keeps its failures"
    app.put("webhooks/1", status="active")
    sell()
    ear.statuses = [500]
    sell()
    assert state() == "active", "one success wipes them out"


def test_a_redirect_counts_as_delivered_though_nobody_got_it(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear, "product.updated")
    ear.statuses, ear.location = [302] * 8, "/moved"
    for left in range(8):
        store.set_stock("MUG-1", left)
        store.run_queue()
    assert {one.path for one in ear.came} == {"/knock"}
    assert app.get("webhooks").body[0]["status"] == "active"


def test_a_greeting_follows_redirects_and_is_repeated_until_it_is_heard(
    store: Store, app: Caller, ear: Receiver
) -> None:
    ear.statuses, ear.location = [302, 500], "/moved"
    app.post("webhooks", topic="product.updated", delivery_url=f"{ear.url}/knock")
    assert [one.name for one in ear.came] == ["POST /knock", "GET /moved"]
    for left in (1, 2):
        store.set_stock("MUG-1", left)
        store.run_queue()
    pings = [one.body.startswith(b"webhook_id=") for one in ear.came[2:]]
    assert pings == [False, True, False], "with the first delivery, then no more"


def test_without_the_owners_allowance_a_private_address_is_never_called_and_nobody_says_so() -> None:
    with receiver() as ear, woocommerce_store(allowances=False) as store:
        store.add_product("Blue Mug", "MUG-1")
        app = Caller(store, store.new_key())
        for url in (
            ear.url,
            "http://10.0.0.1:8080/",
            "http://a:b@127.0.0.1/",
            f"http://localhost:{ear_port(ear)}/",
        ):
            assert app.post("webhooks", topic="product.updated", delivery_url=url).body["status"] == "active"
        store.set_stock("MUG-1", 1)
        store.run_queue()
        assert all(answer.refused for _, answer in store.hooks.pings)
        assert len(ear.came) == 0


def ear_port(ear: Receiver) -> int:
    return urlsplit(ear.url).port or 0


def test_an_order_made_by_a_program_is_told_twice_with_the_same_body(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    lines = [{"product_id": 11, "quantity": 2}]
    made = app.post("orders", line_items=lines, billing={"email": EVE})
    assert shape(made.body) == shape(json.loads(captured("order.created__rest_pending")["body"]))
    store.run_queue()
    (first, body), (second, twin) = heard(ear)
    assert (first, second, body == twin) == ("order.created", "order.updated", True)
    app.put(f"orders/{made.body['id']}", status="pending")
    store.run_queue()
    assert heard(ear)[-1][0] == "order.updated", "even where nothing changed"


def test_webhooks_can_be_dropped_doubled_and_shuffled(store: Store, app: Caller, ear: Receiver) -> None:
    listen(app, ear, "order.updated")
    store.lose(drop=0.2, double=0.2, shuffle=True)
    orders = [store.open_checkout([("MUG-1", 1)]) for _ in range(40)]
    assert store.run_queue() == 40
    told = [body["id"] for _, body in heard(ear)]
    assert set(told) < set(orders)
    assert len(told) > len(set(told))
    assert list(dict.fromkeys(told)) != sorted(set(told))
    assert app.get("webhooks").body[0]["status"] == "active"
