"""Kontor's pages inside the admin: they live without cookies, and are shown there and nowhere else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core.db import reading, transaction
from core.models.tables import enrolments, mailbox_messages
from tests.web.in_admin import Admin, asked, in_admin, links, policy

ANCESTORS = "frame-ancestors https://beans.myshopify.com https://admin.shopify.com"


@pytest.fixture
def admin(tmp_path: Path, sqlite_url: str) -> Iterator[Admin]:
    with in_admin(tmp_path, sqlite_url) as found:
        yield found


@pytest.fixture
def key(admin: Admin) -> str:
    return admin.with_a_past()


def page_of(admin: Admin, path: str, **query: str) -> TestResponse:
    return admin.get(path, id_token=admin.token(), shop=admin.shop.domain, embedded="1", **query)


def test_every_page_is_shown_in_this_shops_admin_without_a_cookie(admin: Admin, key: str) -> None:
    todo, seen = [f"/shops/{key}/activity"], set[str]()
    while todo:
        path = todo.pop()
        page = page_of(admin, path)
        assert page.status_code == 200, path
        assert ANCESTORS in policy(page)
        assert "Set-Cookie" not in page.headers
        assert page.text.index("shopify-api-key") < page.text.index("<script")
        assert page.text.index("app-bridge.js") < page.text.index("frames/shopify.js")
        seen.add(path)
        found = {link.partition("?")[0] for link in links(page)}
        todo += sorted(found - seen - set(todo))
    assert {path.split("/")[3] for path in seen if path.startswith("/shops/")} >= {"activity", "mailbox"}
    assert f"/m/{key}" in seen
    assert any("/messages/" in path for path in seen)


def test_words_are_written_and_looked_at_in_the_admin_without_a_cookie(admin: Admin, key: str) -> None:
    steps = f"/m/{key}/flows/cart_recovery/steps/1"
    page = page_of(admin, steps, language="en")
    assert "proven to be yours" in page.text, "Shopify tells no address of hers"
    (inner,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)
    mail = admin.get(unescape(inner))
    assert "Your cart is still here" in mail.text
    assert admin.shop.domain in policy(mail)
    typed = {"language": "en", "seen": "1", "heading": "Typed in the admin"}
    looked = admin.post(f"{steps}/preview", id_token=admin.token(), **typed)
    assert "Typed in the admin" in looked.text
    assert "sandbox" in policy(looked)
    assert admin.post(steps, id_token=admin.token(), **typed).status_code == 303
    assert "Typed in the admin" in page_of(admin, steps, language="en").text
    assert admin.post(steps, **typed, id_token=admin.token("other.myshopify.com")).status_code != 303


def test_the_links_of_a_page_carry_what_the_admin_needs_and_no_token(admin: Admin, key: str) -> None:
    page = page_of(admin, f"/shops/{key}/activity", lang="de", q="")
    assert len(links(page)) >= 3
    for link in links(page):
        told = asked(link)
        assert told.items() >= {"shop": admin.shop.domain, "embedded": "1", "lang": "de"}.items(), link
        assert told["host"] == admin.shopify.host(admin.shop.domain)
        assert "id_token" not in told


def test_the_shop_in_a_link_is_the_tokens_whatever_the_address_says(admin: Admin, key: str) -> None:
    token = admin.token()
    page = admin.get(f"/shops/{key}/activity", id_token=token, shop="evil.myshopify.com", host="x\r\ny")
    assert ANCESTORS in policy(page)
    assert {asked(link)["shop"] for link in links(page)} == {admin.shop.domain}


def test_the_menu_of_the_admin_shows_our_pages(admin: Admin, key: str) -> None:
    menu = re.search(
        r"<s-app-nav>(.*?)</s-app-nav>", page_of(admin, f"/shops/{key}/activity").text, re.DOTALL
    )
    assert menu
    assert {"Overview", "Activity", "Mailbox"} <= set(re.findall(r">([^<\s]+)</s-link>", menu[1]))


def test_a_link_followed_is_asked_for_again_with_a_fresh_token(admin: Admin, key: str) -> None:
    link = next(one for one in links(page_of(admin, f"/shops/{key}/activity")) if "/activity/" in one)
    answer = admin.get(link)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/shopify/again?")
    patch = admin.get(answer.headers["Location"])
    assert patch.status_code == 200
    reload = asked(answer.headers["Location"])["shopify-reload"]
    assert reload.partition("?")[0] == f"http://localhost:8000{link.partition('?')[0]}"
    assert asked(reload).items() >= asked(link).items()
    again = admin.get(reload.removeprefix("http://localhost:8000"), id_token=admin.token())
    assert again.status_code == 200


def test_a_page_is_not_asked_for_again_for_ever(admin: Admin, key: str) -> None:
    """As where a clock is wrong: every token is too old from the start."""
    path = f"/shops/{key}/activity"
    answer = admin.get(path, id_token=admin.stale())
    target = asked(answer.headers["Location"])["shopify-reload"].removeprefix("http://localhost:8000")
    assert admin.get(target, id_token=admin.stale()).status_code == 401
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        assert admin.get(target, id_token=admin.stale()).status_code == 302


def test_a_bare_link_in_the_frame_finds_its_shop_by_its_merchant(admin: Admin, key: str) -> None:
    answer = admin.get(f"/shops/{key}/activity")
    told = asked(answer.headers["Location"])
    assert (told["shop"], told["embedded"]) == (admin.shop.domain, "1")
    assert told["host"] == admin.shopify.host(admin.shop.domain)


def test_a_fetch_without_a_good_token_is_told_to_try_again(admin: Admin, key: str) -> None:
    path = f"/shops/{key}/activity"
    for token in (admin.stale(), "junk"):
        answer = admin.get(path, bearer=token)
        assert answer.status_code == 401
        assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"
    assert admin.get(path, bearer=admin.token()).status_code == 200
    held = f"/shops/{key}/activity/held/cart_recovery/release"
    answer = admin.post(held, bearer=admin.stale())
    assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"


def test_another_shops_pages_are_not_there(admin: Admin, key: str) -> None:
    other = admin.shopify.add_shop("other.myshopify.com")
    answer = admin.get(f"/shops/{key}/activity", id_token=admin.token(other))
    assert answer.status_code == 404
    assert "https://other.myshopify.com" in policy(answer)
    assert "beans" not in policy(answer)
    assert "Birch" not in answer.text
    posted = admin.post(f"/shops/{key}/activity/held/cart_recovery/discard", id_token=admin.token(other))
    assert posted.status_code == 404


def test_the_cookie_of_a_merchant_counts_for_nothing_beside_a_token(admin: Admin, key: str) -> None:
    other = admin.shopify.add_shop("other.myshopify.com")
    browser = admin.door.app.test_client()
    assert browser.get(f"/dev/sign-in/{key}").status_code == 302
    assert browser.get(f"/shops/{key}/activity").status_code == 200
    for token in (admin.token(other), "junk", admin.stale()):
        answer = browser.get(f"/shops/{key}/activity", query_string={"id_token": token})
        assert answer.status_code in (302, 401, 404)
        held = f"/shops/{key}/activity/held/cart_recovery/release"
        assert browser.post(held, data={"id_token": token}).status_code in (400, 404)


def test_outside_the_frame_nothing_has_changed(admin: Admin, key: str) -> None:
    browser = admin.door.app.test_client()
    browser.get(f"/dev/sign-in/{key}")
    page = browser.get(f"/shops/{key}/activity")
    assert "frame-ancestors 'none'" in policy(page)
    assert "script" not in policy(page)
    assert "<script" not in page.text
    assert "s-app-nav" not in page.text


# Mails inside pages.


def test_a_mail_is_shown_in_a_page_that_is_in_a_frame_itself(admin: Admin, key: str) -> None:
    with reading(admin.door.machine.db) as db:
        message = db.execute(select(mailbox_messages.c.id)).scalar_one()
    page = page_of(admin, f"/shops/{key}/mailbox/{message}")
    source = unescape(re.findall(r'<iframe src="([^"]+)"', page.text)[0])
    mail = admin.get(source)
    assert mail.status_code == 200
    assert ANCESTORS.replace("frame-ancestors", "frame-ancestors 'self'") in policy(mail)
    assert "sandbox" in policy(mail)
    assert "script-src" not in policy(mail)


# Forms.


def held(admin: Admin, key: str) -> str:
    with transaction(admin.door.machine.db) as db:
        db.execute(update(enrolments).values(state="held"))
    return f"/shops/{key}/activity"


def test_a_form_takes_the_token_along_and_what_it_did_is_told(admin: Admin, key: str) -> None:
    page = page_of(admin, held(admin, key))
    action = unescape(re.findall(r'action="([^"]+discard[^"]*)"', page.text)[0])
    proof = re.findall(r'name="id_token" value="([^"]+)"', page.text)[0]
    assert "csrf_token" not in page.text
    answer = admin.post(action, id_token=proof)
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    told = admin.get(answer.headers["Location"])
    assert told.status_code == 200
    assert "1 person gets nothing." in told.text


def test_a_form_without_a_good_token_does_nothing(admin: Admin, key: str) -> None:
    path = f"{held(admin, key)}/held/cart_recovery/discard"
    for form in ({}, {"id_token": "junk"}, {"id_token": admin.stale()}, {"csrf_token": "x"}):
        assert admin.post(path, **form).status_code == 400
    assert "1 person is held" in page_of(admin, f"/shops/{key}/activity").text


def test_a_form_stays_in_the_frame_and_brings_its_proof(admin: Admin, key: str) -> None:
    page = page_of(admin, f"/shops/{key}/activity")
    form = re.search(r'<form class="filters".*?</form>', page.text, re.DOTALL)
    assert form
    action = re.search(r'action="([^"]+)"', form[0])
    assert action is not None
    assert f"shop={admin.shop.domain}" in action[1]
    assert "host=" in action[1]
    assert "id_token" not in action[1]
    assert 'name="id_token"' in form[0]


def test_a_message_that_we_did_not_write_is_not_told(admin: Admin, key: str) -> None:
    page = page_of(admin, f"/shops/{key}/activity", told="WyJtZXNzYWdlIiwgIkJ1eSBub3ciXQ.x.y")
    assert page.status_code == 200
    assert "Buy now" not in page.text


def test_without_a_client_id_nobody_comes_from_shopify(tmp_path: Path, sqlite_url: str) -> None:
    with in_admin(tmp_path, sqlite_url, SHOPIFY_CLIENT_ID="") as admin:
        assert admin.visit(token=admin.token(aud="")).status_code == 401
