"""Who is signed in where: cookies, forms, and what development alone may do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from core.config import read_config
from integrations.sandbox import seed
from tests.core.test_config import HOSTED
from tests.web.doorstep import Doorstep, doorstep


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url) as found:
        yield found


def cookie(door: Doorstep) -> str:
    shop = door.resident("woocommerce")
    answer = door.client.get(f"/dev/sign-in/{shop.key}")
    assert answer.status_code == 302
    return answer.headers["Set-Cookie"]


def test_the_cookie_is_for_the_server_alone_and_not_for_other_sites(door: Doorstep) -> None:
    flags = cookie(door)
    assert flags.startswith("kontor=")
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags


def test_hosted_the_cookie_never_travels_in_the_clear(sqlite_url: str) -> None:
    hosted = create_app(read_config(HOSTED | {"DATABASE_URL": sqlite_url}))
    assert hosted.session_interface.get_cookie_secure(hosted)
    hosted.extensions["kontor"].db.dispose()


def test_a_page_of_development_keeps_its_cookie_without_tls_too(sqlite_url: str, tmp_path: Path) -> None:
    with doorstep(tmp_path, sqlite_url, APP_URL="https://localhost:8443") as door:
        assert "Secure" not in cookie(door)


def test_a_cookie_somebody_wrote_himself_signs_nobody_in(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    door.client.set_cookie("kontor", "eyJtZW1iZXIiOlsxLDFdfQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert door.client.get(f"/shops/{shop.key}/activity").status_code == 401


def test_whoever_signs_in_leaves_what_was_before_behind(door: Doorstep) -> None:
    first, second = door.resident("woocommerce"), door.resident("shopify")
    for shop in (first, second):
        door.client.get(f"/dev/sign-in/{shop.key}")
    assert door.client.get(f"/shops/{second.key}/activity").status_code == 200
    assert door.client.get(f"/shops/{first.key}/activity").status_code == 404


def test_signing_in_leads_to_the_time_line_and_nowhere_else(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    answer = door.client.get(f"/dev/sign-in/{shop.key}?next=https://evil.example&lang=de&key=x")
    assert answer.headers["Location"] == f"/shops/{shop.key}/activity?lang=de"


def test_nobody_signs_in_as_a_merchant_who_is_not(door: Doorstep) -> None:
    assert door.client.get("/dev/sign-in/nobody").status_code == 404


PROVEN_OTHERWISE = ("shopper.", "bounces.", "summary_mailed.", "waitlist.", "storefront.", "pixel.")


def posts(door: Doorstep) -> list[str]:
    """Every page a browser may post to, whoever it belongs to; a mail server
    proves itself by the secret in the address, what is reached from a mail by its
    token, and what a shop's own pages send by a signed form or the platform's
    signature: they have stories of their own."""
    shown = [
        re.sub(r"<[^>]+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", named(rule.rule)))
        for rule in door.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(PROVEN_OTHERWISE)
    ]
    assert len(shown) >= 10
    return shown


def named(path: str) -> str:
    return path.replace("<platform>", "woocommerce")


def test_no_form_is_taken_without_its_token(door: Doorstep) -> None:
    seed.seed(door.machine.runtime)
    for path in posts(door):
        assert door.client.post(path, data={"csrf_token": "x"}).status_code == 400, path


def test_a_token_of_one_browser_is_of_no_use_in_another(door: Doorstep) -> None:
    mine, another = door.client, door.app.test_client()
    token = token_of(mine)
    assert mine.post("/sandbox/cart/new", data={"csrf_token": token}).status_code == 302
    token_of(another)
    assert another.post("/sandbox/cart/new", data={"csrf_token": token}).status_code == 400


def token_of(browser: FlaskClient) -> str:
    page = browser.get("/sandbox")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_whoever_signs_in_keeps_the_language_she_chose(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    door.client.get("/sign-in?lang=de")
    door.client.get(f"/dev/sign-in/{shop.key}")
    assert '<html lang="de">' in door.client.get(f"/m/{shop.key}", headers={"Accept-Language": "en"}).text
