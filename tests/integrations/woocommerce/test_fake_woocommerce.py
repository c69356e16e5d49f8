"""The shop made for the tests lets in, refuses and breaks down as a real one was measured to."""

import http.client
import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.fakes.woocommerce import Store, woocommerce_store
from tests.fakes.woocommerce.receiver import receiver
from tests.fakes.woocommerce.records import Key
from tests.fakes.woocommerce.visitors import EVE, WANTED, Browser, Caller, captured, selling, send
from tests.support.certificates import make_authority

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store() -> Iterator[Store]:
    with selling() as one:
        yield one


@pytest.fixture
def app(store: Store) -> Caller:
    return Caller(store, store.new_key())


# Who is asked.


def test_the_open_index_names_the_shop_wherever_it_is_installed() -> None:
    with woocommerce_store(path="/shop") as store:
        said = Caller(store).ask("GET", "/wp-json/").body
        assert said["home"] == said["url"] == f"https://localhost:{store.site.port}/shop"
        assert said["timezone_string"] == "Europe/Madrid"
        assert "wc/v3" in said["namespaces"]
        assert send(store, "GET", "/wp-json/", {}, None).status == 404
        assert Caller(store).ask("GET", "/index.php/wp-json/").status == 200


def test_with_plain_permalinks_only_a_parameter_reaches_the_api_and_no_key_is_heard_there() -> None:
    with woocommerce_store(plain_permalinks=True) as store:
        app = Caller(store, store.new_key())
        said = app.ask("GET", "/wp-json/")
        assert (said.status, said.headers["content-type"]) == (404, "text/html; charset=UTF-8")
        assert app.ask("GET", "/", {"rest_route": "/"}).body["home"] == store.url
        refused = app.ask("GET", "/", {"rest_route": "/wc/v3/orders"})
        assert (refused.status, refused.code) == (401, "woocommerce_rest_cannot_view")


@pytest.mark.parametrize("in_query", [False, True])
def test_over_tls_keys_open_the_shop_in_the_header_or_in_the_address(store: Store, in_query: bool) -> None:
    assert Caller(store, store.new_key(), in_query).get("orders").status == 200


@pytest.mark.parametrize("habit", ["plain_http", "ssl_lies"])
@pytest.mark.parametrize("in_query", [False, True])
def test_a_shop_that_does_not_know_of_its_tls_takes_right_keys_for_wrong(habit: str, in_query: bool) -> None:
    settings: dict[str, Any] = {habit: True}
    with woocommerce_store(**settings) as store:
        said = Caller(store, store.new_key(), in_query).get("orders")
        assert (said.status, said.code) == (401, "woocommerce_rest_cannot_view")


def test_where_the_host_cuts_the_header_off_only_keys_in_the_address_work() -> None:
    with woocommerce_store(strips_authorization=True) as store:
        key = store.new_key()
        assert Caller(store, key).get("orders").status == 401
        assert Caller(store, key, in_query=True).get("orders").status == 200


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(store: Store, app: Caller) -> None:
    assert app.key
    key = app.key
    wrong = Caller(store, Key(1, 1, "", "", key.consumer_key, "cs_wrong")).get("orders")
    assert wrong.body == {
        "code": "woocommerce_rest_authentication_error",
        "message": "Consumer secret is invalid.",
        "data": {"status": 401},
    }
    unknown = Caller(store, Key(1, 1, "", "", "ck_unknown", key.consumer_secret)).get("orders")
    assert (unknown.status, unknown.code) == (401, "woocommerce_rest_cannot_view")
    assert "www-authenticate" not in {**wrong.headers, **unknown.headers}


def test_a_key_for_reading_cannot_write_and_is_told_so_with_401(store: Store) -> None:
    reader = Caller(store, store.new_key("read"))
    assert reader.get("orders").status == 200
    said = reader.post("coupons", code="x")
    assert (said.status, said.code) == (401, "woocommerce_rest_authentication_error")
    assert "write permissions" in said.body["message"]
    assert Caller(store, store.new_key("write")).get("orders").status == 401


def test_a_key_loses_its_rights_with_the_user_who_gave_it(store: Store, app: Caller) -> None:
    order = store.leave_draft(EVE, [("MUG-1", 1)])
    store.demote_owner()
    assert (app.get("orders").status, app.get(f"orders/{order}").status) == (403, 403)
    store.delete_owner()
    assert (app.get("orders").status, app.get(f"orders/{order}").status) == (401, 401)


@pytest.mark.parametrize(("kind", "status"), [("orders", 401), ("products", 404), ("coupons", 404)])
def test_to_nobody_a_missing_product_is_missing_and_a_missing_order_is_none_of_his_business(
    store: Store, app: Caller, kind: str, status: int
) -> None:
    assert app.get(f"{kind}/999").status == 404
    assert Caller(store).get(f"{kind}/999").status == status
    store.delete_owner()
    assert app.get(f"{kind}/999").status == status


# Being let in.


def test_the_owner_approves_and_the_shop_hands_the_keys_over_before_the_browser_returns() -> None:
    ours = make_authority("localhost")
    with receiver(authority=ours) as ear, woocommerce_store(authorities=[ours.certificate]) as store:
        browser = Browser(store)
        consent = browser.sign_in(callback_url=f"{ear.url}/callback")
        back = browser.click(consent, "approve").headers["location"]
        assert back == "http://localhost:9/back?tab=2&success=1&user_id=tenant-42~nonce.abc"
        came, like = ear.came[0], captured("wc-auth_callback")
        assert came.headers["content-type"] == dict(like["headers"])["Content-Type"]
        assert came.headers["user-agent"] == f"WordPress/6.9; {store.url}"
        told = json.loads(came.body)
        assert list(told) == list(json.loads(like["body"]))
        assert told["user_id"] == "tenant-42~nonce.abc"
        assert len(told["consumer_key"]) == len(told["consumer_secret"]) == 43
        key = store.memory.keys[told["key_id"]]
        assert Caller(store, key).get("orders").status == 200
        browser.click(consent, "approve")
        assert len(store.memory.keys) == 2
        assert Caller(store, key).get("orders").status == 200


def test_the_owner_says_no() -> None:
    with woocommerce_store() as store:
        browser = Browser(store)
        denied = re.search(r"href='([^']*)' class='button wc-auth-deny'", browser.sign_in())
        assert denied
        assert parse_qs(urlsplit(unescape(denied[1])).query) == {
            "tab": ["2"],
            "success": ["0"],
            "user_id": ["tenant-42~nonce.abc"],
        }
        assert store.memory.keys == {}


@pytest.mark.parametrize("status", [201, 204, 500])
def test_any_answer_but_200_takes_the_keys_away_again(status: int) -> None:
    ours = make_authority("localhost")
    with receiver([status], ours) as ear, woocommerce_store(authorities=[ours.certificate]) as store:
        browser = Browser(store)
        said = browser.click(browser.sign_in(callback_url=f"{ear.url}/cb"), "approve")
        assert said.status == 401
        assert "unable to send the consumer data" in said.text
        assert store.memory.keys == {}


def test_a_redirect_of_the_callback_becomes_a_get_that_still_carries_the_keys() -> None:
    ours = make_authority("localhost")
    with receiver([302], ours) as ear, woocommerce_store(authorities=[ours.certificate]) as store:
        ear.location = "/elsewhere"
        browser = Browser(store)
        browser.click(browser.sign_in(callback_url=f"{ear.url}/cb"), "approve")
        assert [one.name for one in ear.came] == ["POST /cb", "GET /elsewhere"]
        assert b"consumer_secret" in ear.came[1].body


def test_a_callback_whose_certificate_the_shop_does_not_trust_gets_no_keys() -> None:
    with receiver(authority=make_authority("localhost")) as ear, woocommerce_store() as store:
        browser = Browser(store)
        assert browser.click(browser.sign_in(callback_url=f"{ear.url}/cb"), "approve").status == 401
        assert (len(ear.came), store.memory.keys) == (0, {})


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"user_id": ""}, "Missing parameter user_id"),
        ({"scope": "all"}, "Invalid scope all"),
        ({"callback_url": "http://localhost/cb"}, "needs to be over SSL"),
        ({"callback_url": "https://localhost/a%20b"}, "is not a valid URL"),
    ],
)
def test_a_request_for_keys_that_is_not_right_is_refused(
    store: Store, wanted: dict[str, str], why: str
) -> None:
    said = Browser(store).open(f"{store.url}/wc-auth/v1/authorize?{urlencode({**WANTED, **wanted})}")
    assert said.status == 401
    assert why in said.text
    assert said.headers["content-type"].startswith("text/html")


# Trouble.


@pytest.mark.parametrize(
    ("kind", "status", "wait"),
    [
        ("too_many", 429, "30"),
        ("unavailable", 503, "30"),
        ("maintenance", 503, "600"),
        ("waf", 403, None),
        ("server_error", 500, None),
        ("html", 200, None),
    ],
)
def test_a_host_in_trouble_answers_with_a_page(
    store: Store, app: Caller, kind: Any, status: int, wait: str | None
) -> None:
    store.trouble(kind)
    said = app.get("orders")
    assert (said.status, said.headers.get("retry-after")) == (status, wait)
    assert said.headers["content-type"] == "text/html; charset=UTF-8"
    assert app.get("orders").status == 200


def test_a_line_may_be_cut_and_an_answer_lost_after_the_coupon_was_made(store: Store, app: Caller) -> None:
    store.trouble("cut", method="POST", path="coupons")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        app.post("coupons", code="never")
    assert store.coupons_ever == []
    store.trouble("answer_lost", method="POST", path="coupons")
    assert app.get("orders").status == 200, "only what it names is struck"
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        app.post("coupons", code="ten")
    assert [one.code for one in store.coupons_ever] == ["ten"]
    assert app.post("coupons", code="ten").status == 400
    calls = [one for one in store.asked if one.name == "POST /wp-json/wc/v3/coupons"]
    assert [one.status for one in calls] == [None, None, 400]
    assert json.loads(calls[1].body) == {"code": "ten"}
    assert store.counts["POST /wp-json/wc/v3/coupons"] == 3


def test_a_shop_that_hangs_ends_with_the_test(store: Store, app: Caller) -> None:
    store.trouble("slow", seconds=0.05)
    assert app.get("orders").status == 200
    store.trouble("time_out", seconds=0.05)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        app.get("orders")


# By itself.


def test_the_shop_runs_as_a_process_and_is_led_over_its_own_address(tmp_path: Path) -> None:
    ours = make_authority("localhost")
    chain, ca = tmp_path / "chain.pem", tmp_path / "ca.pem"
    chain.write_bytes(ours.host_chain)
    ca.write_bytes(ours.certificate)
    command = [sys.executable, "-m", "tests.fakes.woocommerce", "--cert", str(chain), "--ca", str(ca)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[0]
            port = urlsplit(url).port
            trusted = ssl.create_default_context(cafile=ca)

            def lead(http_method: str, verb: str, **given: Any) -> Any:
                line = http.client.HTTPSConnection("localhost", port, timeout=20, context=trusted)
                line.request(http_method, f"/__fake__/{verb}", json.dumps(given))
                said = json.loads(line.getresponse().read())
                line.close()
                return said

            order = lead("POST", "leave_draft", email=EVE, lines=[["MUG-1", 2]])["result"]
            lead("POST", "place", order_id=order, method="card")
            state = lead("GET", "state")
            assert (state["home"], state["orders"]) == (url, {str(order): "processing"})
            assert state["stock"][str(state["products"]["MUG-1"])] == 28
            assert lead("POST", "nonsense")["error"]
            assert lead("POST", "pay", order_id=999)["error"]
        finally:
            process.terminate()
        assert process.wait(20) == 0
