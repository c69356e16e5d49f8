"""Addresses that Shopify signed: the return from the grant screen and the pages fetched for a shop."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.shopify.domain import shop_domain
from integrations.shopify.signed_query import (
    callback_message,
    proxy_message,
    signed_callback,
    signed_proxy,
)
from tests.integrations.shopify.vectors import VECTORS, cases, named

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "hush"
STAMP = str(int(NOW.timestamp()))
BACK = [("code", "abc"), ("shop", "beans.myshopify.com"), ("state", "s"), ("timestamp", STAMP)]
PAGE = [("shop", "beans.myshopify.com"), ("path_prefix", "/apps/k"), ("timestamp", STAMP)]


def digest(message: str) -> str:
    return hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()


def returning(pairs: list[tuple[str, str]], now: datetime = NOW) -> dict[str, str] | None:
    signed = [*pairs, ("hmac", digest(callback_message(pairs)))]
    return signed_callback(urlencode(signed), ("newer", SECRET), now)


def fetched(pairs: list[tuple[str, str]], now: datetime = NOW) -> dict[str, str] | None:
    signed = [*pairs, ("signature", digest(proxy_message(pairs)))]
    return signed_proxy(urlencode(signed), ("newer", SECRET), now)


def at(timestamp: str | None) -> datetime:
    return datetime.fromtimestamp(int(timestamp or STAMP), UTC)


@pytest.mark.parametrize("case", cases("oauth_hmac"), ids=named)
def test_published_callbacks_are_judged_as_published(case: dict[str, Any]) -> None:
    pairs = [(name, value) for name, value in case["params"]]
    now = at(dict(pairs).get("timestamp"))
    if "message" in case:
        assert callback_message(pairs) == case["message"]
        assert (
            hmac.new(case["secret"].encode(), case["message"].encode(), hashlib.sha256).hexdigest()
            == case["hmac"]
        )
    signed = [(name, value) for name, value in pairs if name != "hmac"] + [("hmac", case["hmac"])]
    told = signed_callback(urlencode(signed), [case["secret"]], now)
    # One published case has no timestamp, as a real callback always does.
    assert (told is not None) is (case["valid"] and "timestamp" in dict(pairs))


@pytest.mark.parametrize("case", cases("app_proxy_signature"), ids=named)
def test_published_pages_are_judged_as_published(case: dict[str, Any]) -> None:
    stamp = next(part for part in case["query_string"].split("&") if part.startswith("timestamp="))
    now = at(stamp.removeprefix("timestamp="))
    told = signed_proxy(case["query_string"], [case["secret"]], now)
    assert (told is not None) is case["valid"]
    if told:
        assert shop_domain(told["shop"]) == told["shop"]


@pytest.mark.parametrize("read", [returning, fetched])
@pytest.mark.parametrize(("seconds", "good"), [(0, True), (90, True), (-90, True), (91, False), (-91, False)])
def test_what_was_signed_is_good_for_a_minute_and_a_half(read: Any, seconds: int, good: bool) -> None:
    pairs = BACK if read is returning else PAGE
    assert (read(pairs, NOW + timedelta(seconds=seconds)) is not None) is good


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 400, "\u0661\u0662"])
@pytest.mark.parametrize("read", [returning, fetched])
def test_a_strange_time_is_no_time(read: Any, stamp: str) -> None:
    pairs = [(name, stamp if name == "timestamp" else value) for name, value in BACK]
    assert read(pairs) is None


def test_no_parameter_of_a_callback_may_come_twice() -> None:
    for name, value in BACK:
        assert returning([*BACK, (name, value)]) is None
    assert returning([*BACK, ("ids[]", "2"), ("ids[]", "1")]) is not None


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "x" * 5000])
def test_a_signature_of_strange_letters_is_refused_and_not_stumbled_over(signature: str) -> None:
    query = urlencode([*BACK, ("hmac", signature)], errors="replace")
    assert signed_callback(query, (SECRET,), NOW) is None
    assert signed_proxy(query.replace("hmac", "signature"), (SECRET,), NOW) is None


def test_unsigned_is_unsigned() -> None:
    assert signed_callback(urlencode(BACK), (SECRET,), NOW) is None
    assert signed_callback("", (), NOW) is None
    assert signed_proxy("%ff%00=&&&", (SECRET,), NOW) is None


def test_signs_that_join_parameters_cannot_be_smuggled_in() -> None:
    honest = callback_message([("a", "1&b=2")])
    assert honest == "a=1%26b=2" != callback_message([("a", "1"), ("b", "2")])
    assert callback_message([("a=1", "2%")]) == "a%3D1=2%25"


@pytest.mark.parametrize("domain", VECTORS["shop_domain"]["valid"])
def test_a_shops_domain_is_kept_in_lower_case(domain: str) -> None:
    assert shop_domain(domain) == domain.lower()


@pytest.mark.parametrize(
    "domain",
    [
        *VECTORS["shop_domain"]["invalid"],
        "shop.myshopify.com:443",
        "a.b.myshopify.com",
        "\u0131.myshopify.com",
        "K" * 200,
    ],
)
def test_nothing_else_is_a_shops_domain(domain: str) -> None:
    assert shop_domain(domain) is None
