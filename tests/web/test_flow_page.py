"""A merchant reads what a flow promises, changes it, and is told what that means and for how many."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.db import reading
from core.models import Merchant
from core.models.tables import effects, enrolments, settings_versions
from engine import changes
from engine.machine import Machine
from flows import CATALOGUE
from tests.web.browsing import Visitor
from tests.web.conftest import Guests

FLOW = CATALOGUE["cart_recovery"]


class Member(Visitor):
    """A member at the page of cart recovery."""

    def __init__(self, client: FlaskClient, merchant: Merchant, machine: Machine) -> None:
        super().__init__(client)
        self.at = f"/m/{merchant.key}/flows/cart_recovery"
        self.merchant, self.machine = merchant, machine

    def look(self, language: str = "en") -> "Member":
        self.open(f"{self.at}?lang={language}")
        return self

    @property
    def told(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def rows(self, table: Any, *where: Any) -> list[Any]:
        mine = select(table).where(table.c.merchant_id == self.merchant.id, *where).order_by(table.c.id)
        with reading(self.machine.db) as db:
            return list(db.execute(mine))

    def saved(self) -> Any:
        return self.rows(settings_versions, settings_versions.c.scope == "cart_recovery")[-1]

    def times(self) -> list[int]:
        return [step["after_hours"] for step in self.saved().data["steps"]]


@pytest.fixture
def member(visitor: Visitor, merchant: Merchant, machine: Machine) -> Member:
    return Member(visitor.client, merchant, machine).look()


def leave_cart(visitor: Visitor, email: str = "anna@example.com") -> None:
    visitor.open("/sandbox?lang=en").press("Add to cart")
    visitor.press("Go on to payment", "opt_in", email=email)


# What is seen.


def test_the_page_says_what_the_flow_does_when_it_writes_and_that_it_is_live(member: Member) -> None:
    for words in (
        "Reminds people of the cart they left, and stops the moment they buy.",
        "It is live",
        "1 h Reminder",
        "24 h Answers to questions",
        "72 h 3 days Offer 10% off off",
    ):
        assert words in member.told


def test_in_german_amounts_and_words_are_german(member: Member) -> None:
    told = member.look("de").told
    assert "Erinnert an den verlassenen Warenkorb" in told
    assert "24 Std. Antworten auf Fragen" in told
    assert 'value="500,00"' in member.text


def test_a_flow_there_is_not_is_not_found(member: Member) -> None:
    assert member.open(member.at.replace("cart_recovery", "nothing")).status == 404


# Changing settings.


def test_what_she_saves_is_a_new_version_with_her_name(member: Member) -> None:
    member.fill_and_press("Save", {"steps-1-after_hours": "36", "minimum_cart": "12,50"})
    assert "Saved. It holds from now on" in member.told
    assert (member.saved().version, member.saved().mode, member.saved().saved_by) == (2, "live", "You")
    assert (member.times(), member.saved().data["minimum_cart"]) == ([1, 36, 72], 1250)
    assert "Step 2, Sent after: before: 24 h now: 36 h" in member.told
    assert "Smallest cart: before: €0.00 now: €12.50" in member.told


def test_saving_what_is_saved_already_makes_no_version(member: Member) -> None:
    member.press("Save")
    assert "Nothing was changed" in member.told
    assert member.saved().version == 1


def test_a_step_is_switched_on_by_its_box_and_off_again(member: Member) -> None:
    member.press("Save", "steps-2-on")
    assert [step["on"] for step in member.saved().data["steps"]] == [True, True, True]
    member.fill_and_press("Save", {"steps-0-on": "false"})
    assert [step["on"] for step in member.saved().data["steps"]] == [False, True, True]


def test_an_amount_off_is_typed_in_the_shops_money(member: Member) -> None:
    fields = {"steps-2-incentive": "amount", "steps-2-value": "5,50"}
    member.fill_and_press("Save", fields, "steps-2-on")
    assert member.saved().data["steps"][2]["value"] == 550
    assert "€5.50 off" in member.told
    member.fill_and_press("Save", {"steps-2-incentive": "none"})
    assert member.saved().data["steps"][2]["value"] == 0


def test_a_step_is_added_and_taken_out_and_saved_only_when_she_saves(member: Member) -> None:
    member.press("Add a step")
    assert "added below, but is not saved yet" in member.told
    assert 'name="steps-3-after_hours" value="96"' in member.text
    assert member.saved().version == 1
    member.press("Remove Step 2")
    assert "Step 2 was taken out below" in member.told
    member.press("Save")
    assert member.times() == [1, 72, 96]


def test_what_was_typed_stays_when_a_step_is_added(member: Member) -> None:
    member.fill_and_press("Add a step", {"steps-0-after_hours": "4", "minimum_cart": "oops"})
    assert 'name="steps-0-after_hours" value="4"' in member.text
    assert 'name="minimum_cart" value="oops"' in member.text


def test_there_are_never_less_than_one_step_nor_more_than_five(member: Member) -> None:
    for _ in range(2):
        member.press("Add a step")
    assert not member.sees_button("Add a step")
    assert "at most 5 steps" in member.told
    for _ in range(4):
        member.press("Remove Step 1")
    assert not member.sees_button("Remove Step 1")
    member.press("Save")
    assert len(member.times()) == 1


@pytest.mark.parametrize("preset", list(FLOW.presets))
def test_a_preset_fills_the_form_and_is_saved_only_when_she_saves(member: Member, preset: str) -> None:
    steps = FLOW.presets[preset].steps
    times = " · ".join(str(step.after_hours) for step in steps)
    member.press(f"{FLOW.presets[preset].title[0]} {times} h")
    assert member.saved().version == 1
    member.press("Save")
    expected = [step.model_dump(mode="json") for step in steps]
    assert member.saved().data.get("steps", expected) == expected


# What does not fit.


@pytest.mark.parametrize(
    ("fields", "place", "english", "german"),
    [
        (
            {"steps-0-after_hours": "0"},
            "steps-0-after_hours",
            "A whole number between 1 and 336.",
            "Eine ganze Zahl zwischen 1 und 336.",
        ),
        (
            {"steps-0-after_hours": "soon"},
            "steps-0-after_hours",
            "A whole number between 1 and 336.",
            "Eine ganze Zahl zwischen 1 und 336.",
        ),
        (
            {"steps-1-after_hours": "5"},
            "steps-1-after_hours",
            "Between two steps lie at least 12 hours.",
            "Zwischen zwei Schritten liegen mindestens 12 Stunden.",
        ),
        (
            {"steps-2-value": "95"},
            "steps-2-value",
            "A percentage lies between 1 and 90.",
            "Ein Prozentsatz liegt zwischen 1 und 90.",
        ),
        (
            {"steps-2-incentive": "amount", "steps-2-value": "a lot"},
            "steps-2-value",
            "An amount such as 12.50, between €0.00 and €10,000.00.",
            "Ein Betrag wie 12,50, zwischen 0,00\xa0€ und 10.000,00\xa0€.",
        ),
        (
            {"steps-0-content": "last_call"},
            "steps-0-content",
            "The last call is the last step.",
            "Die letzte Erinnerung ist der letzte Schritt.",
        ),
        (
            {"steps-0-content": "poem"},
            "steps-0-content",
            "One of those offered.",
            "Eine der angebotenen Möglichkeiten.",
        ),
        (
            {"discount_hours": "47"},
            "discount_hours",
            "A whole number between 48 and 720.",
            "Eine ganze Zahl zwischen 48 und 720.",
        ),
    ],
)
def test_what_does_not_fit_is_said_where_it_stands_and_stays_as_typed(
    member: Member, fields: dict[str, str], place: str, english: str, german: str
) -> None:
    for language, save, sentence in (("en", "Save", english), ("de", "Speichern", german)):
        member.look(language).fill_and_press(save, fields)
        assert member.status == 422
        assert f'<p class="fault" id="{place}-fault">{sentence}</p>' in member.text
        assert f'<a href="#{place}">' in member.text
        field = re.search(rf'<(?:input|select) id="{place}"[^>]*>', member.text)
        assert field
        assert 'aria-invalid="true"' in field[0]
        assert f"{place}-fault" in field[0]
        for name, text in fields.items():
            assert f'name="{name}" value="{text}"' in member.text or name.endswith(("content", "incentive"))
    assert member.saved().version == 1


def test_all_that_does_not_fit_is_said_at_once(member: Member) -> None:
    member.fill_and_press("Save", {"steps-0-after_hours": "0", "minimum_cart": "x", "discount_hours": "1"})
    assert "3 things do not fit yet" in member.told


@pytest.mark.parametrize("odd", ["", "x", "remove:9", "remove:-1", "preset:none", "add\0", "savex", "preset"])
def test_a_button_there_is_not_does_nothing(member: Member, odd: str) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', member.text)
    assert token
    answer = member.client.post(member.at, data={"csrf_token": token[1], "do": odd})
    assert answer.status_code == 400
    assert member.saved().version == 1


@pytest.mark.parametrize("version", ["", "-1", "x", "999999999", "9" * 40, "1e3"])
def test_a_version_of_another_shape_is_the_newest(member: Member, version: str) -> None:
    member.press("Save", version=version, minimum_cart="1.00")
    assert (member.status, member.saved().version) == (200, 2)


def test_a_form_that_sends_less_changes_only_what_it_sends(member: Member) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', member.text)
    assert token
    sent = {"csrf_token": token[1], "minimum_cart": "3"}
    assert member.client.post(member.at, data=sent).status_code == 422, "the steps are missing"
    for n in range(40):
        sent[f"steps-{n}-was"] = "0" * n
    assert member.client.post(member.at, data=sent).status_code == 422
    assert member.saved().version == 1


# Two members at once.


def test_nobody_overwrites_a_colleague_unseen(member: Member, machine: Machine, merchant: Merchant) -> None:
    theirs = FLOW.Settings().model_dump(mode="json") | {"minimum_cart": 2000}
    changes.save_flow(machine, merchant.id, FLOW, theirs, "Bea")
    member.press("Save", discount_hours="72")
    assert member.status == 409
    assert "Somebody else has saved meanwhile" in member.told
    assert "Bea" in member.told
    assert "Smallest cart: before: €0.00 now: €20.00" in member.told
    assert 'name="discount_hours" value="72"' in member.text
    assert member.saved().data["minimum_cart"] == 2000
    member.press("Save")
    assert (member.status, member.saved().version) == (200, 3)
    assert (member.saved().data["minimum_cart"], member.saved().data["discount_hours"]) == (0, 72)


def test_a_colleague_who_only_switched_the_mode_is_no_conflict(
    member: Member, machine: Machine, merchant: Merchant
) -> None:
    changes.set_mode(machine, merchant.id, FLOW, "shadow", "Bea")
    member.press("Save", discount_hours="72")
    assert (member.status, member.saved().mode) == (200, "shadow")


# People under way.


def test_those_under_way_keep_their_times_until_she_applies_the_new_ones(member: Member) -> None:
    leave_cart(member)
    member.look()
    assert "1 person is under way" in member.told
    assert not member.sees_button("Apply to the one waiting")
    member.fill_and_press("Save", {"steps-0-after_hours": "6"})
    assert "new waiting times hold for carts left from now on" in member.told
    assert "1 person under way keeps the waiting times" in member.told
    member.press("Apply to the one waiting")
    assert "now hold for 1 person who was under way" in member.told
    assert not member.sees_button("Apply to the one waiting")
    first, trip = member.rows(effects)[0], member.rows(enrolments)[0]
    assert (first.due_at - trip.since).total_seconds() == 6 * 3600


# Switching.


def test_before_it_is_switched_off_she_reads_how_many_reminders_are_left_out(member: Member) -> None:
    leave_cart(member)
    member.open(f"{member.at}/mode/off")
    assert "2 waiting reminders will be left out" in member.told
    assert "The flow or this step was switched off." in member.told
    assert member.saved().mode == "live", "nothing has happened yet"
    member.press("Switch it off")
    assert "The flow is off" in member.told
    assert (member.saved().mode, member.saved().saved_by) == ("off", "You")
    assert {row.reason for row in member.rows(effects)} == {"flow_off"}
    assert "Mode: before: Live now: Off" in member.told


def test_before_it_goes_live_she_reads_how_many_carts_stay_untouched(member: Member) -> None:
    leave_cart(member)
    member.open(f"{member.at}/mode/off").press("Switch it off")
    member.open(f"{member.at}/mode/live")
    for words in (
        "1 cart left before the switch stays untouched.",
        "after 1 h: Reminder",
        "Opted-in only.",
        "at most 1 a day and 3 a week",
    ):
        assert words in member.told
    assert "Offer" not in member.told, "a step that is off is not sent"
    member.press("Switch it live")
    assert member.saved().mode == "live"
    assert [row.state for row in member.rows(enrolments)] == ["exited"]


def test_in_shadow_nothing_is_sent_and_the_page_says_so(member: Member) -> None:
    member.open(f"{member.at}/mode/shadow").press("Let it run in shadow")
    assert "It runs in shadow" in member.told
    leave_cart(member)
    member.open(f"{member.at}/mode/live")
    assert "only written down for 1 person in shadow ends" in member.told


def test_leaving_it_as_it_is_changes_nothing(member: Member) -> None:
    member.open(f"{member.at}/mode/off").open(member.at)
    assert member.saved().version == 1
    assert "is so already" in member.open(f"{member.at}/mode/live").text


def test_a_switch_decided_on_what_no_longer_holds_is_not_made(
    member: Member, machine: Machine, merchant: Merchant
) -> None:
    member.open(f"{member.at}/mode/shadow")
    changes.set_mode(machine, merchant.id, FLOW, "off", "Bea")
    member.press("Let it run in shadow")
    assert "Somebody has switched this flow meanwhile" in member.told
    assert member.saved().mode == "off"


# History.


def test_older_versions_are_a_link_away(member: Member) -> None:
    for amount in range(1, 9):
        member.press("Save", minimum_cart=f"{amount}.00")
    assert "€7.00 now: €8.00" in member.told
    assert "The beginning" not in member.told
    earlier = re.search(r'href="([^"]+before=\d+)#history" rel="next"', member.text)
    assert earlier
    assert "The beginning, with our defaults" in member.open(unescape(earlier[1])).text


def test_strangers_see_and_change_nothing(guests: Guests, merchant: Merchant) -> None:
    member, stranger, nobody = guests("woocommerce")
    paths = ("", "/mode/off", "/mode/live")
    for path in paths:
        address = f"/m/{merchant.key}/flows/cart_recovery{path}"
        assert [one.get(address).status_code for one in (member, stranger, nobody)] == [200, 404, 401]
