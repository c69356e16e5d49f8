"""A merchant sets once for all flows who writes, how it looks, how often, and to whom."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import merchants, settings_versions
from engine import changes
from engine.machine import Machine
from integrations import CONNECTED, KEEPS_CONSENT
from tests.web.browsing import Visitor
from tests.web.conftest import Guests
from tests.web.in_admin import in_admin


class Member(Visitor):
    """A member at the settings."""

    machine: Machine
    merchant: Merchant

    @property
    def told(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def look(self, language: str = "en") -> "Member":
        self.open(f"/m/{self.merchant.key}/settings?lang={language}")
        return self

    def saved(self) -> Any:
        mine = (settings_versions.c.merchant_id == self.merchant.id, settings_versions.c.scope == "shop")
        newest = select(settings_versions).where(*mine).order_by(settings_versions.c.version.desc())
        with reading(self.machine.db) as db:
            return db.execute(newest.limit(1)).one()


@pytest.fixture
def member(visitor: Visitor, merchant: Merchant, machine: Machine) -> Member:
    found = Member(visitor.client)
    found.machine, found.merchant = machine, merchant
    return found.look()


def test_what_she_saves_holds_with_her_name_on_it(member: Member) -> None:
    member.press("Save", "quiet_email", sender_name="Birch", cap_week="5", quiet_from="21")
    assert "Saved. It holds from now on" in member.told
    saved = member.saved()
    assert (saved.version, saved.saved_by) == (2, "You")
    told = {name: saved.data[name] for name in ("sender_name", "cap_week", "quiet_email", "quiet_from")}
    assert told == {"sender_name": "Birch", "cap_week": 5, "quiet_email": True, "quiet_from": 21}
    assert "Messages a week at most: before: 3 now: 5" in member.told
    assert "Quiet from: before: 20:00 now: 21:00" in member.told


def test_an_imprint_keeps_its_lines(member: Member) -> None:
    before = member.saved().data["imprint"]
    member.press("Save", sender_name="Birch")
    assert member.saved().data["imprint"] == before
    member.press("Save", imprint="Birch\r\nHafenstr. 1\r\n")
    assert member.saved().data["imprint"] == "Birch\nHafenstr. 1"


def test_saving_what_is_saved_already_makes_no_version(member: Member) -> None:
    member.press("Save")
    assert "Nothing was changed" in member.told
    assert member.saved().version == 1


@pytest.mark.parametrize(
    ("name", "text", "english", "german"),
    [
        ("cap_day", "0", "A whole number between 1 and 5.", "Eine ganze Zahl zwischen 1 und 5."),
        ("reply_to", "nobody", "An e-mail address, such as", "Eine E-Mail-Adresse, zum Beispiel"),
        ("logo_url", "http://x.example/a.png", "begins with https://", "mit https:// beginnt"),
        ("logo_url", "javascript:alert(1)", "begins with https://", "mit https:// beginnt"),
        ("colour", "red", "A colour of six digits", "Eine Farbe mit sechs Ziffern"),
        ("sender_name", "A" * 81, "At most 80 letters.", "Höchstens 80 Zeichen."),
        ("sender_name", "Birch\nBcc: eve@example.com", "At most 80 letters.", "Höchstens 80 Zeichen."),
        ("quiet_from", "24", "One of those offered.", "Eine der angebotenen Möglichkeiten."),
        ("consent_policy", "platform", "One of those offered.", "Eine der angebotenen Möglichkeiten."),
        ("consent_policy", "everybody", "One of those offered.", "Eine der angebotenen Möglichkeiten."),
    ],
)
def test_what_does_not_fit_is_said_where_it_stands(
    member: Member, name: str, text: str, english: str, german: str
) -> None:
    for language, save, sentence in (("en", "Save", english), ("de", "Speichern", german)):
        member.look(language).fill_and_press(save, {name: text})
        assert member.status == 422
        fault = re.search(rf'<p class="fault" id="{name}-fault">([^<]+)</p>', member.text)
        assert fault
        assert sentence in unescape(fault[1])
        assert f'<a href="#{name}">' in member.text
    assert member.saved().version == 1


def test_what_she_typed_is_words_and_never_markup(member: Member) -> None:
    member.press("Save", sender_name='"><script>alert(1)</script>', imprint="</textarea><script>")
    assert "<script" not in member.text
    assert member.saved().data["imprint"] == "</textarea><script>"


def test_each_policy_is_explained_and_it_is_no_legal_advice(member: Member) -> None:
    for words in ("A yes to advertising", "paid for an order before", "This is not legal advice"):
        assert words in member.told
    german = member.look("de").told
    for words in ("ausdrückliche Zustimmung", "§ 7 Abs. 3 UWG", "keine Rechtsberatung"):
        assert words in german


def test_the_platforms_own_policy_is_offered_only_where_it_keeps_consent(member: Member) -> None:
    assert 'value="platform"' not in member.text
    with transaction(member.machine.db) as db:
        db.execute(update(merchants).where(merchants.c.id == member.merchant.id).values(platform="shopify"))
    with member.client.session_transaction() as cookie:
        cookie["member"] = [member.merchant.id, 1]
    member.look().press("Save", consent_policy="platform")
    assert member.saved().data["consent_policy"] == "platform"


def test_who_keeps_consent_is_known_as_the_shops_themselves_say(machine: Machine) -> None:
    assert {key for key in CONNECTED if machine.connected[key].keeps_consent} == KEEPS_CONSENT


def test_nobody_overwrites_a_colleague_unseen(member: Member) -> None:
    changes.save_shop(member.machine, member.merchant.id, {"cap_week": 7}, "Bea")
    member.press("Save", sender_name="Birch")
    assert member.status == 409
    assert "Somebody else has saved meanwhile" in member.told
    assert "Messages a week at most: before: 3 now: 7" in member.told
    assert 'name="sender_name" value="Birch"' in member.text
    assert member.saved().saved_by == "Bea"
    member.press("Save")
    assert (member.saved().version, member.saved().data["sender_name"]) == (3, "Birch")


def test_the_button_is_shown_in_her_colour_with_its_contrast(member: Member) -> None:
    member.press("Save", colour="#ffee00")
    assert 'fill="#ffee00"' in member.text
    assert "to 1; the colour of the words is chosen" in member.told


def test_a_connected_shops_page_leads_to_connection_members_and_data(
    guests: Guests, merchant: Merchant, app: Flask
) -> None:
    member, stranger, nobody = guests("woocommerce")
    address = f"/m/{merchant.key}/settings"
    assert [one.get(address).status_code for one in (member, stranger, nobody)] == [200, 404, 401]
    told = member.get(address).text
    for part in ("", "#members", "#requests"):
        assert f'href="/m/{merchant.key}/connection{part}"' in told


def test_inside_shopifys_admin_it_is_saved_by_the_pages_own_proof(tmp_path: Any, sqlite_url: str) -> None:
    with in_admin(tmp_path, sqlite_url) as admin:
        key = admin.with_a_past()
        for path in ("settings", "flows/cart_recovery"):
            page = admin.visit(f"/m/{key}/{path}")
            assert page.status_code == 200
            assert admin.post(f"/m/{key}/{path}", id_token="x").status_code in (400, 401)
        form = {"id_token": admin.token(), "version": "1", "cap_week": "4"}
        saved = admin.post(f"/m/{key}/settings", **form)
        assert saved.status_code == 303
        assert "id_token" in saved.headers["Location"]


def test_she_reads_how_many_messages_went_out_each_month_and_that_they_cost_nothing(member: Member) -> None:
    member.open("/sandbox").press("Add to cart").press("Go on to payment", "opt_in", email="anna@example.com")
    member.press("Fast-forward 1 h")
    month = f"{clock.now(member.merchant):%B %Y}"
    assert re.search(rf"Messages per month {month} \( ?so far ?\) 1 ", member.look().told)
    assert "free, without plans" in member.told
    assert "bis jetzt" in member.look("de").told
