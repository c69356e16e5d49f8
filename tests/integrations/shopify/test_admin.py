"""Pages inside the admin's frame: where they are, who may frame them, and no way out to strangers."""

import base64
from typing import Any

import pytest

from integrations.shopify import admin
from tests.integrations.shopify.vectors import cases, named

APP_URL = "https://kontor.test"
SHOP = "beans.myshopify.com"
LEADING_AWAY = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "https://kontor.test.evil.example/",
    "https://kontor.test@evil.example/",
    "https:/evil.example",
    "javascript:alert(1)",
    "flows",
    "",
    "https://kontor.test//evil.example",
]


def encoded(place: str) -> str:
    return base64.b64encode(place.encode()).decode().rstrip("=")


@pytest.mark.parametrize("case", cases("host_param"), ids=named)
def test_published_hosts_are_judged_as_published(case: dict[str, Any]) -> None:
    assert admin.decoded_host(case["host"]) == (case["decoded"] if case["valid"] else None)


@pytest.mark.parametrize(
    "place", ["admin.shopify.com/store/b", "admin.shopify.com/store/be-1", f"{SHOP}/admin"]
)
def test_a_place_in_an_admin_is_decoded_whatever_its_length(place: str) -> None:
    assert admin.decoded_host(encoded(place)) == place


@pytest.mark.parametrize(
    "host",
    [
        "",
        "é",
        "=",
        "a",
        "!!!!",
        encoded("admin.shopify.com/store/"),
        encoded("admin.shopify.com/store/x/../../y"),
        encoded("admin.shopify.com/store/x\n"),
        encoded("Beans.myshopify.com/admin"),
        encoded(f"{SHOP}/admin/x"),
        base64.b64encode(b"\xff\xfe").decode(),
    ],
)
def test_anything_else_is_no_place_in_an_admin(host: str) -> None:
    assert admin.decoded_host(host) is None


def test_a_page_is_opened_inside_the_admin_without_what_shopify_added() -> None:
    query = [
        ("step", "2"),
        ("id_token", "x"),
        ("hmac", "x"),
        ("host", "x"),
        ("shop", SHOP),
        ("embedded", "1"),
    ]
    place = admin.place_of(SHOP)
    assert admin.admin_url(place, "our-id", "/flows/cart", query) == (
        "https://admin.shopify.com/store/beans/apps/our-id/flows/cart?step=2"
    )
    assert (
        admin.admin_url(place, "our-id", "//evil.example")
        == "https://admin.shopify.com/store/beans/apps/our-id/"
    )


def test_app_bridge_is_the_first_script_and_knows_our_key() -> None:
    head = admin.head('a"b')
    assert head.index("shopify-api-key") < head.index("<script")
    assert head.count("<script") == 1
    assert '<script src="https://cdn.shopify.com/shopifycloud/app-bridge.js"></script>' in head
    assert 'content="a&quot;b"' in head


def test_only_the_admin_and_this_shop_may_frame_us() -> None:
    assert admin.frame_ancestors(SHOP) == f"frame-ancestors https://{SHOP} https://admin.shopify.com"


@pytest.mark.parametrize(
    "shop", ["", "evil.example", "*.myshopify.com", f"{SHOP}; script-src *", f"{SHOP}\r\nX: y"]
)
def test_whoever_is_no_shop_may_not(shop: str) -> None:
    assert admin.frame_ancestors(shop) == "frame-ancestors 'none'"


def test_a_page_without_a_good_token_is_asked_for_again_by_the_patch_page() -> None:
    query = [("shop", SHOP), ("host", "aG9zdA"), ("id_token", "stale"), ("step", "2")]
    answer = admin.patch_redirect("/shopify/patch", APP_URL, "/flows", query)
    assert answer.status == 302
    assert answer.headers["Location"] == (
        f"/shopify/patch?shop={SHOP}&host=aG9zdA&step=2"
        f"&shopify-reload=https%3A%2F%2Fkontor.test%2Fflows%3Fshop%3D{SHOP}%26host%3DaG9zdA%26step%3D2"
    )
    assert "stale" not in answer.headers["Location"]


def test_the_patch_page_holds_app_bridge_and_nothing_else() -> None:
    query = [("shop", SHOP), ("shopify-reload", f"{APP_URL}/flows?shop={SHOP}")]
    page = admin.patch_page("our-id", APP_URL, query)
    assert page.status == 200
    assert admin.head("our-id") in page.body
    assert "flows" not in page.body
    assert page.headers["Content-Security-Policy"] == admin.frame_ancestors(SHOP)
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("target", LEADING_AWAY)
def test_the_patch_page_leads_to_no_stranger(target: str) -> None:
    assert admin.patch_page("our-id", APP_URL, [("shop", SHOP), ("shopify-reload", target)]).status == 400


def test_the_patch_page_leads_to_one_place_only() -> None:
    twice = [("shopify-reload", "/flows"), ("shopify-reload", "/settings")]
    assert admin.patch_page("our-id", APP_URL, twice).status == 400
    assert admin.patch_page("our-id", APP_URL, []).status == 400


@pytest.mark.parametrize(
    "url",
    [
        f"{APP_URL}/shopify/begin",
        f"https://{SHOP}/admin/oauth/authorize?client_id=x",
        "https://admin.shopify.com/store/beans",
    ],
)
def test_the_frame_is_left_for_ourselves_the_shop_or_the_admin(url: str) -> None:
    page = admin.exit_frame_page("our-id", APP_URL, SHOP, url, "a-nonce")
    assert page.status == 200
    assert '<script nonce="a-nonce">window.open(' in page.body
    assert '"_top")' in page.body


@pytest.mark.parametrize(
    "url", [*LEADING_AWAY[:-1], "https://other.myshopify.com/admin", f"http://{SHOP}/", "https://["]
)
def test_the_frame_is_left_for_no_stranger(url: str) -> None:
    assert admin.exit_frame_page("our-id", APP_URL, SHOP, url, "a-nonce").status == 400


def test_an_address_ends_no_script() -> None:
    page = admin.exit_frame_page("our-id", APP_URL, SHOP, f"{APP_URL}/</script><b>", "a-nonce")
    assert "</script><b>" not in page.body


def test_a_fetch_is_told_to_try_again_or_to_leave_the_frame() -> None:
    again, leave = admin.retry_fetch(), admin.reauthorize_fetch(f"{APP_URL}/begin")
    assert (again.status, again.headers) == (401, {"X-Shopify-Retry-Invalid-Session-Request": "1"})
    assert leave.status == 401
    assert leave.headers["X-Shopify-API-Request-Failure-Reauthorize-Url"] == f"{APP_URL}/begin"
