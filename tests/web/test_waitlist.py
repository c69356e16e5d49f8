"""What a shopper sees and does who wants to be told when something is back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core import clock
from core.db import reading, transaction
from core.events import Stock
from core.models import Merchant
from core.models.tables import connections, consents, mailbox_messages, people, sign_ups
from engine import data_acts, links, sign_up_forms, sign_up_letters
from engine import sign_ups as engine_sign_ups
from engine.consent import opt_out
from engine.identity import fingerprint
from engine.machine import Machine
from engine.tallies import Limit
from integrations.mailbox import channel
from tests.support.waiting import BLANKET, SOLD_OUT, SOME, stock, switch
from web import waitlist

ANNA = "anna@example.com"
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
JSON = {"Accept": "application/json"}
SHOP = "birch-and-ember.example"


@dataclass
class Shopper:
    """Somebody before a sold-out blanket, with a browser of her own."""

    machine: Machine
    merchant: Merchant
    client: FlaskClient

    @property
    def path(self) -> str:
        return f"/s/{self.merchant.key}/waitlist"

    def look(self, variant: str = BLANKET, **headers: str) -> TestResponse:
        return self.client.get(f"{self.path}?variant={variant}", headers=headers)

    def form(self, variant: str = BLANKET, age: float = 3.0, language: str = "en") -> str:
        """A form as she was given it so many seconds ago."""
        config = self.machine.config
        return links.signed(
            config,
            sign_up_forms.FORM,
            self.merchant.id,
            variant,
            language,
            int((clock.now().timestamp() - age) * 1000),
            f"mark-{clock.now().timestamp()}",
        )

    def send(self, headers: Mapping[str, str] | None = None, **fields: str) -> TestResponse:
        whole = {"variant": BLANKET, "email": ANNA, "form": self.form(), "website": ""} | fields
        return self.client.post(self.path, data=whole, headers=dict(headers or {}))

    def mails(self) -> list[str]:
        """The words of each mail that has arrived, the oldest first."""
        sign_up_letters.run(self.machine)
        with reading(self.machine.db) as session:
            rows = session.execute(select(mailbox_messages.c.id).order_by(mailbox_messages.c.id))
            found = list(rows.scalars())
        return [str(channel.read(self.machine.runtime, self.merchant.id, one)) for one in found]

    def link(self) -> str:
        """Where her sign-up's own page is."""
        with reading(self.machine.db) as session:
            number = session.execute(select(sign_ups.c.id).order_by(sign_ups.c.id.desc())).scalars().first()
        return links.leave_url(self.machine.config, self.merchant.id, number or 0).removeprefix(
            self.machine.config.app_url
        )

    def states(self) -> list[tuple[str, str | None]]:
        with reading(self.machine.db) as session:
            rows = session.execute(select(sign_ups.c.state, sign_ups.c.reason).order_by(sign_ups.c.id))
            return [(row.state, row.reason) for row in rows]

    def count(self, table: Any) -> int:
        with reading(self.machine.db) as session:
            return len(session.execute(select(table.c.id)).all())


@pytest.fixture
def shopper(app: Flask, machine: Machine, merchant: Merchant) -> Shopper:
    switch(machine, merchant.id)
    stock(machine, merchant.id, SOLD_OUT)
    return Shopper(machine, merchant, app.test_client())


def field_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def json_of(answer: TestResponse) -> dict[str, Any]:
    told = answer.json
    assert isinstance(told, dict)
    return told


# The page.


def test_the_page_names_what_is_sold_out_and_says_what_she_agrees_to(shopper: Shopper) -> None:
    page = shopper.look()
    assert page.status_code == 200
    assert "<h1>Wool blanket, Clay</h1>" in page.text
    assert "as soon as Wool blanket, Clay is back in stock at Birch &amp; Ember" in page.text
    assert page.text.count("<button") == 1
    assert "<script" not in page.text
    assert "Set-Cookie" not in page.headers


def test_it_speaks_german_to_those_who_ask_for_it(shopper: Shopper) -> None:
    assert "Auf die Warteliste" in shopper.look(**GERMAN).text
    assert "Auf die Warteliste" in shopper.client.get(f"{shopper.path}?variant={BLANKET}&locale=de-CH").text
    assert "Fast geschafft" in shopper.send(headers=GERMAN).text
    english = shopper.send(headers=GERMAN, locale="en", email="ben@example.com")
    assert "Almost done" in english.text


def test_whoever_signs_up_gets_a_mail_confirms_by_a_button_and_sees_her_place(shopper: Shopper) -> None:
    page = shopper.look()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sign_up_forms, "QUICK", timedelta(0))
        fields = {name: field_of(page.text, name) for name in ("variant", "locale", "form")}
        sent = shopper.client.post(shopper.path, data=fields | {"email": ANNA, "website": ""})
    assert sent.status_code == 200
    assert "Please look into your mailbox" in sent.text
    (mail,) = shopper.mails()
    assert "Please confirm" in mail

    looked = shopper.client.get(shopper.link())
    assert "Yes, put me in line" in looked.text
    assert "a…@example.com" in looked.text
    assert ANNA not in looked.text
    # Whoever only looks, as mail gateways do, changes nothing.
    assert shopper.states() == [("unconfirmed", None)]

    confirmed = shopper.client.post(shopper.link(), data={"act": "confirm"})
    assert "You are number 1 in line" in confirmed.text
    assert shopper.states() == [("waiting", None)]
    assert "You are number 1 in line" in shopper.client.get(shopper.link()).text


def test_she_leaves_by_the_button_and_the_mail_program_by_its_own(shopper: Shopper) -> None:
    shopper.send()
    shopper.client.post(shopper.link(), data={"act": "confirm"})
    left = shopper.client.post(shopper.link(), data={"act": "leave"})
    assert "You have left the waiting list" in left.text
    assert shopper.states() == [("over", "left_line")]
    assert "You are not in line any more" in shopper.client.get(shopper.link()).text

    shopper.send(email="ben@example.com")
    shopper.client.post(shopper.link(), data={"act": "confirm"})
    shopper.client.post(shopper.link(), data={"List-Unsubscribe": "One-Click"})
    assert shopper.states()[-1] == ("over", "left_line")


def test_whoever_did_not_sign_up_has_the_address_deleted_at_once(shopper: Shopper) -> None:
    shopper.send()
    link = shopper.link()
    assert "delete the address" in shopper.client.get(link).text
    shopper.client.post(link, data={"act": "leave"})
    assert (shopper.count(sign_ups), shopper.count(people), shopper.count(consents)) == (0, 0, 0)
    assert shopper.client.get(link).status_code == 404
    assert shopper.client.post(link, data={"act": "confirm"}).status_code == 404


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "a" * 5000, "é", "W10", "..%2f.."])
def test_a_broken_link_gets_a_friendly_page(shopper: Shopper, token: str) -> None:
    for answer in (shopper.client.get(f"/w/{token}"), shopper.client.post(f"/w/{token}")):
        assert answer.status_code == 404


def test_pages_are_kept_out_of_search_caches_and_referrers(shopper: Shopper) -> None:
    shopper.send()
    for path in (shopper.path, f"{shopper.path}/form?variant={BLANKET}", shopper.link(), "/w/x"):
        headers = shopper.client.get(path).headers
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers


# What takes no sign-ups.


@pytest.mark.parametrize(
    ("told", "published", "status", "words"),
    [
        (SOME, True, 200, "it can be bought right now"),
        (Stock("always"), True, 200, "it can be bought right now"),
        (SOLD_OUT, False, 404, "There is no waiting list for this"),
        (None, True, 404, "There is no waiting list for this"),
    ],
)
def test_what_can_be_bought_or_is_not_sold_says_so(
    shopper: Shopper, told: Stock | None, published: bool, status: int, words: str
) -> None:
    stock(shopper.machine, shopper.merchant.id, told, "mug", published=published, title="Secret mug")
    for answer in (shopper.look("mug"), shopper.send(variant="mug", form=shopper.form("mug"))):
        assert answer.status_code == status
        assert words in answer.text
        assert ("Secret mug" in answer.text) == published or told is None
        assert "<form" not in answer.text
    assert shopper.count(sign_ups) == 0


@pytest.mark.parametrize("variant", ["", "no-such", "%00", "x" * 3000, "'--"])
def test_what_nobody_knows_has_no_line(shopper: Shopper, variant: str) -> None:
    assert shopper.look(variant).status_code == 404
    assert shopper.client.get(f"{shopper.path}/form?variant={variant}").status_code == 404


def test_while_the_flow_is_off_the_shop_kindly_offers_none(shopper: Shopper) -> None:
    form = shopper.form()
    switch(shopper.machine, shopper.merchant.id, "off")
    for answer in (shopper.look(), shopper.send(form=form)):
        assert answer.status_code == 404
        assert "This shop offers no waiting list at the moment" in answer.text
    answer = shopper.client.get(f"{shopper.path}/form?variant={BLANKET}")
    told = json_of(answer)
    assert (answer.status_code, told["state"], told["available"]) == (404, "off", False)
    assert shopper.client.get("/s/no-such-shop/waitlist").status_code == 404
    assert shopper.client.get("/s/%00/waitlist").status_code == 404


# Programs and the impatient.


def test_what_is_no_address_is_asked_for_again_with_what_was_typed(shopper: Shopper) -> None:
    for wrong in ("anna", "anna@", "anna@example", "a b@example.com", "anna@-x.de", "a@b..c", "a,b@x.de", ""):
        page = shopper.send(email=wrong)
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.text
        assert 'role="alert"' in page.text
        assert f'value="{wrong}"' in page.text
    assert shopper.count(sign_ups) == 0


def test_faster_than_a_person_is_asked_to_send_the_same_form_once_more(shopper: Shopper) -> None:
    form = shopper.form(age=0.5)
    page = shopper.send(form=form)
    assert page.status_code == 422
    assert "quicker than a person" in page.text
    assert (field_of(page.text, "form"), shopper.count(sign_ups)) == (form, 0)
    assert f'value="{ANNA}"' in page.text


def test_a_form_of_the_day_before_is_replaced_by_a_fresh_one(shopper: Shopper) -> None:
    form = shopper.form(age=timedelta(days=1, seconds=5).total_seconds())
    page = shopper.send(form=form)
    assert page.status_code == 422
    assert "open for a long time" in page.text
    fresh = field_of(page.text, "form")
    assert fresh != form
    judged, _ = sign_up_forms.judge(shopper.machine.config, shopper.merchant.id, BLANKET, fresh)
    assert judged == "quick"


def test_a_form_that_is_not_ours_or_another_variants_is_worth_nothing(shopper: Shopper) -> None:
    stock(shopper.machine, shopper.merchant.id, SOLD_OUT, "moss", colour="Moss")
    for form in ("", "x.y", "\0", "a" * 4000, shopper.form("moss")):
        assert shopper.send(form=form).status_code == 422
    assert shopper.count(sign_ups) == 0


def test_what_nobody_sees_is_filled_in_by_programs_alone(shopper: Shopper) -> None:
    page = shopper.send(website="https://spam.example")
    assert page.status_code == 422
    assert "spam.example" not in page.text
    assert shopper.count(sign_ups) == 0
    hidden = re.search(r'<div class="trap" aria-hidden="true">.*?</div>', shopper.look().text, re.DOTALL)
    assert hidden
    assert 'tabindex="-1"' in hidden[0]


def test_one_network_signs_up_so_many_and_then_is_asked_to_come_later(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Limit("waiting_visitor", 2, timedelta(hours=1))
    monkeypatch.setattr(engine_sign_ups, "OF_VISITOR", few)
    answers = [shopper.send(email=f"p{n}@example.com") for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Please try again later" in answers[-1].text


def test_the_answer_never_tells_whether_an_address_is_known(shopper: Shopper) -> None:
    """In line, asked to confirm, erased or new: one and the same."""
    shopper.send(email="line@example.com")
    shopper.client.post(shopper.link(), data={"act": "confirm"})
    shopper.send(email="asked@example.com")
    shopper.send(email="gone@example.com")
    with reading(shopper.machine.db) as session:
        address = (
            session.execute(select(sign_ups.c.address_id).order_by(sign_ups.c.id.desc())).scalars().first()
        )
    opt_out(
        shopper.machine, shopper.merchant.id, address or 0, "unsubscribe_page", clock.now(shopper.merchant)
    )
    _erase(shopper, "erased@example.com")

    told = [
        (answer.status_code, answer.text)
        for name in ("line", "asked", "gone", "erased", "new")
        for answer in (shopper.send(headers=JSON, email=f"{name}@example.com"),)
    ]
    assert len(set(told)) == 1
    assert told[0][0] == 200


def _erase(shopper: Shopper, email: str) -> None:
    print_ = fingerprint(shopper.machine.vault, shopper.merchant.id, "email", email)
    data_acts.erase_person(shopper.machine, shopper.merchant.id, print_, "Mara")


def test_where_no_confirmation_is_asked_for_the_answer_is_the_same_too(shopper: Shopper) -> None:
    switch(shopper.machine, shopper.merchant.id, double_opt_in=False)
    first, again = shopper.send(headers=JSON), shopper.send(headers=JSON)
    assert json_of(first) == json_of(again) == json_of(first) | {"state": "waiting", "place": None}
    assert "You are number 1 in line" in shopper.mails()[0]


# From the shop's own pages.


def connected(shopper: Shopper, **values: Any) -> None:
    with transaction(shopper.machine.db) as session:
        session.execute(update(connections).values(**values))


def test_a_form_in_the_shops_own_page_gets_what_it_needs(shopper: Shopper) -> None:
    told = json_of(shopper.client.get(f"{shopper.path}/form?variant={BLANKET}&locale=de"))
    assert set(told) == {"form", "text", "available"}
    assert told["available"] is False
    assert "Schreiben Sie mir" in told["text"]
    judged, given = sign_up_forms.judge(shopper.machine.config, shopper.merchant.id, BLANKET, told["form"])
    assert (judged, given.language if given else "") == ("quick", "de")
    stock(shopper.machine, shopper.merchant.id, SOME, minutes=5)
    now = json_of(shopper.client.get(f"{shopper.path}/form?variant={BLANKET}"))
    assert now["available"] is True


def test_what_she_was_shown_is_kept_as_it_was(shopper: Shopper) -> None:
    shopper.send(headers=JSON, form=shopper.form(language="de"), locale="de")
    with reading(shopper.machine.db) as session:
        row = session.execute(select(sign_ups)).one()
        consent = session.execute(select(consents)).one()
    assert row.text == consent.text
    assert row.text.startswith(
        "Schreiben Sie mir an diese Adresse, sobald Wool blanket, Clay bei Birch & Ember"
    )
    assert (row.locale, row.source, consent.source) == ("de", "waitlist_form", "waitlist_form")


def test_only_the_shops_own_pages_may_read_the_answers(shopper: Shopper) -> None:
    connected(shopper, domain=f"{SHOP}/shop", meta={"primary_domain": "www.birch.example"})
    for origin, allowed in (
        (f"https://{SHOP}", True),
        ("https://www.birch.example", True),
        (f"http://{SHOP}", False),
        (f"https://{SHOP}.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
    ):
        for answer in (
            shopper.client.get(f"{shopper.path}/form?variant={BLANKET}", headers={"Origin": origin}),
            shopper.send(headers=JSON | {"Origin": origin}),
        ):
            given = answer.headers.get("Access-Control-Allow-Origin")
            assert given == (origin if allowed else None)
            assert "Origin" in answer.headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in answer.headers


def test_her_own_page_is_read_by_no_other_page(shopper: Shopper) -> None:
    connected(shopper, domain=SHOP)
    shopper.send()
    answer = shopper.client.get(shopper.link(), headers={"Origin": f"https://{SHOP}"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_whoever_brings_a_form_from_elsewhere_is_answered_as_here(app: Flask, shopper: Shopper) -> None:
    """As by the platform's own way through the shop's address."""
    fields = {"variant": BLANKET, "email": ANNA, "form": shopper.form(), "locale": "de", "website": ""}
    with app.test_request_context("/"):
        status, told = waitlist.answer(shopper.merchant, fields, visitor="203.0.113.7")
    assert (status, told["state"], told["place"]) == (200, "unconfirmed", None)
    assert told["message"].startswith("Fast geschafft")
    assert shopper.states() == [("unconfirmed", None)]
