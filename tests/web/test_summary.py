"""Ordering the weekly summary, and stopping it from the mail without signing in."""

import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import mailbox_messages, members, summary_wishes
from engine import links, sign_in, summaries
from engine.machine import Machine
from integrations.mailbox import channel
from tests.web.browsing import Visitor
from tests.web.in_admin import in_admin

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


def test_ordered_in_the_admin_it_is_confirmed_by_mail_and_comes_on_monday(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Who may look is for the shop's platform to decide: the link opens nothing."""
    with in_admin(tmp_path, sqlite_url) as admin:
        admin.visit()
        machine, key = admin.door.machine, admin.key()
        asked = admin.post(f"/m/{key}/settings/summary/order", email=MARA, id_token=admin.token())
        assert asked.status_code == 303
        outside = Visitor(admin.door.app.test_client())
        (link,) = re.findall(r"https?://[^/]+(/sign-in/[\w.=-]+)", newest(machine).text)
        outside.open(link).press("Confirm")
        assert "Your address is confirmed" in outside.text
        assert outside.client.get(f"/m/{key}").status_code != 200
        assert "Stop the summary" in admin.visit(f"/m/{key}/settings", lang="en").text
        with transaction(machine.db) as db:
            db.execute(update(summary_wishes).values(due_at=clock.now()))
        summaries.run(machine)
        assert ": your week, " in newest(machine).entry.subject
        assert newest(machine).entry.to == MARA


def newest(machine: Machine) -> channel.Opened:
    with reading(machine.db) as db:
        row = db.execute(select(mailbox_messages).order_by(mailbox_messages.c.id.desc()).limit(1)).one()
    found = channel.read(machine.runtime, row.merchant_id, row.id)
    assert found is not None
    return found


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
