"""The setup guide: what is done shows by itself, and she can stop and go on as she likes."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import reading
from core.models import Merchant
from core.models.tables import merchants, settings_versions
from engine import changes
from engine.machine import Machine
from engine.shop_settings import flow_settings
from flows import CATALOGUE
from integrations.woocommerce.own_mails import own_mails
from tests.web.at_store import AtStore, at_store
from tests.web.browsing import Visitor
from tests.web.in_admin import Admin, in_admin

FLOW = CATALOGUE["cart_recovery"]


@pytest.fixture
def admin(tmp_path: Path, sqlite_url: str) -> Iterator[Admin]:
    with in_admin(tmp_path, sqlite_url) as found:
        yield found


@pytest.fixture
def woo(tmp_path: Path, sqlite_url: str) -> Iterator[AtStore]:
    plugins = ("woocommerce/woocommerce.php", "klaviyo/klaviyo.php", "akismet/akismet.php")
    with at_store(tmp_path, sqlite_url, plugins=plugins) as found:
        yield found


def plain(html: str) -> str:
    text = re.sub(r"<[^>]+>", " ", unescape(html))
    return re.sub(r"\s+([,.:])", r"\1", " ".join(text.split()))


def name_of(machine: Machine) -> str:
    with reading(machine.db) as db:
        return str(db.execute(select(merchants.c.name)).scalar_one())


def merchant_id(machine: Machine) -> int:
    with reading(machine.db) as db:
        return int(db.execute(select(settings_versions.c.merchant_id).distinct()).scalar_one())


def test_a_freshly_installed_shop_is_led_to_the_guide_and_hears_something_true_of_itself(
    admin: Admin,
) -> None:
    overview = plain(admin.visit(locale="en").text)
    assert "1 of 5 steps are done. Next: Say who writes." in overview
    guide = plain(admin.get(f"/m/{admin.key()}/guide?lang=en", bearer=admin.token()).text)
    assert f"Kontor hears {name_of(admin.door.machine)}. No order of the last 30 days is known yet." in guide
    assert "your company's name and postal address and an address for replies" in guide
    assert "Shopify's reminder of an abandoned checkout may be on" in guide
    assert "Marketing → Automations" in guide


def test_from_the_installed_app_it_is_three_presses_to_shadow_and_nothing_is_typed(admin: Admin) -> None:
    overview = admin.visit(locale="en").text
    assert f'href="/m/{admin.key()}/guide' in overview
    guide = admin.get(f"/m/{admin.key()}/guide", bearer=admin.token()).text
    switch = f"/m/{admin.key()}/flows/cart_recovery/mode/shadow"
    assert f'action="{switch}' in guide
    assert admin.post(switch, bearer=admin.token(), seen="off").status_code == 303
    machine = admin.door.machine
    with reading(machine.db) as db:
        assert flow_settings(db, merchant_id(machine), FLOW).mode == "shadow"
    guide = plain(admin.get(f"/m/{admin.key()}/guide?lang=en", bearer=admin.token()).text)
    assert "Try it in shadow done" in guide
    assert "See what it would have done" in guide


def test_what_the_shop_sends_by_itself_is_confirmed_once_with_her_name(admin: Admin) -> None:
    admin.visit()
    path = f"/m/{admin.key()}/guide"
    assert admin.post(f"{path}/own-mails", bearer=admin.token()).status_code == 303
    guide = plain(admin.get(f"{path}?lang=en", bearer=admin.token()).text)
    assert "See what your shop sends by itself done" in guide
    assert "I have looked" not in guide
    with reading(admin.door.machine.db) as db:
        mine = settings_versions.c.scope == "guide"
        saved = db.execute(select(settings_versions).where(mine)).one()
    assert saved.data["own_mails_seen"] is True
    assert saved.saved_by


def test_put_away_it_is_found_under_settings_and_taken_out_again(admin: Admin) -> None:
    admin.visit()
    here = f"/m/{admin.key()}"
    assert admin.post(f"{here}/guide/put-away", bearer=admin.token()).status_code == 303
    assert "steps are done" not in plain(admin.get(f"{here}?lang=en", bearer=admin.token()).text)
    assert f'href="{here}/guide' in admin.get(f"{here}/settings", bearer=admin.token()).text
    assert admin.post(f"{here}/guide/take-out", bearer=admin.token()).status_code == 303
    assert "steps are done" in plain(admin.get(f"{here}?lang=en", bearer=admin.token()).text)


def test_the_plugins_that_remind_of_carts_are_named(woo: AtStore) -> None:
    woo.connect()
    woo.hers.get(f"/m/{woo.key}/guide?lang=en")
    guide = plain(woo.hers.text)
    assert "The plugin Klaviyo" in guide
    assert "may be on" not in guide
    assert "kismet" not in guide


def test_a_store_without_such_plugins_is_not_asked_about_them() -> None:
    assert own_mails({}) == ()
    assert own_mails({"reminding_plugins": ""}) == ()
    assert [mail.title[0] for mail in own_mails({"reminding_plugins": "mailpoet,klaviyo,evil"})] == [
        "The plugin Klaviyo",
        "The plugin MailPoet",
    ]


def test_step_by_step_all_is_done_and_the_guide_is_gone(
    visitor: Visitor, merchant: Merchant, machine: Machine
) -> None:
    """The sandbox's shop sends nothing by itself, and its flow is live from the start."""
    guide = f"/m/{merchant.key}/guide"
    changes.save_shop(machine, merchant.id, {"reply_to": ""}, "Anna")
    assert "3 of 4 steps are done. Next: Say who writes." in plain(visitor.open(f"{guide}?lang=en").text)
    assert "Your way to the first live flow" in visitor.open(guide.removesuffix("/guide")).text
    changes.save_shop(machine, merchant.id, {"reply_to": "hallo@example.com"}, "Anna")
    assert "All is done: cart recovery is live." in plain(visitor.open(guide).text)
    assert "Replies go to hallo@example.com." in plain(visitor.text)
    assert "Your way to the first live flow" not in visitor.open(guide.removesuffix("/guide")).text
