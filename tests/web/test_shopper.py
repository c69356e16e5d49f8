"""What a shopper can do from a mail, and what nobody can do with its links."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.config import read_config
from core.db import reading, transaction
from core.models import Address, Effect, Merchant, Person, metadata
from core.models.tables import clicks, consents
from core.runtime import Runtime
from engine import links
from engine.machine import Machine
from integrations.mailbox.channel import MailboxChannel
from web.shopper import shopper

ROOT = Path(__file__).parents[2]
CART = "https://shop.example/cart/7?key=a%20b&utm_source=kontor"
BROWSER = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1.15"}
BROKEN = ["x", "a.b", "WzEsMSwxXQ.x", "%00", "a" * 5000, "é", "..%2f..", "W10", "e30.e30"]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@dataclass
class Mail:
    """One mail that has gone out, with its two links."""

    machine: Machine
    client: FlaskClient
    unsubscribe: str
    cart: str

    def kept_clicks(self) -> list[tuple[str, bool, str | None]]:
        wanted = select(clicks.c.link, clicks.c.counted, clicks.c.why_not).order_by(clicks.c.id)
        with reading(self.machine.db) as session:
            return [tuple(row) for row in session.execute(wanted)]

    def objections(self) -> list[tuple[int, str, str]]:
        wanted = select(consents.c.address_id, consents.c.state, consents.c.text)
        with reading(self.machine.db) as session:
            return [tuple(row) for row in session.execute(wanted)]


@pytest.fixture
def machine(database_url: str) -> Iterator[Machine]:
    runtime = Runtime.open(read_config({"KONTOR_ENV": "development", "DATABASE_URL": database_url}))
    metadata.create_all(runtime.db)
    yield Machine(runtime, {}, {}, MailboxChannel(runtime), {})
    runtime.db.dispose()


@pytest.fixture
def mail(machine: Machine) -> Mail:
    merchant_id, address_id, effect_id = sent_one(machine)
    config = machine.config
    unsubscribe = links.unsubscribe_url(config, merchant_id, address_id, effect_id)
    cart = links.click_url(config, merchant_id, effect_id, "cart")
    app = Flask("tests", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.extensions["kontor"] = machine
    app.register_blueprint(shopper)
    paths = (url.removeprefix(config.app_url) for url in (unsubscribe, cart))
    return Mail(machine, app.test_client(), *paths)


def sent_one(machine: Machine) -> tuple[int, int, int]:
    """A merchant's message to one address; beside her there is a stranger."""
    with transaction(machine.db) as session:
        merchant = Merchant(key="tea", name="Tee & Töpfe", platform="sandbox")
        session.add_all([merchant, Merchant(key="other", name="Stranger", platform="sandbox")])
        session.flush()
        person = Person(merchant_id=merchant.id)
        session.add(person)
        session.flush()
        mine: dict[str, Any] = {"merchant_id": merchant.id, "person_id": person.id}
        address = Address(**mine, channel="email", fingerprint="f", value=b"sealed", masked="a…@example.org")
        effect = Effect(
            **mine,
            key="effect-1",
            flow="cart_recovery",
            kind="send_message",
            purpose="marketing",
            state="done",
            due_at=datetime.now(UTC),
            settings_version=1,
            payload={"links": {"cart": CART}},
        )
        session.add_all([address, effect])
        session.flush()
        return merchant.id, address.id, effect.id


def test_looking_at_the_unsubscribe_page_does_not_unsubscribe(mail: Mail) -> None:
    page = mail.client.get(mail.unsubscribe, headers=BROWSER)

    assert page.status_code == 200
    assert "No more mails from Tee &amp; Töpfe?" in page.text
    assert "a…@example.org" in page.text
    assert page.text.count("<button") == 1
    assert mail.objections() == []


def test_the_button_unsubscribes_at_once_without_login_or_cookie(mail: Mail) -> None:
    page = mail.client.post(mail.unsubscribe)

    assert page.status_code == 200
    assert "You are unsubscribed" in page.text
    assert "Set-Cookie" not in page.headers
    assert [(state, source) for _, state, source in mail.objections()] == [("opted_out", "unsubscribe_page")]


def test_the_mail_programs_own_button_unsubscribes_too(mail: Mail) -> None:
    answer = mail.client.post(mail.unsubscribe, data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert [source for _, _, source in mail.objections()] == ["one_click"]


def test_unsubscribing_twice_is_as_good_as_once(mail: Mail) -> None:
    mail.client.post(mail.unsubscribe)
    assert mail.client.post(mail.unsubscribe).status_code == 200


def test_pages_speak_german_to_those_who_ask_for_it(mail: Mail) -> None:
    assert "Abmelden" in mail.client.get(mail.unsubscribe, headers=GERMAN).text
    assert "Sie sind abgemeldet" in mail.client.post(mail.unsubscribe, headers=GERMAN).text
    assert "führt nirgendwohin" in mail.client.get("/c/broken", headers=GERMAN).text


def test_pages_are_kept_out_of_search_caches_and_referrers(mail: Mail) -> None:
    for path in (mail.unsubscribe, mail.cart, "/u/broken"):
        headers = mail.client.get(path, headers=BROWSER).headers
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/u/", "/c/"])
@pytest.mark.parametrize("token", BROKEN)
def test_a_broken_link_gets_a_friendly_page_and_leads_nowhere(mail: Mail, path: str, token: str) -> None:
    page = mail.client.get(path + token)
    assert page.status_code == 404
    assert "http" not in page.text
    assert mail.client.post("/u/" + token).status_code == 404
    assert mail.objections() == []


def test_a_token_of_one_kind_opens_nothing_of_another(mail: Mail) -> None:
    assert mail.client.post(mail.cart.replace("/c/", "/u/")).status_code == 404
    assert mail.client.get(mail.unsubscribe.replace("/u/", "/c/")).status_code == 404


def test_a_strangers_link_reaches_no_row_of_this_merchant(mail: Mail) -> None:
    config = mail.machine.config
    for url in (links.click_url(config, 2, 1, "cart"), links.unsubscribe_url(config, 2, 1, 1)):
        path = url.removeprefix(config.app_url)
        assert mail.client.get(path).status_code == 404
        assert mail.client.post(path.replace("/c/", "/u/")).status_code == 404
    assert mail.objections() == []
    assert mail.kept_clicks() == []


def test_a_link_signed_with_another_secret_is_broken(mail: Mail) -> None:
    other = mail.machine.config.model_copy(update={"secret_key": "x" * 40})
    path = links.click_url(other, 1, 1, "cart").removeprefix(other.app_url)
    assert mail.client.get(path).status_code == 404


def test_a_click_leads_to_the_cart_and_counts(mail: Mail) -> None:
    answer = mail.client.get(mail.cart, headers=BROWSER)

    assert answer.status_code == 302
    assert answer.headers["Location"] == CART
    assert mail.kept_clicks() == [("cart", True, None)]


def test_nothing_in_the_request_changes_where_a_click_leads(mail: Mail) -> None:
    answer = mail.client.get(
        mail.cart + "?url=https://evil.example", headers=BROWSER | {"Host": "evil.example"}
    )
    assert answer.headers["Location"] == CART


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (BROWSER | {"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        (BROWSER | {"Purpose": "prefetch"}, "prefetch"),
        (BROWSER | {"X-Moz": "prefetch"}, "prefetch"),
        ({"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, "scanner"),
        ({"User-Agent": "BarracudaCentral link check"}, "scanner"),
        ({"User-Agent": "Microsoft Office/16.0"}, "scanner"),
        ({"User-Agent": "curl/8.5.0"}, "scanner"),
        ({"User-Agent": ""}, "scanner"),
    ],
)
def test_machines_are_led_on_but_not_counted(mail: Mail, headers: dict[str, str], why: str) -> None:
    assert mail.client.get(mail.cart, headers=headers).headers["Location"] == CART
    assert mail.kept_clicks() == [("cart", False, why)]


def test_asking_for_the_head_alone_is_no_click(mail: Mail) -> None:
    assert mail.client.head(mail.cart, headers=BROWSER).status_code == 302
    assert mail.kept_clicks() == [("cart", False, "not_get")]


@pytest.mark.parametrize("order", [("cart", "unsubscribe"), ("unsubscribe", "cart")])
def test_whoever_opens_every_link_within_seconds_is_no_person(mail: Mail, order: tuple[str, str]) -> None:
    for name in order:
        mail.client.get({"cart": mail.cart, "unsubscribe": mail.unsubscribe}[name], headers=BROWSER)

    assert not any(counted for _, counted, _ in mail.kept_clicks())


def test_a_shopper_who_unsubscribes_a_minute_after_her_click_did_click(mail: Mail) -> None:
    start = datetime(2025, 11, 4, 9, 0, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as moving:
        mail.client.get(mail.cart, headers=BROWSER)
        moving.shift(timedelta(minutes=1))
        mail.client.get(mail.unsubscribe, headers=BROWSER)

    assert mail.kept_clicks()[0] == ("cart", True, None)


def test_a_link_opened_over_and_over_leads_on_but_fills_no_table(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.clicks.MOST_KEPT", 3)
    for _ in range(5):
        assert mail.client.get(mail.cart, headers=BROWSER).status_code == 302
    assert len(mail.kept_clicks()) == 3
