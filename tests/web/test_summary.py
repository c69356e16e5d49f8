"""Ordering the weekly summary, and stopping it from the mail without signing in."""

import re
from html import unescape

import pytest
from sqlalchemy import select, update

from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import connections, members, merchants, summary_wishes
from engine import links, sign_in
from engine.machine import Machine
from tests.web.browsing import Visitor

MARA = "mara@example.test"


@pytest.fixture
def page(merchant: Merchant) -> str:
    return f"/m/{merchant.key}/settings?lang=en"


def wishes(machine: Machine) -> list[tuple[int, str]]:
    with reading(machine.db) as db:
        rows = db.execute(select(summary_wishes.c.merchant_id, summary_wishes.c.language))
        return [(row.merchant_id, row.language) for row in rows]


def proven(machine: Machine, merchant: Merchant) -> int:
    """The member reads this mailbox."""
    with transaction(machine.db) as db:
        mine = select(members.c.id).where(members.c.merchant_id == merchant.id)
        number = int(db.execute(mine).scalar_one())
        sign_in.confirm(db, machine, merchant.id, number, MARA)
    return number


def in_the_mail(visitor: Visitor, merchant: Merchant) -> str:
    """The link of the newest mail in the shop's mailbox."""
    newest = visitor.open(f"/shops/{merchant.key}/mailbox").text
    path = re.findall(r'href="([^"]+/mailbox/\d+)"', newest)[0]
    (link,) = set(re.findall(r"https?://[^/]+(/sign-in/[\w.=-]+)", unescape(visitor.open(path).text)))
    return str(link)


def test_it_is_off_until_she_orders_it_and_stops_at_a_press(
    visitor: Visitor, machine: Machine, merchant: Merchant, page: str
) -> None:
    proven(machine, merchant)
    assert wishes(machine) == []
    visitor.open(page).press("Order the summary")
    assert "Ordered. The first summary comes next Monday morning." in visitor.text
    assert "Monday morning at m" in unescape(visitor.text)
    assert wishes(machine) == [(merchant.id, "en")]
    visitor.press("Stop the summary")
    assert wishes(machine) == []


def test_it_speaks_the_language_of_the_page_it_was_ordered_on(
    visitor: Visitor, machine: Machine, merchant: Merchant, page: str
) -> None:
    proven(machine, merchant)
    visitor.open(page.replace("=en", "=de")).press("Wochenbericht bestellen")
    assert wishes(machine) == [(merchant.id, "de")]


def test_whose_address_is_not_known_confirms_it_first(
    visitor: Visitor, machine: Machine, merchant: Merchant, page: str
) -> None:
    visitor.open(page).press("Order the summary", email="nobody")
    assert "This is no e-mail address." in visitor.text
    visitor.open(page).press("Order the summary", email=MARA)
    assert "Follow it, and the summary comes each Monday." in visitor.text
    assert "Ordered, and waiting for you:" in visitor.text
    visitor.open(in_the_mail(visitor, merchant)).press("Confirm and sign in")
    assert visitor.open(page).sees_button("Stop the summary")


def test_where_the_platform_decides_who_may_look_the_link_confirms_and_opens_nothing(
    visitor: Visitor, machine: Machine, merchant: Merchant, page: str
) -> None:
    with transaction(machine.db) as db:
        db.execute(update(connections).values(webhook_secret=None))
    visitor.open(page).press("Order the summary", email=MARA)
    link = in_the_mail(visitor, merchant)
    stranger = Visitor(visitor.client.application.test_client())
    stranger.open(link).press("Confirm")
    assert "Your address is confirmed" in stranger.text
    with transaction(machine.db) as db:
        db.execute(update(merchants).values(platform="another"))
    assert stranger.open(page).status == 401


def test_the_mails_link_stops_it_with_one_press_and_looking_stops_nothing(
    visitor: Visitor, machine: Machine, merchant: Merchant, page: str
) -> None:
    number = proven(machine, merchant)
    visitor.open(page).press("Order the summary")
    stop = links.summary_url(machine.config, merchant.id, number).removeprefix(machine.config.app_url)
    someone = Visitor(visitor.client.application.test_client())
    assert someone.open(stop).sees_button("Stop the summary")
    assert len(wishes(machine)) == 1
    someone.press("Stop the summary")
    assert "Stopped" in someone.text
    assert wishes(machine) == []
    assert not someone.open(stop).sees_button("Stop the summary")


def test_a_mail_programs_button_stops_it_too(visitor: Visitor, machine: Machine, merchant: Merchant) -> None:
    number = proven(machine, merchant)
    visitor.open(f"/m/{merchant.key}/settings?lang=en").press("Order the summary")
    stop = links.summary_url(machine.config, merchant.id, number).removeprefix(machine.config.app_url)
    nobody = visitor.client.application.test_client()
    assert nobody.post(stop, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert wishes(machine) == []


@pytest.mark.parametrize("token", ["x", "a.b", "W10.x", "%00"])
def test_a_link_that_we_did_not_sign_stops_nothing(visitor: Visitor, token: str) -> None:
    for method in ("get", "post"):
        assert getattr(visitor.client, method)(f"/weekly/{token}").status_code == 404
