"""The overview: what needs her with the way to mend it, and figures that lead to their rows."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.models import Merchant
from core.models.tables import connections, effects, enrolments, settings_versions
from engine import changes, late, notices, recounting
from engine.machine import Machine
from flows import CATALOGUE
from tests.web.browsing import Visitor
from tests.web.conftest import Guests

FLOW = CATALOGUE["cart_recovery"]


@pytest.fixture
def overview(merchant: Merchant) -> str:
    return f"/m/{merchant.key}?lang=en"


def told(visitor: Visitor, path: str) -> str:
    """What stands on the page, without its tags."""
    text = re.sub(r"<[^>]+>", " ", unescape(visitor.open(path).text))
    return re.sub(r"\s+([,.:])", r"\1", " ".join(text.split()))


def links(visitor: Visitor) -> dict[str, str]:
    """Where the words of the page lead."""
    return {
        " ".join(words.split()): unescape(address)
        for address, words in re.findall(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', visitor.text)
    }


def leaves_a_cart(visitor: Visitor, email: str) -> None:
    if visitor.open("/sandbox").sees_button("Leave this cart, be somebody new"):
        visitor.press("Leave this cart, be somebody new")
    visitor.press("Add to cart").press("Go on to payment", "opt_in", email=email)


def entries(visitor: Visitor) -> int:
    return visitor.text.count('class="entry"')


def change(machine: Machine, *statements: object) -> None:
    with transaction(machine.db) as session:
        for statement in statements:
            session.execute(statement)  # type: ignore[call-overload]


def test_at_first_it_says_what_to_do_and_that_nothing_needs_her(visitor: Visitor, overview: str) -> None:
    page = told(visitor, overview)
    assert "Nothing needs you" in page
    assert "Put something in the cart in the sandbox" in page
    assert links(visitor)["Open the sandbox shop"] == "/sandbox"
    assert "What the figures mean" not in page
    assert "<svg viewBox" not in visitor.text.partition("flow-card")[2]


def test_a_flow_that_is_off_is_begun_in_shadow(
    visitor: Visitor, machine: Machine, merchant: Merchant
) -> None:
    change(machine, settings_versions.delete().where(settings_versions.c.scope == FLOW.key))
    page = told(visitor, f"/m/{merchant.key}?lang=de")
    assert "Beginnen Sie im Schattenbetrieb" in page
    assert FLOW.promise[1] in page
    assert " Aus " in page


def test_every_message_that_was_due_is_in_one_part_of_the_line(visitor: Visitor, overview: str) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    leaves_a_cart(visitor, "ben@example.com")
    visitor.press("Fast-forward 1 h").press("Pay now").press("Fast-forward 1 day")
    page = told(visitor, overview)
    assert re.search(r"4 due 3 accepted 0 in doubt 1 left out", page)
    assert "The person has bought in the meantime." in page
    line = links(visitor)
    for words, shown in (("4 due", 2), ("3 accepted", 2), ("1 left out", 1), ("1 message", 1)):
        visitor.open(line[words])
        assert (words, entries(visitor)) == (words, shown)
    assert "0 in doubt" not in line


def test_the_numbers_lead_to_messages_of_the_same_time_only(
    visitor: Visitor, machine: Machine, merchant: Merchant, overview: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    visitor.press("Fast-forward 1 h")
    visitor.open(overview)
    accepted = links(visitor)["1 accepted"]
    long_ago = clock.now(merchant) - timedelta(days=40)
    change(machine, update(effects).where(effects.c.state == "done").values(due_at=long_ago))
    visitor.open(accepted)
    assert entries(visitor) == 0
    assert "Only messages that were due since" in visitor.text
    assert entries(visitor.open(f"/shops/{merchant.key}/activity?outcome=sent")) == 1


@pytest.mark.parametrize("since", ["x", "2026-13-01", "0001-01-01", "9999-12-31", "%00"])
def test_a_day_that_is_none_is_passed_over(visitor: Visitor, merchant: Merchant, since: str) -> None:
    answer = visitor.client.get(f"/shops/{merchant.key}/activity?outcome=sent&since={since}&mode=odd")
    assert answer.status_code == 200


def test_the_picture_is_told_in_words_and_as_a_table(visitor: Visitor, overview: str) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    visitor.press("Fast-forward 1 h")
    page = told(visitor, overview)
    assert re.search(r"Messages in all: 1, most on \d+ \w+: 1\. Recovered orders: 0\.", page)
    assert visitor.text.count("<rect") == 1
    assert len(re.findall(r'<th scope="row">', visitor.text)) == 1
    assert "style=" not in visitor.text


def test_shadow_tells_what_would_have_gone_out(
    visitor: Visitor, machine: Machine, merchant: Merchant, overview: str
) -> None:
    changes.set_mode(machine, merchant.id, FLOW, "shadow", "Mara")
    leaves_a_cart(visitor, "anna@example.com")
    visitor.press("Fast-forward 1 h")
    page = told(visitor, overview)
    assert re.search(r"1 due 1 would have gone out In shadow mode", page)
    line = links(visitor)
    assert entries(visitor.open(line["1 due"])) == entries(visitor.open(line["1 would have gone out"])) == 1


def test_what_needs_her_comes_with_its_button_the_gravest_first(
    visitor: Visitor, machine: Machine, merchant: Merchant, overview: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    visitor.press("Fast-forward 1 h")
    with transaction(machine.db) as session:
        notices.raise_notice(session, merchant.id, "held", FLOW.key)
        notices.raise_notice(session, merchant.id, "doubt")
        notices.raise_notice(session, merchant.id, "quiet", "1/30")
        notices.raise_notice(session, merchant.id, "data_request", "5 May")
        notices.raise_notice(session, merchant.id, "reconnect", "refused")
    leaves_a_cart(visitor, "ben@example.com")
    held = update(enrolments).where(enrolments.c.id == 2).values(state="held")
    doubt = update(effects).where(effects.c.state == "done").values(state="unknown", reason="unknown")
    failed = update(effects).where(effects.c.enrolment_id == 2, effects.c.step == 1)
    change(machine, held, doubt, failed.values(state="failed", due_at=clock.now(merchant)))
    page = told(visitor, overview)
    titles = re.findall(r"<h3>([^<]+)</h3>", visitor.text.partition("health-line")[0])
    assert titles == [
        "Kontor can no longer reach your shop",
        "1 person is held",
        "Your shop is quieter than usual",
        "A customer asks what is known about her or him",
        "1 message is in doubt",
        "1 message failed in the last 7 days",
    ]
    assert "by 5 May at the latest" in page
    assert 'class="banner"' not in visitor.text
    line = links(visitor)
    connection = f"/m/{merchant.key}/connection"
    assert urlsplit(line["Connect again"]).path == urlsplit(line["Fetch the answer"]).path == connection
    assert "held-cart_recovery" in visitor.open(line["Look, then decide"].partition("#")[0]).text
    assert entries(visitor.open(line["See which"])) == entries(visitor.open(line["See why"])) == 1


def test_a_shop_that_left_is_told_of(visitor: Visitor, machine: Machine, overview: str) -> None:
    change(machine, update(connections).values(state="uninstalled"))
    page = told(visitor, overview)
    assert "Your shop is disconnected" in page
    assert "Not connected" in page
    assert "Nothing needs you" not in page


def test_figures_that_are_behind_say_since_when(
    visitor: Visitor, machine: Machine, merchant: Merchant, overview: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    assert "As of now" in told(visitor, overview)
    recounting.run(machine)
    with transaction(machine.db) as session:
        now = clock.now(merchant)
        late.note(
            session, session.get_one(Merchant, merchant.id), [now - timedelta(days=n) for n in range(1, 9)]
        )
    assert "are being counted again; the figures are as of" in told(visitor, overview)
    recounting.run(machine)
    assert "As of now" in told(visitor, overview)


def test_only_members_see_it(guests: Guests, merchant: Merchant) -> None:
    member, stranger, nobody = guests("woocommerce")
    found = [guest.get(f"/m/{merchant.key}").status_code for guest in (member, stranger, nobody)]
    assert found == [200, 404, 401]


def test_it_is_a_small_page(visitor: Visitor, overview: str) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    visitor.press("Fast-forward 1 h")
    styles = Path("static/app.css").stat().st_size
    assert len(visitor.open(overview).text.encode()) + styles < 100_000


def test_when_todays_limit_is_reached_it_says_so_and_when_it_goes_on(
    visitor: Visitor, machine: Machine, overview: str
) -> None:
    object.__setattr__(machine.config, "daily_mail_first_week", 1)
    leaves_a_cart(visitor, "anna@example.com")
    leaves_a_cart(visitor, "ben@example.com")
    visitor.press("Fast-forward 1 h")
    page = told(visitor, overview)
    assert "1 message waits for tomorrow: today's limit is reached" in page
    assert "In its first week your shop sends at most 1 messages a day" in page
    assert "It goes on by itself at midnight, your shop's time." in page
    visitor.open(links(visitor)["See which"])
    assert entries(visitor) == 1
    assert "Your shop had sent as many messages that day as it may." in visitor.text
    visitor.open("/sandbox").press("Fast-forward 1 day")
    assert "waits for tomorrow" not in told(visitor, overview)


def test_mails_that_are_refused_need_her_gravely_and_lead_to_what_became_of_them(
    visitor: Visitor, machine: Machine, merchant: Merchant, overview: str
) -> None:
    with transaction(machine.db) as db:
        notices.raise_notice(db, merchant.id, "refused")
    page = told(visitor, overview)
    assert "The mail server refuses your messages" in page
    assert "it is for Kontor (development) to mend that" in page
    assert links(visitor)["See what became of them"] == f"/shops/{merchant.key}/activity"
    assert 'class="need is-grave"' in visitor.text
