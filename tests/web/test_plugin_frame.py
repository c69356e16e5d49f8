"""Kontor's pages in the frame that the plugin shows in wp-admin: proven by its tokens, without any cookie."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from joserfc import jwk, jwt
from werkzeug.test import TestResponse

from core import clock
from core.models.tables import companions, connections, members
from engine import disconnecting
from engine.companions import binding
from integrations.woocommerce.tokens import frame_key
from tests.fakes.woocommerce.visitors import Browser
from tests.web.at_plugin import AtPlugin, at_plugin

pytestmark = pytest.mark.php
IN_FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str) -> Iterator[AtPlugin]:
    with at_plugin(tmp_path, sqlite_url) as found:
        found.connect()
        yield found


@pytest.fixture
def owner(shop: AtPlugin) -> Browser:
    return shop.sign_in()


def get(shop: AtPlugin, path: str, headers: dict[str, str] | None = None) -> TestResponse:
    """One page as a browser asks for it that keeps no cookies in a frame."""
    client = shop.woo.door.app.test_client(use_cookies=False)
    return client.get(path, base_url=shop.woo.hers.base, headers=headers or IN_FRAME)


def post(shop: AtPlugin, path: str, **form: str) -> TestResponse:
    client = shop.woo.door.app.test_client(use_cookies=False)
    return client.post(path, base_url=shop.woo.hers.base, headers=IN_FRAME, data=form)


def visit(shop: AtPlugin, path: str) -> TestResponse:
    answer = get(shop, path)
    while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
        answer = get(shop, answer.headers["Location"])
    return answer


def policy(answer: TestResponse) -> str:
    return answer.headers["Content-Security-Policy"]


def links(page: TestResponse) -> list[str]:
    found = [unescape(one) for one in re.findall(r'href="([^"]+)"', page.text)]
    return [one for one in found if one.startswith(("/shops/", "/m/"))]


def asked_anew(shop: AtPlugin, owner: Browser) -> str:
    """What the page in wp-admin answers when the frame asks it for a token."""
    settings = json.loads(re.search(r"window\.kontorAdmin = (\{.*?\});", shop.admin_page(owner).text)[1])  # type: ignore[index]
    form = urlencode({"action": "kontor_token", "nonce": settings["nonce"]})
    assert settings["origin"] == shop.woo.hers.base
    return str(owner.open(settings["url"], form).body["data"]["token"])


def token(shop: AtPlugin, **changed: Any) -> str:
    """As the plugin would sign it, with other claims."""
    (row,) = shop.woo.rows(companions)
    secret = shop.woo.door.machine.vault.open(row.secret, binding(row.merchant_id)).decode()
    now = int(clock.now().timestamp())
    told: dict[str, Any] = {
        "iss": shop.woo.store.url,
        "aud": shop.woo.hers.base,
        "sub": "1",
        "jti": f"t{now}",
    }
    told |= {"iat": now, "nbf": now, "exp": now + 60}
    return jwt.encode({"alg": "HS256"}, told | changed, jwk.OctKey.import_key(frame_key(secret)))


def proof_of_a_page(shop: AtPlugin, owner: Browser) -> str:
    """What a page with a form on it carries."""
    path = f"/m/{shop.merchant.key}/connection?{urlencode({'kontor_token': asked_anew(shop, owner)})}"
    found = re.search(r'name="kontor_token" value="([^"]+)"', get(shop, path).text)
    assert found
    return found[1]


def test_the_owner_sees_every_page_of_ours_in_her_admin_without_a_cookie(
    shop: AtPlugin, owner: Browser
) -> None:
    first = visit(shop, shop.frame(owner))
    assert first.status_code == 200
    todo, seen = {link.partition("?")[0] for link in links(first)}, set[str]()
    while todo:
        path = todo.pop()
        page = get(shop, f"{path}?{urlencode({'kontor_token': asked_anew(shop, owner)})}")
        assert page.status_code == 200, path
        assert f"frame-ancestors {shop.woo.store.url}" in policy(page)
        assert policy(page).count("https://") == 1, "that store alone"
        assert "Set-Cookie" not in page.headers
        assert "frames/woocommerce.js" in page.text
        seen.add(path)
        todo |= {link.partition("?")[0] for link in links(page)} - seen
    key = shop.merchant.key
    assert seen >= {f"/m/{key}", f"/m/{key}/connection", f"/shops/{key}/activity", f"/m/{key}/settings"}


def test_she_is_a_member_by_her_number_in_that_store(shop: AtPlugin, owner: Browser) -> None:
    visit(shop, shop.frame(owner))
    visit(shop, shop.frame(owner))
    users = [row.platform_user for row in shop.woo.rows(members)]
    assert users.count(str(shop.woo.store.owner_id)) == 1


def test_a_token_is_good_once(shop: AtPlugin, owner: Browser) -> None:
    path = shop.frame(owner)
    assert get(shop, path).headers["Location"].startswith("/m/")
    assert get(shop, path).status_code in (302, 401)
    assert "/m/" not in get(shop, path).headers.get("Location", "")


def test_a_link_in_the_frame_is_asked_for_again_with_a_fresh_token(shop: AtPlugin, owner: Browser) -> None:
    link = links(visit(shop, shop.frame(owner)))[0]
    told = dict(parse_qsl(urlsplit(link).query))
    assert told["store"] == shop.woo.domain
    assert "kontor_token" not in told
    answer = get(shop, link)
    assert answer.headers["Location"].startswith("/woocommerce/again?")
    patch = get(shop, answer.headers["Location"])
    assert patch.status_code == 200
    assert f"frame-ancestors {shop.woo.store.url}" in policy(patch)
    assert "script-src 'self'" in policy(patch)
    again = unescape(re.search(r'name="kontor-again" content="([^"]+)"', patch.text)[1])  # type: ignore[index]
    assert again.partition("?")[0] == link.partition("?")[0]
    page = get(shop, f"{again}&{urlencode({'kontor_token': asked_anew(shop, owner)})}")
    assert page.status_code == 200


def test_a_page_is_not_asked_for_again_for_ever(shop: AtPlugin, owner: Browser) -> None:
    link = links(visit(shop, shop.frame(owner)))[0]
    patch = get(shop, get(shop, link).headers["Location"])
    again = unescape(re.search(r'name="kontor-again" content="([^"]+)"', patch.text)[1])  # type: ignore[index]
    late = token(shop, exp=int(clock.now().timestamp()) - 60, iat=int(clock.now().timestamp()) - 120)
    assert get(shop, f"{again}&{urlencode({'kontor_token': late})}").status_code == 401


def test_the_page_that_asks_again_leads_to_our_own_pages_only(shop: AtPlugin) -> None:
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", ""):
        told = urlencode({"store": shop.woo.domain, "kontor-again": target})
        assert get(shop, f"/woocommerce/again?{told}").status_code == 400
    told = urlencode({"store": "evil.example", "kontor-again": "/m/x"})
    assert get(shop, f"/woocommerce/again?{told}").status_code == 400


def test_a_form_takes_the_pages_proof_along_and_what_it_did_is_told(shop: AtPlugin, owner: Browser) -> None:
    path = f"/m/{shop.merchant.key}/connection"
    page = get(shop, f"{path}?{urlencode({'kontor_token': asked_anew(shop, owner)})}")
    action = unescape(re.search(r'action="([^"]+/look[^"]*)"', page.text)[1])  # type: ignore[index]
    proof = re.search(r'name="kontor_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    assert "csrf_token" not in page.text
    answer = post(shop, action, kontor_token=proof)
    assert answer.status_code == 303
    told = get(shop, answer.headers["Location"])
    assert "Kontor looks at your shop now." in told.text
    for nothing in ({}, {"kontor_token": "junk"}, {"csrf_token": "x"}):
        assert post(shop, action, **nothing).status_code in (400, 401)


def test_the_pages_proof_ends_with_its_minute(shop: AtPlugin, owner: Browser) -> None:
    proof = proof_of_a_page(shop, owner)
    action = f"/m/{shop.merchant.key}/connection/look"
    assert post(shop, action, kontor_token=proof).status_code == 303
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        assert post(shop, action, kontor_token=proof).status_code in (400, 401)


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://other.example"},
        {"iss": "https://other.example"},
        {"exp": 4_000_000_000},
        {"jti": ""},
        {"sub": ""},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_proves_nothing(shop: AtPlugin, changed: dict[str, Any]) -> None:
    path = f"/m/{shop.merchant.key}"
    assert get(shop, f"{path}?{urlencode({'kontor_token': token(shop)})}").status_code == 200
    answer = get(shop, f"{path}?{urlencode({'kontor_token': token(shop, **changed)})}")
    assert answer.status_code == 401


def test_what_signs_reports_signs_nobody_in(shop: AtPlugin) -> None:
    (row,) = shop.woo.rows(companions)
    secret = shop.woo.door.machine.vault.open(row.secret, binding(row.merchant_id)).decode()
    claims = jwt.decode(token(shop), jwk.OctKey.import_key(frame_key(secret)), algorithms=["HS256"]).claims
    forged = jwt.encode({"alg": "HS256"}, claims, jwk.OctKey.import_key(secret))
    assert get(shop, f"/m/{shop.merchant.key}?{urlencode({'kontor_token': forged})}").status_code == 401


def test_a_fetch_brings_the_token_as_bearer(shop: AtPlugin, owner: Browser) -> None:
    path = f"/m/{shop.merchant.key}"
    fetched = {"Sec-Fetch-Dest": "empty", "Authorization": f"Bearer {asked_anew(shop, owner)}"}
    assert get(shop, path, fetched).status_code == 200
    assert get(shop, path, fetched).status_code == 401


def test_another_shops_pages_are_not_there(shop: AtPlugin) -> None:
    other = shop.woo.door.resident("woocommerce")
    answer = get(shop, f"/m/{other.key}?{urlencode({'kontor_token': token(shop)})}")
    assert answer.status_code == 404


def test_outside_the_frame_a_link_of_it_goes_back_into_the_admin(shop: AtPlugin, owner: Browser) -> None:
    link = links(visit(shop, shop.frame(owner)))[0]
    answer = get(shop, link, {"Sec-Fetch-Dest": "document"})
    assert answer.headers["Location"] == f"{shop.woo.store.url}/wp-admin/admin.php?page=kontor"


def test_a_store_that_was_disconnected_shows_nothing_any_more(shop: AtPlugin, owner: Browser) -> None:
    signed, proof = token(shop), proof_of_a_page(shop, owner)
    assert disconnecting.disconnect(shop.woo.door.machine, shop.merchant.id)
    assert [row.state for row in shop.woo.rows(connections)] == ["uninstalled"]
    for one in (signed, proof):
        answer = get(shop, f"/m/{shop.merchant.key}?{urlencode({'kontor_token': one})}")
        assert answer.status_code == 401
    assert "Connect this shop" in shop.admin_page(owner).text
