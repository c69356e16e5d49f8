"""Our own Shopify, its tokens, and its life as a program: as strict as the documented one."""

import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.http import HttpClient
from integrations.roles import Access, ShopIdentity
from integrations.shopify.api import Api
from integrations.shopify.documents import SHOP
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.fakes.shopify.id_tokens import holds, mint
from tests.fakes.shopify.tokens import SEEN_IN_2026

VECTORS = Path(__file__).parents[3] / "payloads" / "shopify" / "vectors.json"


# Tokens.


def test_an_id_token_becomes_a_pair_that_expires(shopify: FakeShopify, shop: Shop) -> None:
    app = shopify.client(shop, token="none yet")
    pair = app.exchange(shopify.id_token(shop))
    assert pair.status == 200
    told = pair.json()
    assert (told["expires_in"], told["refresh_token_expires_in"]) == (3600, 7776000)
    assert "read_orders" in told["scope"].split(",")
    app.token = told["access_token"]
    assert app.data("{ shop { myshopifyDomain } }") == {"shop": {"myshopifyDomain": shop.domain}}


def test_a_form_is_as_good_as_json(shopify: FakeShopify, shop: Shop) -> None:
    app = shopify.client(shop)
    form = (
        f"client_id={app.client_id}&client_secret={app.client_secret}&code={shopify.grant(shop)}&expiring=1"
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert app.send("POST", "/admin/oauth/access_token", form.encode(), kind).json()["expires_in"] == 3600


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"nbf": 2**40},
        {"aud": "another app"},
        {"dest": "https://stranger.myshopify.com"},
    ],
)
def test_an_id_token_that_does_not_hold_is_refused(
    shopify: FakeShopify, shop: Shop, app: Client, claims: dict[str, Any]
) -> None:
    refused = app.exchange(shopify.id_token(shop, **claims))
    assert (refused.status, refused.json()) == (400, {"error": "invalid_subject_token"})


def test_an_id_token_of_another_secret_is_refused(shop: Shop, app: Client) -> None:
    forged = FakeShopify(client_secret="guessed").id_token(shop.domain, aud=app.client_id)
    assert app.exchange(forged).json() == {"error": "invalid_subject_token"}
    assert app.exchange("no token at all").json() == {"error": "invalid_subject_token"}


def test_the_wrong_secret_is_told_apart_from_the_wrong_token(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    refused = app.exchange(shopify.id_token(shop), client_secret="guessed")
    assert (refused.status, refused.json()) == (400, {"error": "invalid_client"})


def test_after_an_hour_the_access_token_is_dead_and_the_refresh_token_gives_another(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    pair = app.exchange(shopify.id_token(shop)).json()
    app.token = pair["access_token"]
    shopify.forward(minutes=61)
    assert app.ask("{ shop { name } }").status == 401
    app.token = app.refresh(pair["refresh_token"]).json()["access_token"]
    assert app.ask("{ shop { name } }").status == 200


def test_a_lost_refresh_may_be_tried_again_until_its_replacement_is_used(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    old = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shopify.fail("lost_answer", on="token")
    with pytest.raises((OSError, http.client.HTTPException)):
        app.refresh(old)
    second = app.refresh(old).json()["refresh_token"]
    assert app.refresh(second).status == 200
    assert app.refresh(old).json() == {"error": "invalid_grant"}


def test_a_used_refresh_token_is_good_for_thirty_days_at_most(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    old = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    app.refresh(old)
    shopify.forward(days=29)
    assert app.refresh(old).status == 200
    shopify.forward(days=2)
    assert app.refresh(old).json() == {"error": "invalid_grant"}


def test_a_newer_exchange_kills_the_refresh_token_at_once_and_the_access_token_at_its_end(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    former = app.exchange(shopify.id_token(shop)).json()
    app.exchange(shopify.id_token(shop))
    assert app.refresh(former["refresh_token"]).json() == {"error": "invalid_grant"}
    app.token = former["access_token"]
    assert app.ask("{ shop { name } }").status == 200
    shopify.forward(minutes=61)
    assert app.ask("{ shop { name } }").status == 401


def test_a_dead_refresh_token_may_also_be_answered_as_it_was_seen_to_be(
    shopify: FakeShopify, app: Client
) -> None:
    shopify.tokens.dead_refresh = SEEN_IN_2026
    refused = app.refresh("shprt_spent")
    assert (refused.status, refused.json()["error"]) == (401, "invalid_request")


def test_a_shop_idle_for_ninety_days_can_only_be_opened_again(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    idle = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shopify.forward(days=90, seconds=1)
    assert app.refresh(idle).json() == {"error": "invalid_grant"}
    assert app.exchange(shopify.id_token(shop)).status == 200


def test_a_token_that_never_expires_is_given_and_then_not_let_in(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    lasting = app.exchange(shopify.id_token(shop), expiring="0").json()
    assert set(lasting) == {"access_token", "scope"}
    app.token = lasting["access_token"]
    assert app.ask("{ shop { name } }").status == 403
    app.token = app.exchange(
        lasting["access_token"], subject_token_type="urn:shopify:params:oauth:token-type:offline-access-token"
    ).json()["access_token"]
    assert app.ask("{ shop { name } }").status == 200


def test_the_merchants_yes_leads_back_with_a_signed_code_that_works_once(
    shopify: FakeShopify, app: Client
) -> None:
    back = f"{shopify.app_url}/shopify/callback"
    sent = app.send(
        "GET",
        f"/admin/oauth/authorize?client_id={app.client_id}&scope=read_orders&redirect_uri={back}&state=s1",
    )
    assert sent.status == 302
    told = {key: one[0] for key, one in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert (told["state"], told["shop"]) == ("s1", app.shop)
    message = "&".join(f"{key}={value}" for key, value in sorted(told.items()) if key != "hmac")
    digest = hmac.new(app.client_secret.encode(), message.encode(), hashlib.sha256)
    assert told["hmac"] == digest.hexdigest()
    assert app.token_endpoint(code=told["code"], expiring="1").json()["scope"] == "read_orders"
    assert app.token_endpoint(code=told["code"], expiring="1").json()["error"] == "invalid_request"


def test_nobody_is_led_back_to_an_address_that_is_not_the_apps(app: Client) -> None:
    path = f"/admin/oauth/authorize?client_id={app.client_id}&scope=&redirect_uri=https://evil.test/&state=s"
    assert app.send("GET", path).status == 400


def test_an_uninstalled_shop_lets_nobody_in_until_the_app_is_opened_again(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    refresh = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shop.uninstall()
    refused = app.ask("{ shop { name } }")
    assert (refused.status, list(refused.json())) == (401, ["errors"])
    assert app.refresh(refresh).json() == {"error": "invalid_client"}
    shop.install()
    assert app.refresh(refresh).json() == {"error": "invalid_grant"}
    assert app.exchange(shopify.id_token(shop)).status == 200


def test_one_shops_token_opens_no_other(shopify: FakeShopify, app: Client) -> None:
    stranger = shopify.add_shop("stranger.myshopify.com")
    assert shopify.client(stranger, token=app.token).ask("{ shop { name } }").status == 401


def test_the_admin_opens_the_app_with_a_token_a_host_and_an_hmac(shopify: FakeShopify, shop: Shop) -> None:
    opened = urlsplit(shopify.open_url(shop, "/shopify", page="2"))
    told = {key: one[0] for key, one in parse_qs(opened.query).items()}
    assert {"shop", "host", "id_token", "hmac", "embedded", "timestamp", "page"} <= set(told)
    padded = told["host"] + "=" * (-len(told["host"]) % 4)
    assert base64.b64decode(padded) == b"admin.shopify.com/store/beans"


def test_its_id_tokens_are_those_of_the_vectors() -> None:
    rules = json.loads(VECTORS.read_bytes())["id_token"]
    known = {case["name"]: case["token"] for case in rules["cases"]}
    at = datetime.fromtimestamp(1591765028, UTC)
    app = ("test-shop.myshopify.com", rules["client_id"], rules["client_secret"])
    assert holds(known["valid"], *app, at)
    assert not holds(known["valid"], "stranger.myshopify.com", *app[1:], at)
    assert not holds(known["valid"], *app, at + timedelta(seconds=60))
    assert holds(mint(*app, at), *app, at)


# Counting, control, and a life of its own.


def test_it_counts_what_it_was_asked(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    shopify.forget_calls()
    app.ask(
        "query Facts { a: orders(first: 1) { nodes { id } } b: orders(last: 2) { nodes { id } } shop { id }}"
    )
    assert shopify.asked(shop) == {"orders": 1, "shop": 1}
    assert [one.operation for one in shopify.calls] == ["Facts"]


def test_a_test_in_another_process_does_the_same_by_http(shopify: FakeShopify, app: Client) -> None:
    made = app.control("add_product", title="Bowl", stock=1)
    left = app.control("leave_checkout", email="eve@example.test", lines=[[made["variants"][0], 1]])
    placed = app.control("place_order", token=left["token"], silent=True)
    state = app.control("state")["shops"][app.shop]
    assert state["orders"] == {placed["name"]: "PAID"}
    assert state["checkouts"] == {left["token"]: True}
    assert app.exchange(app.control("id_token")["id_token"]).status == 200
    assert "error" in app.control("cancel", name="#9")
    assert "error" in app.control("cancel")
    assert "actions" in app.control("dance")
    app.control("fail", kind="status", status=500)
    assert app.ask("{ shop { name } }").status == 500


def test_any_number_of_shops_live_here(shopify: FakeShopify) -> None:
    shops = [shopify.add_shop(f"shop-{number}.myshopify.com") for number in range(3)]
    for shop in shops:
        assert shopify.client(shop).data("{ shop { myshopifyDomain } }") == {
            "shop": {"myshopifyDomain": shop.domain}
        }
    assert shopify.client(shops[0]).send("POST", "/stranger.myshopify.com/__fake__/id_token").status == 404


def test_the_apps_own_client_reaches_it_as_it_would_the_real_one(shopify: FakeShopify, shop: Shop) -> None:
    client = HttpClient(allow_private=True, extra_ca_file=shopify.ca_file, resolve=shopify.resolve)
    token = shopify.client(shop).token
    access = Access(1, ShopIdentity(shopify.address(shop), None, "EUR"), token, {})
    try:
        assert Api(client).ask(access, SHOP)["shop"]["myshopifyDomain"] == shop.domain
    finally:
        client.close()


def test_it_starts_as_a_program_and_knows_every_shop_that_is_asked_for() -> None:
    command = [sys.executable, "-m", "tests.fakes.shopify", "--app-url", "http://127.0.0.1:9"]
    command += ["--client-id", "an-id", "--client-secret", "a-secret"]
    root = Path(__file__).parents[4]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline().rsplit(":", 1)[1])
        authority = Path(program.stdout.readline().split(" ", 1)[1].strip())
        app = Client(port, authority, "new-shop.myshopify.com", "an-id", "a-secret")
        app.token = app.exchange(app.control("id_token")["id_token"]).json()["access_token"]
        assert app.data("{ shop { myshopifyDomain } }") == {"shop": {"myshopifyDomain": app.shop}}
        program.terminate()
        assert program.wait(10) == 0
