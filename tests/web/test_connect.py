"""A merchant connects her WooCommerce store, and nobody else does it for her or in her place."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from core.db import transaction
from core.models.tables import connecting, connections, hooks, merchants
from engine import attempts, checkups
from engine.access import access_to
from tests.web.at_store import BACK, OWNER, START, AtStore, Pages, at_store
from tests.web.doorstep import doorstep

CONFIRM, KEYS = "/connect/woocommerce/confirm", "/connect/woocommerce/keys"


@pytest.fixture
def woo(tmp_path: Path, sqlite_url: str) -> Iterator[AtStore]:
    with at_store(tmp_path, sqlite_url) as found:
        yield found


def handed(state: str, **changes: Any) -> str:
    keys = {"consumer_key": f"ck_{'0' * 40}", "consumer_secret": f"cs_{'0' * 40}"}
    told = {"key_id": 2, "user_id": state, "key_permissions": "read_write", **keys}
    return json.dumps(told | changes)


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["user_id"][0]


def bring(woo: AtStore, body: str) -> int:
    """What a store's server does, done by anybody."""
    client = woo.door.app.test_client()
    answer = client.post(KEYS, data=body, content_type="application/json", base_url=woo.hers.base)
    return answer.status_code


def later(woo: AtStore, **by: timedelta) -> None:
    """These moments lie so much further back."""
    with transaction(woo.door.machine.db) as session:
        for row in woo.rows(connecting):
            moved = {name: getattr(row, name) - span for name, span in by.items()}
            session.execute(update(connecting).where(connecting.c.id == row.id).values(**moved))


def keyless(woo: AtStore) -> bool:
    """Nothing secret is left of what was begun, and nothing is connected."""
    rows = woo.rows(connecting)
    forgotten = all(row.token is None and "email" not in row.found for row in rows)
    return forgotten and not woo.shops


def test_she_types_the_address_approves_in_her_store_confirms_and_is_in(woo: AtStore) -> None:
    back = woo.approve(woo.begin(typed=f"{woo.domain}/wp-admin/?x=1"))
    assert woo.shops == []
    assert "Is this your shop?" in woo.hers.get(back).text
    assert "Mugs & More" in woo.hers.text
    woo.settle()
    answer = woo.hers.post(CONFIRM)
    assert answer.headers["Location"] == f"/m/{woo.key}"
    page = woo.hers.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Your shop is connected." in page.text
    (shop,) = woo.shops
    assert (shop.domain, shop.state, shop.meta["auth"]) == (woo.domain, "active", "basic")
    assert re.fullmatch(r"[0-9a-f]{32}", shop.address)
    assert access_to(woo.door.machine, shop.merchant_id).token in {
        f"{key.consumer_key}:{key.consumer_secret}" for key in woo.store.memory.keys.values()
    }


def test_the_webhooks_are_made_and_her_page_says_so(woo: AtStore) -> None:
    woo.connect()
    assert checkups.run(woo.door.machine) == 1
    assert {row.state for row in woo.rows(hooks)} == {"active"}
    page = woo.hers.get(f"/m/{woo.key}/connection").text
    assert "order.updated" in page
    assert page.count('tag-good">active') == len(woo.rows(hooks))
    urls = {hook["delivery_url"] for hook in woo.store.webhooks()}
    assert urls == {f"{woo.hers.base}/webhooks/woocommerce/{woo.shops[0].address}"}


@pytest.mark.parametrize(
    ("typed", "language", "says"),
    [
        ("my shop", "en", "This is no web address"),
        ("my shop", "de", "Das ist keine Web-Adresse"),
        ("https://me:secret@shop.example", "en", "without them"),
        ("localhost:1", "en", "Nobody answers at"),
    ],
)
def test_what_must_be_changed_is_said_in_her_language(
    woo: AtStore, typed: str, language: str, says: str
) -> None:
    woo.hers.get(f"{START}?lang={language}")
    answer = woo.hers.post(START, address=typed, email="anna@example.com")
    assert answer.status_code == 422
    assert says in woo.hers.text
    assert f'value="{typed}"' in woo.hers.text


def test_without_her_own_address_nothing_begins(woo: AtStore) -> None:
    woo.hers.get(START)
    assert woo.hers.post(START, address=woo.store.url, email="anna").status_code == 422
    assert woo.store.counts == {}


def test_a_store_that_is_too_old_is_told_so_and_not_connected(woo: AtStore) -> None:
    woo.store.set_site(woocommerce="5.1.0")
    answer = woo.connect()
    assert answer.status_code == 422
    assert keyless(woo)
    assert f'value="https://{woo.domain}"' in woo.hers.text
    assert 'value="anna@example.com"' in woo.hers.text


def test_declining_connects_nothing_and_says_so(woo: AtStore) -> None:
    answer = woo.hers.get(woo.deny(woo.begin()))
    assert (answer.status_code, "You declined" in answer.text) == (200, True)
    assert keyless(woo)


def test_approving_twice_leaves_the_second_key_unused(woo: AtStore) -> None:
    url = woo.begin()
    woo.approve(url)
    assert woo.approve(url) == ""
    assert len(woo.store.memory.keys) == 1


def test_keys_wait_sealed_and_are_gone_after_ten_minutes(woo: AtStore) -> None:
    back = woo.approve(woo.begin())
    (row,) = woo.rows(connecting)
    (key,) = woo.store.memory.keys.values()
    assert key.consumer_key.encode() not in row.token
    later(woo, handed_at=timedelta(minutes=11))
    assert woo.hers.get(back).status_code == 410
    assert woo.hers.post(CONFIRM).status_code == 410
    attempts.drop_late(woo.door.machine)
    assert keyless(woo)


def test_whoever_takes_too_long_to_approve_begins_again(woo: AtStore) -> None:
    url = woo.begin()
    later(woo, began_at=timedelta(minutes=31))
    assert woo.approve(url) == ""
    assert woo.store.memory.keys == {}
    attempts.drop_late(woo.door.machine)
    assert keyless(woo)


def test_another_browser_that_comes_back_drops_everything(woo: AtStore) -> None:
    """Eve began, and led Anna to approve in her own store."""
    eve, anna = Pages(woo.door, "198.51.100.9"), woo.hers
    back = woo.approve(woo.begin(eve))
    answer = anna.get(back)
    assert answer.status_code == 403
    assert "REST API" in answer.text
    assert "Mugs" not in answer.text
    woo.settle()
    eve.get(back)
    assert eve.post(CONFIRM).status_code == 410
    assert keyless(woo)


def test_who_is_quicker_than_the_owners_browser_waits_for_it(
    woo: AtStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eve confirms at once; Anna's browser arrives while Eve waits."""
    eve, anna = Pages(woo.door, "198.51.100.9"), woo.hers
    back = woo.approve(woo.begin(eve))
    eve.get(back)
    monkeypatch.setattr("web.connect.time.sleep", lambda seconds: anna.get(back))
    assert eve.post(CONFIRM).status_code == 410
    assert keyless(woo)


def test_a_confirmation_is_good_once(woo: AtStore) -> None:
    woo.connect()
    woo.hers.get(START)
    assert woo.hers.post(CONFIRM).status_code == 410
    assert woo.hers.get(woo.back).status_code == 410
    assert len(woo.shops) == 1


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", "\0", "x" * 5000, handed("short"), handed("a" * 40, key_permissions="read")],
    ids=["empty", "object", "list", "zero", "long", "no state", "may only read"],
)
def test_what_no_store_would_bring_is_refused_and_leaves_nothing(woo: AtStore, body: str) -> None:
    woo.begin()
    assert bring(woo, body) == 400
    assert woo.rows(connecting)[0].handed_at is None


def test_keys_for_a_state_that_nobody_waits_for_are_refused(woo: AtStore) -> None:
    assert bring(woo, handed("a" * 43)) == 404
    assert woo.rows(connecting) == []


def test_keys_that_somebody_else_brought_do_not_open_the_store(woo: AtStore) -> None:
    """Eve read the state over Anna's shoulder and was quicker than the store."""
    url = woo.begin()
    assert bring(woo, handed(state_of(url))) == 200
    woo.settle()
    woo.hers.get(BACK)
    assert woo.hers.post(CONFIRM).status_code == 422
    assert keyless(woo)


def test_keys_of_another_store_do_not_connect_this_one(woo: AtStore) -> None:
    key = woo.store.new_key(user_id=woo.store.add_user("eve@example.test", "subscriber"))
    pair = {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}
    assert bring(woo, handed(state_of(woo.begin()), **pair)) == 200
    woo.settle()
    woo.hers.get(BACK)
    assert woo.hers.post(CONFIRM).status_code == 422
    assert keyless(woo)


def test_the_callback_answers_exactly_200_and_never_redirects(woo: AtStore) -> None:
    assert bring(woo, handed(state_of(woo.begin()))) == 200
    for method in ("GET", "PUT"):
        answer = woo.door.app.test_client().open(KEYS, method=method, base_url=woo.hers.base)
        assert answer.status_code == 405


def test_a_store_that_does_not_answer_can_be_confirmed_a_minute_later(woo: AtStore) -> None:
    woo.hers.get(woo.approve(woo.begin()))
    woo.settle()
    woo.store.trouble("maintenance", times=None)
    assert woo.hers.post(CONFIRM).headers["Location"] == BACK
    woo.store.calm()
    woo.hers.get(BACK)
    assert woo.hers.post(CONFIRM).status_code == 302
    assert len(woo.shops) == 1


def test_a_store_belongs_to_one_merchant_and_keeps_its_path_and_secret(woo: AtStore) -> None:
    woo.connect()
    checkups.run(woo.door.machine)
    (before,) = woo.shops
    woo.store.demote_owner()
    woo.store.owner_id = woo.store.add_user("second@example.test", "administrator", password="x")
    woo.store.delete_user(1)
    with transaction(woo.door.machine.db) as session:
        session.execute(update(connections).values(state="needs_merchant", state_reason="keys_refused"))
    woo.store.memory.users[woo.store.owner_id].login = OWNER[1]
    woo.store.memory.users[woo.store.owner_id].password = OWNER[2]
    woo.connect(pages=Pages(woo.door))
    (after,) = woo.shops
    assert len(woo.rows(merchants)) == 1
    assert (after.address, after.webhook_secret) == (before.address, before.webhook_secret)
    assert after.state == "active"
    assert woo.store.webhooks() == []
    checkups.run(woo.door.machine)
    assert len(woo.store.webhooks()) == len(woo.rows(hooks))


def test_the_address_the_store_knows_as_its_owners_is_hers_at_once(woo: AtStore) -> None:
    woo.connect(OWNER[0])
    (member,) = woo.members
    assert member.email is not None
    assert woo.mails() == []


def test_another_address_counts_only_after_its_own_link_was_used(woo: AtStore) -> None:
    woo.connect("eve@example.com")
    (member,) = woo.members
    assert (member.email, member.email_print) == (None, None)
    assert [mail.to for mail in woo.mails()] == ["eve@example.com"]
    woo.hers.get(woo.link())
    assert woo.members[0].email is None
    woo.hers.post(woo.link())
    assert woo.members[0].email is not None


def test_nobody_tries_store_after_store(woo: AtStore) -> None:
    eve = Pages(woo.door, "198.51.100.9")
    eve.get(START)
    for number in range(attempts.MOST_OF_VISITOR):
        assert eve.post(START, address=f"localhost:{number + 1}", email="e@example.com").status_code == 422
    assert eve.post(START, address=woo.store.url, email="e@example.com").status_code == 429
    woo.begin()


def test_without_https_the_page_says_what_is_missing(tmp_path: Path, sqlite_url: str) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        pages = Pages(door)
        assert "APP_URL" in pages.get(f"{START}?lang=en").text
        assert pages.post(START, address="https://shop.example", email="a@example.com").status_code == 409


def test_the_cookie_is_short_signed_and_for_this_host_alone(woo: AtStore) -> None:
    woo.hers.get(START)
    answer = woo.hers.post(START, address=woo.store.url, email="anna@example.com")
    flags = answer.headers["Set-Cookie"]
    assert flags.startswith("__Host-kontor-connecting=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2700"):
        assert flag in flags
    assert "Domain" not in flags


def test_no_page_and_no_address_names_a_key(woo: AtStore) -> None:
    back = woo.approve(woo.begin())
    shown = woo.hers.get(back).text
    (key,) = woo.store.memory.keys.values()
    for secret in (key.consumer_key, key.consumer_secret):
        assert secret not in shown + back
