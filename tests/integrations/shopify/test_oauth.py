"""Getting tokens from Shopify, keeping them fresh, and what each "no" means."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import time_machine

from core.errors import NeedsMerchant, Permanent, Retryable
from core.http import HttpClient, Reply
from integrations.live import Tokens
from integrations.shopify import oauth
from integrations.shopify.oauth import App, StaleIdToken
from tests.integrations.shopify.standing_in import Said, StandIn
from tests.integrations.shopify.vectors import VECTORS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
APP = App("API key", ("API Secret",))
SHOP = "beans.myshopify.com"
KNOWN: dict[str, Any] = VECTORS["token_endpoint"]
PAIR = Tokens(
    "shpat_dummy1",
    NOW + timedelta(hours=1),
    "shprt_dummy1",
    NOW + timedelta(days=90),
    ("read_orders", "write_discounts"),
)


class Diverted(HttpClient):
    """Calls for the shop arrive at the stand-in."""

    to: StandIn

    def send(self, method: str, url: str, **more: Any) -> Reply:
        assert url.startswith(f"https://{SHOP}/")
        return self.by.send(method, url.replace(SHOP, self.to.domain), **more)

    by: HttpClient


@pytest.fixture
def shopify(shop: StandIn, client: HttpClient) -> HttpClient:
    diverted = Diverted()
    diverted.to, diverted.by = shop, client
    return diverted


def asked(shop: StandIn) -> dict[str, str]:
    return dict(parse_qsl(shop.heard[-1].body.decode(), strict_parsing=True))


def without_about(told: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in told.items() if key != "source"}


def test_an_id_token_becomes_a_pair_that_expires(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said(KNOWN["offline_response"]["body"]))
    with time_machine.travel(NOW, tick=False):
        assert oauth.exchange(shopify, APP, SHOP, "<id token>") == PAIR
    assert asked(shop) == without_about(KNOWN["exchange_request"])
    assert shop.heard[0].path == "/admin/oauth/access_token"
    assert shop.heard[0].headers["content-type"].startswith("application/x-www-form-urlencoded")


def test_a_pair_is_refreshed(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said(KNOWN["refresh_response"]["body"]))
    tokens = oauth.refresh(shopify, APP, SHOP, "shprt_dummy1")
    assert (tokens.access, tokens.refresh) == ("shpat_dummy2", "shprt_dummy2")
    assert asked(shop) == without_about(KNOWN["refresh_request"])


def test_a_token_without_an_end_is_changed_for_a_pair(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said(KNOWN["offline_response"]["body"]))
    oauth.upgrade(shopify, APP, SHOP, "<old non-expiring offline token>")
    expected = without_about(KNOWN["migrate_request"])
    assert expected.items() <= asked(shop).items()


def test_a_code_of_the_grant_screen_is_redeemed(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said(KNOWN["offline_response"]["body"]))
    oauth.redeem(shopify, APP, SHOP, "a-code")
    told = asked(shop)
    assert (told["code"], told["expiring"], told["client_secret"]) == ("a-code", "1", "API Secret")


def test_the_grant_screen_is_asked_with_what_we_want_and_our_state() -> None:
    url = oauth.authorize_url(
        APP, SHOP, ("read_orders", "write_discounts"), "https://kontor.test/back", "nonce"
    )
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", SHOP, "/admin/oauth/authorize")
    told = {key: value for key, (value,) in parse_qs(parts.query).items()}
    assert told == {
        "response_type": "code",
        "client_id": "API key",
        "scope": "read_orders,write_discounts",
        "redirect_uri": "https://kontor.test/back",
        "state": "nonce",
    }


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_stale_id_token_is_for_the_browser_to_renew(
    shop: StandIn, shopify: HttpClient, status: int
) -> None:
    shop.say(Said({"error": "invalid_subject_token", "error_description": "zu alt: ß"}, status))
    assert oauth.exchange(shopify, APP, SHOP, "stale") == StaleIdToken()


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("call", [oauth.refresh, oauth.redeem, oauth.upgrade])
@pytest.mark.parametrize("word", ["invalid_grant", "invalid_request", "invalid_subject_token"])
def test_a_dead_token_needs_the_merchant(
    shop: StandIn, shopify: HttpClient, status: int, call: Any, word: str
) -> None:
    shop.say(Said({"error": word, "error_description": "shprt_secret is dead"}, status))
    with pytest.raises(NeedsMerchant) as dead:
        call(shopify, APP, SHOP, "shprt_secret")
    assert "shprt_secret" not in str(dead.value)


def test_an_app_nobody_knows_is_for_the_operator(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said({"error": "invalid_client"}, 400))
    with pytest.raises(Permanent, match="operator"):
        oauth.exchange(shopify, APP, SHOP, "good")


def test_while_the_secret_changes_the_older_one_is_tried_too(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said({"error": "invalid_client"}, 400), Said(KNOWN["offline_response"]["body"]))
    oauth.refresh(shopify, App("API key", ("newer", "older")), SHOP, "shprt_dummy1")
    assert [dict(parse_qsl(one.body.decode()))["client_secret"] for one in shop.heard] == ["newer", "older"]


@pytest.mark.parametrize("said", [Said("", 500), Said("", 502), Said("", 503), Said("", 429), None])
def test_a_token_endpoint_that_ails_is_asked_again_later(
    shop: StandIn, shopify: HttpClient, said: Said | None
) -> None:
    shop.say(said)
    with pytest.raises(Retryable):
        oauth.refresh(shopify, APP, SHOP, "shprt_dummy1")


@pytest.mark.parametrize(
    "said", [Said("", 404), Said(b"<html>", 400), Said([], 400), Said({"error": 7}, 400)]
)
def test_a_refusal_without_a_reason_is_final(shop: StandIn, shopify: HttpClient, said: Said) -> None:
    shop.say(said)
    with pytest.raises(Permanent):
        oauth.refresh(shopify, APP, SHOP, "shprt_dummy1")


@pytest.mark.parametrize("body", [{}, {"access_token": ""}, {"access_token": 7}, [], b"<html>"])
def test_an_answer_without_a_token_is_no_answer(shop: StandIn, shopify: HttpClient, body: Any) -> None:
    shop.say(Said(body))
    with pytest.raises(Retryable):
        oauth.exchange(shopify, APP, SHOP, "good")


def test_a_token_without_an_end_says_so(shop: StandIn, shopify: HttpClient) -> None:
    shop.say(Said({"access_token": "shpat_x", "scope": ""}))
    assert oauth.exchange(shopify, APP, SHOP, "good") == Tokens("shpat_x")


@pytest.mark.parametrize(
    "shop_name", ["evil.example", "beans.myshopify.com.evil.example", "", "a/b.myshopify.com"]
)
def test_our_secret_goes_to_shops_alone(shopify: HttpClient, shop_name: str) -> None:
    with pytest.raises(Permanent):
        oauth.exchange(shopify, APP, shop_name, "good")
    with pytest.raises(Permanent):
        oauth.authorize_url(APP, shop_name, (), "https://kontor.test/back", "nonce")


def test_tokens_are_in_no_description_of_them() -> None:
    assert "shp" not in repr(PAIR)
    assert "Secret" not in repr(APP)
