"""A store is called: over HTTPS, with its keys, and never given up for one refusal."""

import logging
from datetime import timedelta

import pytest

from core.errors import InDoubt, KontorError, NeedsMerchant, Permanent, Retryable
from core.http import HttpClient
from integrations.woocommerce.api import StoreApi
from tests.integrations.woocommerce.standing import TOKEN, Said, Store, access, html, refused, rest

ORDERS = "/wp-json/wc/v3/orders"
COUPONS = "/wp-json/wc/v3/coupons"
CANNOT = "woocommerce_rest_cannot_view"
AUTHENTICATION = "woocommerce_rest_authentication_error"


def test_the_keys_travel_in_the_header_and_nowhere_else(store: Store, api: StoreApi) -> None:
    store.says(ORDERS, rest([]))
    api.page("orders")
    (asked,) = store.asked
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.query == {"per_page": "100", "page": "1"}


def test_where_the_host_cuts_the_header_off_they_travel_in_the_address(
    store: Store, client: HttpClient
) -> None:
    store.says(ORDERS, rest([]))
    asked_for = {"status": "any"}
    StoreApi.of(client, access(store.domain, auth="query")).get("orders", params=asked_for)
    (asked,) = store.asked
    assert "authorization" not in asked.headers
    assert (asked.query["consumer_key"], asked.query["consumer_secret"]) == tuple(TOKEN.split(":"))
    assert asked_for == {"status": "any"}


def test_no_key_is_ever_told(store: Store, client: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store.says(ORDERS, html(500))
    with pytest.raises(Retryable) as failed:
        StoreApi.of(client, access(store.domain, auth="query")).page("orders")
    told = f"{failed.value!r}{failed.value.__cause__!r}{caplog.text}"
    assert "ck_" not in told
    assert "cs_" not in told


def test_a_store_without_rewriting_is_called_through_its_index(store: Store, client: HttpClient) -> None:
    store.says("/index.php" + ORDERS, rest([]))
    assert StoreApi.of(client, access(store.domain, entry="index.php")).page("orders").rows == []


def test_a_store_in_a_folder_keeps_its_folder(store: Store, client: HttpClient) -> None:
    store.says("/shop" + ORDERS, rest([]))
    assert StoreApi.of(client, access(f"{store.domain}/shop")).page("orders").rows == []


@pytest.mark.parametrize("domain", ["http://shop.example", "ftp://shop.example"])
def test_keys_are_never_sent_unprotected(client: HttpClient, domain: str) -> None:
    with pytest.raises(NeedsMerchant):
        StoreApi.of(client, access(domain))


def test_all_pages_are_read(store: Store, api: StoreApi) -> None:
    store.says(
        ORDERS,
        rest([{"id": 1}], X_WP_TotalPages="3"),
        rest([{"id": 2}], X_WP_TotalPages="3"),
        rest([{"id": 3}], X_WP_TotalPages="3"),
    )
    assert [row["id"] for row in api.every("orders")] == [1, 2, 3]
    assert [asked.query["page"] for asked in store.asked] == ["1", "2", "3"]


def test_all_pages_are_read_where_a_proxy_cuts_the_stores_headers_off(store: Store, api: StoreApi) -> None:
    full = [{"id": number} for number in range(100)]
    store.says(ORDERS, rest(full), rest(full), rest([{"id": 1}]))
    assert len(list(api.every("orders"))) == 201
    with pytest.raises(Retryable):
        api.count("orders")


@pytest.mark.parametrize(
    ("said", "error"), [(html(403), Retryable), (refused("rest_not_logged_in", 401), NeedsMerchant)]
)
def test_a_site_that_does_not_say_who_it_is_is_sorted_alike(
    store: Store, api: StoreApi, said: Said, error: type[KontorError]
) -> None:
    store.says("/wp-json/", said)
    with pytest.raises(error):
        api.index()


def test_more_than_a_hundred_ids_are_asked_for_in_parts(store: Store, api: StoreApi) -> None:
    store.says(ORDERS, rest([]))
    list(api.listed("orders", [str(number) for number in range(1, 151)] + ["7", "no-id"]))
    assert [len(asked.query["include"].split(",")) for asked in store.asked] == [100, 50]


@pytest.mark.parametrize("status", [401, 403])
def test_one_refusal_is_not_a_disconnection(store: Store, api: StoreApi, status: int) -> None:
    store.says(ORDERS, refused(CANNOT, status), rest([{"id": 1}]))
    assert api.page("orders").rows == [{"id": 1}]


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (CANNOT, 401, "keys_refused"),
        (AUTHENTICATION, 401, "keys_refused"),
        (CANNOT, 403, "owner_demoted"),
        ("rest_not_logged_in", 401, "api_closed"),
        ("rest_cannot_access", 403, "api_closed"),
    ],
)
def test_a_refusal_that_stays_is_the_merchants_to_mend(
    store: Store, api: StoreApi, code: str, status: int, reason: str
) -> None:
    store.says(ORDERS, refused(code, status))
    with pytest.raises(NeedsMerchant, match=f"^{reason}$"):
        api.page("orders")
    assert len(store.asked) == 2


def test_keys_that_may_only_read_are_told_from_keys_that_open_nothing(store: Store, api: StoreApi) -> None:
    store.says(COUPONS, refused(AUTHENTICATION, 401))
    store.says(ORDERS, rest([]))
    with pytest.raises(NeedsMerchant, match=r"^read_only$"):
        api.made("coupons", {"code": "x"})


@pytest.mark.parametrize("status", [401, 403, 404, 406, 418, 451])
def test_a_firewalls_page_says_nothing_of_the_store(store: Store, api: StoreApi, status: int) -> None:
    store.says(ORDERS, html(status))
    with pytest.raises(Retryable):
        api.one("orders")


def test_a_store_whose_woocommerce_is_switched_off_has_lost_nothing(store: Store, api: StoreApi) -> None:
    store.says(f"{ORDERS}/7", refused("rest_no_route", 404))
    with pytest.raises(Retryable):
        api.one("orders/7")


def test_what_the_store_does_not_have_is_absent(store: Store, api: StoreApi) -> None:
    store.says(f"{ORDERS}/7", refused("woocommerce_rest_shop_order_invalid_id", 404))
    assert api.one("orders/7") is None


def test_maintenance_says_when_it_will_be_over(store: Store, api: StoreApi) -> None:
    store.says(ORDERS, html(503, Retry_After="600"))
    with pytest.raises(Retryable) as closed:
        api.page("orders")
    assert closed.value.after == timedelta(minutes=10)


@pytest.mark.parametrize("said", [html(200), rest("<p>"), rest({"id": 1}), rest([1])])
def test_a_page_for_people_with_a_status_of_success_is_no_answer(
    store: Store, api: StoreApi, said: Said
) -> None:
    store.says(ORDERS, said)
    with pytest.raises(Retryable):
        api.page("orders")


@pytest.mark.parametrize("said", [html(200), html(500), html(502), rest([])])
def test_a_change_without_a_clear_answer_is_in_doubt(store: Store, api: StoreApi, said: Said) -> None:
    store.says(COUPONS, said)
    with pytest.raises(InDoubt):
        api.made("coupons", {"code": "x"})
    assert store.names() == [f"POST {COUPONS}"]


@pytest.mark.parametrize("status", [301, 308])
def test_a_store_that_moved_for_good_must_be_connected_anew(store: Store, api: StoreApi, status: int) -> None:
    store.says(ORDERS, html(status, Location="https://other.example/"))
    with pytest.raises(NeedsMerchant, match=r"^moved$"):
        api.page("orders")


def test_a_passing_redirect_is_not_followed_and_not_held_against_the_store(
    store: Store, api: StoreApi
) -> None:
    store.says(ORDERS, html(302, Location=f"https://{store.domain}/trap"))
    with pytest.raises(Retryable):
        api.page("orders")
    assert store.names() == [f"GET {ORDERS}"]


@pytest.mark.parametrize("status", [400, 422])
def test_what_the_store_will_never_do_is_not_tried_again(store: Store, api: StoreApi, status: int) -> None:
    store.says(COUPONS, refused("rest_invalid_param", status))
    with pytest.raises(Permanent) as failed:
        api.made("coupons", {"code": "x"})
    assert isinstance(failed.value, KontorError)
    assert len(store.asked) == 1


def test_what_is_gone_already_is_as_it_should_be(store: Store, api: StoreApi) -> None:
    store.says(f"{COUPONS}/7", refused("woocommerce_rest_shop_coupon_invalid_id", 404))
    api.deleted("coupons/7")
    assert store.asked[0].query == {"force": "true"}
