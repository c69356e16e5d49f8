"""From the first page load to a call that works, and through a refresh, at a Shopify that checks it all."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.errors import NeedsMerchant, Permanent, Retryable
from integrations.live import Tokens
from integrations.roles import Access
from integrations.shopify import admin, oauth
from integrations.shopify.id_token import Viewer, read_id_token
from integrations.shopify.live import ShopifyLive
from integrations.shopify.oauth import App, StaleIdToken
from integrations.shopify.signed_query import signed_callback
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import ToFake, identity_of

SECRET = "a-client-secret-of-more-than-32-letters"
APP = App("fake-client-id", (SECRET,))


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify(app_url="https://kontor.test", client_secret=SECRET) as fake:
        yield fake


@pytest.fixture
def client(shopify: FakeShopify) -> Iterator[ToFake]:
    client = ToFake(
        allow_private=True, extra_ca_file=shopify.ca_file, resolve=lambda host, port: ["127.0.0.1"]
    )
    client.port = shopify.port
    yield client
    client.close()


def tokens(given: Tokens | StaleIdToken) -> Tokens:
    assert isinstance(given, Tokens)
    return given


def access(beans: Shop, given: Tokens) -> Access:
    return Access(7, identity_of(beans), given.access, {})


def test_the_first_page_load_is_all_it_takes(
    shopify: FakeShopify, beans: Shop, client: ToFake, live: ShopifyLive
) -> None:
    query: dict[str, Any] = dict(parse_qsl(urlsplit(shopify.open_url(beans, "/flows")).query))
    assert admin.decoded_host(query["host"]) == admin.place_of(beans.domain)
    viewer = read_id_token(query["id_token"], APP.client_id, APP.secrets, shopify.now())
    assert isinstance(viewer, Viewer)
    assert viewer.shop == beans.domain
    pair = tokens(oauth.exchange(client, APP, viewer.shop, query["id_token"]))
    assert pair.expires_at is not None
    assert live.profile(access(beans, pair)).domain == beans.domain


def test_a_token_is_refreshed_and_the_former_pair_ends(
    shopify: FakeShopify, beans: Shop, client: ToFake, live: ShopifyLive
) -> None:
    first = tokens(oauth.exchange(client, APP, beans.domain, shopify.id_token(beans)))
    shopify.forward(minutes=61)
    with pytest.raises(NeedsMerchant):
        live.profile(access(beans, first))
    second = oauth.refresh(client, APP, beans.domain, first.refresh or "")
    assert live.profile(access(beans, second)).domain == beans.domain
    assert second.refresh != first.refresh


def test_a_lost_answer_to_a_refresh_is_asked_for_again(
    shopify: FakeShopify, beans: Shop, client: ToFake
) -> None:
    first = tokens(oauth.exchange(client, APP, beans.domain, shopify.id_token(beans)))
    shopify.fail("lost_answer", on="token")
    with pytest.raises(Retryable):
        oauth.refresh(client, APP, beans.domain, first.refresh or "")
    assert oauth.refresh(client, APP, beans.domain, first.refresh or "").access


def test_a_stale_page_is_asked_for_again_and_not_taken_for_an_error(
    shopify: FakeShopify, beans: Shop, client: ToFake
) -> None:
    stale = shopify.id_token(beans)
    shopify.forward(minutes=5)
    assert oauth.exchange(client, APP, beans.domain, stale) == StaleIdToken()


def test_after_ninety_idle_days_the_merchant_is_needed(
    shopify: FakeShopify, beans: Shop, client: ToFake
) -> None:
    pair = tokens(oauth.exchange(client, APP, beans.domain, shopify.id_token(beans)))
    shopify.forward(days=91)
    with pytest.raises(NeedsMerchant):
        oauth.refresh(client, APP, beans.domain, pair.refresh or "")


def test_a_wrong_secret_is_for_the_operator(shopify: FakeShopify, beans: Shop, client: ToFake) -> None:
    with pytest.raises(Permanent, match="operator"):
        oauth.exchange(client, App("fake-client-id", ("wrong",)), beans.domain, shopify.id_token(beans))


def test_a_lasting_token_is_changed_for_a_pair(beans: Shop, client: ToFake, live: ShopifyLive) -> None:
    lasting = Tokens(beans.installation.issue_lasting()["access_token"])
    with pytest.raises(NeedsMerchant):
        live.profile(access(beans, lasting))
    pair = oauth.upgrade(client, APP, beans.domain, lasting.access)
    assert live.profile(access(beans, pair)).domain == beans.domain


def test_the_grant_screen_leads_back_with_a_code_that_is_good_once(
    shopify: FakeShopify, beans: Shop, client: ToFake
) -> None:
    back = "https://kontor.test/shopify/callback"
    url = oauth.authorize_url(APP, beans.domain, ("read_orders",), back, "nonce")
    with pytest.raises(Permanent) as redirected:
        client.send("GET", url)
    assert redirected.value.refusal
    returned = urlsplit(redirected.value.refusal.headers["location"])
    told = signed_callback(returned.query, APP.secrets, shopify.now())
    assert told is not None
    assert (told["shop"], told["state"]) == (beans.domain, "nonce")
    assert signed_callback(returned.query, APP.secrets, shopify.now() + timedelta(minutes=5)) is None
    assert oauth.redeem(client, APP, beans.domain, told["code"]).scopes == ("read_orders",)
    with pytest.raises(NeedsMerchant):
        oauth.redeem(client, APP, beans.domain, told["code"])
