"""A merchant installs Kontor from Shopify, opens it again, comes back, and nobody else gets in."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import merchants
from engine import privacy
from tests.web.in_admin import SCOPES, Admin, asked, in_admin, policy


@pytest.fixture
def admin(tmp_path: Path, sqlite_url: str) -> Iterator[Admin]:
    with in_admin(tmp_path, sqlite_url) as found:
        yield found


def merchants_of(admin: Admin) -> int:
    with reading(admin.door.machine.db) as db:
        return len(db.execute(select(merchants.c.id)).all())


def test_the_first_visit_connects_the_shop_and_shows_what_happens_there(admin: Admin) -> None:
    page = admin.visit()
    assert page.status_code == 200
    assert page.request.path == f"/m/{admin.key()}"
    row = admin.connection()
    assert (row.state, row.platform) == ("active", "shopify")
    assert row.token
    assert row.refresh
    assert row.token_ends_at
    assert admin.members() == ["42", "shop"]


def test_it_speaks_the_language_of_the_admin(admin: Admin) -> None:
    assert '<html lang="de">' in admin.visit(locale="de-DE").text
    assert '<html lang="en">' in admin.visit(locale="en").text


def test_a_second_visit_exchanges_nothing_and_a_colleague_becomes_a_member(admin: Admin) -> None:
    admin.visit()
    before = len(admin.shopify.token_calls)
    admin.visit()
    assert admin.visit(token=admin.token(sub="77")).status_code == 200
    assert len(admin.shopify.token_calls) == before == 1
    assert merchants_of(admin) == 1
    assert admin.members() == ["42", "77", "shop"]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example/admin"},
        {"iss": "https://other.myshopify.com/admin"},
        {"dest": "https://evil.example"},
        {"dest": "https://other.myshopify.com"},
        {"dest": None},
        {"jti": None},
        {"sub": None},
        {"aud": "another-app"},
    ],
)
def test_a_token_that_was_not_made_for_us_and_one_shop_opens_nothing(
    admin: Admin, claims: dict[str, str | None]
) -> None:
    answer = admin.visit(token=admin.token(**claims))
    assert answer.status_code == 401
    assert merchants_of(admin) == 0
    assert admin.shopify.token_calls == []
    assert "frame-ancestors 'none'" in policy(answer)


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "\0", "e30.e30.", "x" * 9000])
def test_junk_is_no_token(admin: Admin, token: str) -> None:
    assert admin.visit(token=token).status_code == 401
    assert merchants_of(admin) == 0


def test_a_stale_token_is_asked_for_anew(admin: Admin) -> None:
    answer = admin.visit(token=admin.stale())
    assert answer.status_code == 200
    assert "app-bridge.js" in answer.text
    assert answer.request.path == "/shopify/again"
    reload = urlsplit(asked(answer.request.full_path)["shopify-reload"])
    assert (reload.netloc, reload.path) == ("localhost:8000", "/shopify")
    assert "id_token" not in reload.query


def test_so_is_one_that_shopify_itself_finds_too_old(admin: Admin) -> None:
    admin.shopify.forward(minutes=5)
    token = admin.token(iat=_now(), nbf=_now(), exp=_now() + 60)
    assert admin.visit(token=token).request.path == "/shopify/again"
    assert merchants_of(admin) == 0


def _now() -> int:
    return int(clock.now().timestamp())


def test_where_shopify_refuses_or_is_silent_the_page_says_so_inside_the_frame(admin: Admin) -> None:
    admin.shopify.tokens.client_secret = "changed"
    answer = admin.visit()
    assert answer.status_code == 503
    assert "frame-ancestors https://beans.myshopify.com https://admin.shopify.com" in policy(answer)
    assert merchants_of(admin) == 0
    admin.shopify.tokens.client_secret = admin.shopify.client_secret
    admin.shopify.fail("cut", on="token")
    assert admin.visit().status_code == 503
    assert admin.visit().status_code == 200


def test_a_shop_idle_too_long_is_told_and_mended_by_opening_kontor(admin: Admin) -> None:
    admin.visit()
    first = admin.connection()
    with transaction(admin.door.machine.db) as db:
        privacy.needs_merchant(db, first.merchant_id, "the app must be opened again")
    admin.shopify.tokens.client_secret = "down"
    page = admin.visit(locale="en")
    assert page.status_code == 200
    assert "Kontor can no longer reach your shop" in page.text
    assert 'class="banner"' in admin.visit(f"/shops/{admin.key()}/activity").text
    admin.shopify.tokens.client_secret = admin.shopify.client_secret
    page = admin.visit(f"/shops/{admin.key()}/activity")
    assert 'class="banner"' not in page.text
    mended = admin.connection()
    assert mended.state == "active"
    assert mended.token != first.token


def test_after_a_reinstall_it_is_the_same_merchant_again(admin: Admin) -> None:
    admin.visit()
    key = admin.key()
    admin.shop.uninstall(silent=True)
    with transaction(admin.door.machine.db) as db:
        privacy.uninstall(db, db.scalars(select(Merchant)).one())
    assert admin.connection().token is None
    still_gone = admin.visit()
    assert still_gone.status_code == 503
    admin.shop.install()
    assert admin.visit().status_code == 200
    assert admin.key() == key
    assert admin.connection().state == "active"
    assert merchants_of(admin) == 1


# Opened elsewhere.


def test_opened_outside_the_admin_it_goes_into_it(admin: Admin) -> None:
    url = urlsplit(admin.shopify.open_url(admin.shop, "/shopify", embedded=False))
    client = admin.door.app.test_client()
    answer = client.get(f"{url.path}?{url.query}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://admin.shopify.com/store/beans/apps/our-client-id/shopify"
    admin.visit()
    page = client.get(f"/shops/{admin.key()}/activity?q=ada")
    assert page.headers["Location"] == (
        f"https://admin.shopify.com/store/beans/apps/our-client-id/shops/{admin.key()}/activity?q=ada"
    )


def test_whoever_names_no_shop_is_asked_to_come_from_one(admin: Admin) -> None:
    assert admin.get("/shopify").status_code == 401
    assert admin.get("/shopify/").status_code == 401


@pytest.mark.parametrize(
    "shop",
    [
        "evil.example",
        "beans.myshopify.com.evil.example",
        "beans.myshopify.com/../x",
        "x\r\nSet-Cookie: a=b",
        "beans.myshopify.com; script-src *",
        "*.myshopify.com",
        "é.myshopify.com",
    ],
)
def test_what_is_no_shop_gets_into_no_header_and_no_address(admin: Admin, shop: str) -> None:
    for path in ("/shopify", "/shopify/again", "/shopify/install", "/shopify/callback"):
        for embedded in ("1", "0"):
            reload = {"shopify-reload": "http://localhost:8000/shopify"}
            answer = admin.get(path, shop=shop, embedded=embedded, host="aGk", **reload)
            assert answer.status_code in (200, 400, 401)
            assert "frame-ancestors 'none'" in policy(answer)
            assert "Location" not in answer.headers
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "rest",
    ["/evil.example", "\\evil.example", "%5Cevil.example", "%2Fevil.example", "https://evil.example", "a//b"],
)
def test_a_page_below_the_apps_address_is_one_of_ours(admin: Admin, rest: str) -> None:
    location = admin.get(f"/shopify/{rest}").headers.get("Location", "/")
    assert re.match(r"/($|[^/\\])|http://localhost/shopify", location), location
    lead = admin.get("/shopify/shops/x/activity?q=1").headers["Location"]
    assert lead == "/shops/x/activity?q=1"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_patch_page_leads_to_nobody_else(admin: Admin, target: str) -> None:
    answer = admin.get("/shopify/again", shop="beans.myshopify.com", **{"shopify-reload": target})
    assert answer.status_code == 400


# The grant screen, outside the frame.


def asks_to_install(admin: Admin) -> str:
    told = {"shop": admin.shop.domain, "timestamp": str(_now())}
    return f"/shopify/install?{urlencode(admin.shopify.signed(told))}"


def test_whoever_comes_by_the_grant_screen_ends_in_the_admin_connected(admin: Admin) -> None:
    browser = admin.door.app.test_client()
    sent = browser.get(asks_to_install(admin))
    screen = urlsplit(sent.headers["Location"])
    assert (screen.netloc, screen.path) == (admin.shop.domain, "/admin/oauth/authorize")
    assert set(asked(sent.headers["Location"])["scope"].split(",")) == set(SCOPES)
    answer = browser.get(back(admin, asked(sent.headers["Location"])["state"]))
    assert answer.headers["Location"] == "https://admin.shopify.com/store/beans/apps/our-client-id/"
    assert admin.connection().state == "active"
    assert admin.members() == ["shop"]


def back(admin: Admin, state: str, shop: str | None = None, scopes: tuple[str, ...] = SCOPES) -> str:
    told = {
        "code": admin.shopify.grant(admin.shop, scopes),
        "shop": shop or admin.shop.domain,
        "state": state,
        "timestamp": str(_now()),
        "host": admin.shopify.host(admin.shop.domain),
    }
    return f"/shopify/callback?{urlencode(admin.shopify.signed(told))}"


def test_only_the_browser_that_was_sent_there_may_come_back(admin: Admin) -> None:
    browser = admin.door.app.test_client()
    state = asked(browser.get(asks_to_install(admin)).headers["Location"])["state"]
    for other in (admin.door.app.test_client(), browser):
        wrong = state if other is not browser else "another"
        assert other.get(back(admin, wrong)).status_code == 400
    assert browser.get(back(admin, state, "other.myshopify.com")).status_code == 400
    assert browser.get(back(admin, state).replace("code=", "code=x")).status_code == 400
    assert merchants_of(admin) == 0


def test_we_ask_for_what_the_app_is_declared_with() -> None:
    declared = tomllib.loads((Path(__file__).parents[2] / "shopify.app.toml").read_text())
    assert set(SCOPES) == set(declared["access_scopes"]["scopes"].split(","))


def test_less_than_is_needed_is_not_enough(admin: Admin) -> None:
    browser = admin.door.app.test_client()
    state = asked(browser.get(asks_to_install(admin)).headers["Location"])["state"]
    assert browser.get(back(admin, state, scopes=("read_orders",))).status_code == 503
    assert merchants_of(admin) == 0


def test_an_unsigned_wish_to_install_is_not_heard(admin: Admin) -> None:
    for path in ("/shopify/install?shop=beans.myshopify.com", asks_to_install(admin) + "0"):
        assert admin.get(path).status_code == 400


def test_the_grant_screen_is_opened_outside_the_frame(admin: Admin) -> None:
    page = admin.get(asks_to_install(admin))
    assert 'window.open("http://localhost:8000/shopify/install?' in page.text
    assert '"_top")' in page.text
    assert "Set-Cookie" not in page.headers
