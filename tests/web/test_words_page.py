"""The page of words: written, looked at before saving, sent to oneself, never over a colleague's save."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import members, settings_versions
from engine import changes, own_words, sign_in
from engine.machine import Machine
from flows import CATALOGUE
from integrations.mailbox import channel
from tests.web.browsing import Visitor

FLOW = CATALOGUE["cart_recovery"]


@pytest.fixture
def address(merchant: Merchant) -> str:
    return f"/m/{merchant.key}/flows/cart_recovery/steps/1"


@pytest.fixture
def writer(visitor: Visitor, address: str) -> Visitor:
    """She has the English words of the first step before her."""
    return visitor.open(f"{address}?lang=en&language=en")


def own(machine: Machine, merchant: Merchant, step: int = 1) -> own_words.StepWords:
    with reading(machine.db) as session:
        found = own_words.words_of_step(session, merchant.id, FLOW, step)
    assert found is not None
    return found


def proven(machine: Machine, merchant: Merchant) -> int:
    """The sandbox's member has proven an address."""
    with transaction(machine.db) as session:
        number = int(
            session.execute(select(members.c.id).where(members.c.merchant_id == merchant.id)).scalar_one()
        )
        sign_in.confirm(session, machine, merchant.id, number, "mara@birch.example")
    return number


def test_ours_stand_in_the_fields_and_hers_are_saved_with_her_name(
    writer: Visitor, machine: Machine, merchant: Merchant
) -> None:
    assert 'value="Your cart at {shop}"' in writer.text
    assert writer.text.count(">Ours<") == 6
    writer.press("Save", subject="Tea for {first_name}")
    assert "It holds from now on" in writer.text
    assert 'value="Tea for {first_name}"' in writer.text
    assert writer.text.count(">Ours<") == 5
    assert own(machine, merchant).own == {"en": {"subject": "Tea for {first_name}"}, "de": {}}
    with reading(machine.db) as session:
        newest = select(settings_versions).order_by(settings_versions.c.id.desc()).limit(1)
        assert session.execute(newest).one().saved_by == "You"


def test_german_words_are_written_on_an_english_page_and_the_other_way_round(
    visitor: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    visitor.open(f"{address}?lang=en&language=de").press("Save", subject="Tee für {first_name}")
    assert own(machine, merchant).own["de"] == {"subject": "Tee für {first_name}"}
    german = visitor.open(f"{address}?lang=de&language=en").text
    assert "Texte von Schritt 1" in german
    assert "Your cart at {shop}" in german


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Take {code}", "{code} speaks of an offer"),
        ("Dear {name}", "There is no placeholder {name}"),
        ("{first_name}", "Nothing would be left"),
        ("x" * 151, "at most 150 characters"),
        ("Dear {shop", "A curly bracket is left open"),
        ("Two\nlines", "must stay on one line"),
    ],
)
def test_what_cannot_be_sent_stays_in_its_field_and_is_told(
    writer: Visitor, machine: Machine, merchant: Merchant, subject: str, said: str
) -> None:
    writer.press("Save", subject=subject, heading="A heading of hers")
    assert said in writer.text
    assert "Not saved yet" in writer.text
    assert "A heading of hers" in writer.text
    assert own(machine, merchant).own["en"] == {}


def test_ours_come_back_field_by_field_or_all_at_once_and_only_saving_saves(
    writer: Visitor, machine: Machine, merchant: Merchant
) -> None:
    writer.press("Save", subject="Mine", heading="Mine too")
    writer.press("Take ours again : Subject")
    assert 'value="Your cart at {shop}"' in writer.text
    assert 'value="Mine too"' in writer.text
    assert own(machine, merchant).own["en"] == {"subject": "Mine", "heading": "Mine too"}
    writer.press("Take ours everywhere").press("Save")
    assert own(machine, merchant).own["en"] == {}


def test_a_colleagues_save_is_shown_and_not_overwritten_unseen(
    writer: Visitor, machine: Machine, merchant: Merchant
) -> None:
    seen = own(machine, merchant).version
    bea = {"en": {"subject": "Bea&apos;s subject", "heading": "Bea's heading"}}
    own_words.save(machine, merchant.id, FLOW, 1, bea, seen, "Bea")
    writer.press("Save", subject="My subject")
    assert "Bea has changed this step" in writer.text
    assert 'value="My subject"' in writer.text
    assert "Bea&amp;apos;s subject" in writer.text
    assert own(machine, merchant).own == bea | {"de": {}}
    writer.press("Save", subject="My subject")
    assert own(machine, merchant).own["en"] == {"subject": "My subject"}


def test_placeholders_are_listed_with_what_they_become(visitor: Visitor, address: str) -> None:
    first = visitor.open(f"{address}?lang=en").text
    assert "{first_name}" in first
    assert "{code}" not in first
    third = visitor.open(f"{address[:-1]}3?lang=en&language=en").text
    assert "{code}" in third
    assert "10% off" in third


def test_the_preview_shows_what_was_typed_before_it_is_saved(
    writer: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    saved = writer.client.get(f"{address}/preview?language=en").text
    assert "Your cart is still here" in saved
    writer.press("Show in the preview", heading="<b>Typed</b>", subject="{code} it is")
    assert "&lt;b&gt;Typed&lt;/b&gt;" in writer.text
    assert "<strong>Your cart at Birch &amp; Ember</strong>" in writer.text
    assert "in place of a text that can&#39;t be sent: Subject" in writer.text
    assert own(machine, merchant).own["en"] == {}


def test_the_plain_text_comes_with_the_headers(writer: Visitor) -> None:
    writer.press("As plain text, with headers", subject="Typed")
    assert "<dd>Typed</dd>" in writer.text
    assert "Hello Alex," in writer.text
    assert "List-Unsubscribe" in writer.text


def test_a_preview_is_shut_in_and_its_links_do_nothing(writer: Visitor, address: str) -> None:
    answer = writer.client.get(f"{address}/preview?language=en")
    assert "sandbox allow-popups" in answer.headers["Content-Security-Policy"]
    links = set(re.findall(r'href="([^"]+)"', answer.text))
    assert links == {"http://localhost:8000/example/cart", "http://localhost:8000/example/unsubscribe"}
    for link in links:
        page = writer.client.get(link.removeprefix("http://localhost:8000"))
        assert page.status_code == 200
        assert "Only an example" in page.text
    assert writer.client.post("/example/unsubscribe").status_code == 405


def test_a_test_goes_to_herself_with_what_was_typed(
    visitor: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    proven(machine, merchant)
    visitor.open(f"{address}?lang=en&language=en").press("Send a test", subject="Typed, not saved")
    assert "A test is on its way to m…@birch.example" in visitor.text
    assert 'value="Typed, not saved"' in visitor.text
    assert "· You · English" in visitor.text
    (entry,) = channel.listing(machine.runtime, merchant.id)
    assert (entry.to, entry.subject) == ("mara@birch.example", "[Test] Typed, not saved")
    assert own(machine, merchant).own["en"] == {}


def test_a_test_of_what_cannot_be_sent_is_not_sent(
    visitor: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    proven(machine, merchant)
    visitor.open(f"{address}?lang=en&language=en").press("Send a test", subject="Dear {name}")
    assert "There is no placeholder {name}" in visitor.text
    assert channel.listing(machine.runtime, merchant.id) == []


def test_who_has_no_proven_address_is_told_and_gets_no_button(writer: Visitor, address: str) -> None:
    assert "Kontor knows no e-mail address that is proven to be yours" in writer.text
    assert not writer.sees_button("Send a test")


def test_what_a_step_without_a_reply_address_sends_is_said(
    visitor: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    changes.save_shop(machine, merchant.id, {"reply_to": ""}, "Mara")
    assert "your shop has no reply address" in visitor.open(f"{address[:-1]}2?lang=en").text
    assert "your shop has no reply address" not in visitor.open(f"{address}?lang=en").text


@pytest.mark.parametrize(
    "path", ["flows/cart_recovery/steps/9", "flows/nothing/steps/1", "flows/cart_recovery/steps/0"]
)
def test_a_step_that_is_not_there_is_not_found(visitor: Visitor, merchant: Merchant, path: str) -> None:
    assert visitor.client.get(f"/m/{merchant.key}/{path}").status_code == 404
    assert visitor.client.get(f"/m/{merchant.key}/{path}/preview").status_code == 404


def test_a_step_taken_away_meanwhile_is_not_written_back(
    writer: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    third = Visitor(writer.client).open(f"{address[:-1]}3?lang=en&language=en")
    changes.save_flow(machine, merchant.id, FLOW, {"steps": [{"after_hours": 24}]}, "Bea")
    assert third.press("Save", subject="Gone").status == 404


def test_a_forged_version_is_a_conflict_and_no_fault_of_ours(
    writer: Visitor, address: str, machine: Machine, merchant: Merchant
) -> None:
    own_words.save(machine, merchant.id, FLOW, 1, {"en": {"subject": "Bea's"}}, 1, "Bea")
    for seen in ("", "-1", "x", "999999999", "9" * 40):
        assert "Bea has changed this step" in writer.press("Save", subject="Mine", seen=seen).text


def test_the_brand_is_shown_as_typed_and_what_cannot_be_used_is_said(
    visitor: Visitor, merchant: Merchant, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    brand = f"/m/{merchant.key}/brand/preview"
    typed = {
        "colour": "#ffd500",
        "sender_name": "Birke",
        "logo_url": "http://no.example/x.png",
        "language": "de",
    }
    answer = visitor.client.post(brand, data=typed)
    assert "background-color: #ffd500" in answer.text
    assert "Birke" in answer.text
    assert "no.example" not in answer.text
    assert "must begin with https://" in answer.text
    assert "White words can&#39;t be read on this colour" in answer.text
    assert "Guten Tag Alex" in answer.text
    saved = visitor.client.get(brand).text
    assert "Birke" not in saved
    assert "Birch &amp; Ember" in saved
