"""From installing to a flow that is live and a summary on Monday, with no account: in Shopify's admin, and
signed in by link for a WooCommerce store."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from sqlalchemy import select

import app
from core import clock
from core.db import reading
from core.models import Merchant
from core.models.tables import merchants
from engine import simulation
from engine.machine import Machine
from tests.fakes.smtp import FakeMailServer
from tests.fakes.woocommerce import OWNER
from tests.journeys.test_shopify_admin import (  # noqa: F401 - Fixtures are found by their names.
    Desk,
    desk,
    kontor,
    machine,
    shopify,
    window,
)
from tests.journeys.test_woocommerce_connect import Standing, standing  # noqa: F401 - See above.
from tests.support.kontor import development

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SHOPPER = "eva@example.test"
HERS = "Ihr Korb steht noch bei uns"


@pytest.fixture
def mail() -> Iterator[FakeMailServer]:
    with FakeMailServer() as server:
        yield server


@pytest.fixture
def settings(mail: FakeMailServer) -> dict[str, str]:
    return {"SMTP_URL": mail.url, "SMTP_STARTTLS": "never"}


@dataclass
class Way:
    """Where her pages are, how she comes to one of the menu, and the world around."""

    view: Page | FrameLocator
    screen: Page
    menu: Callable[[str], Locator]
    machine: Machine
    mail: FakeMailServer

    def press(self, name: str) -> None:
        self.view.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.view.get_by_role("link", name=name, exact=True).first.click()

    def sees(self, text: str) -> None:
        expect(self.view.get_by_text(text).first).to_be_visible()

    def forward(self, **span: float) -> None:
        """Time goes on, in which the worker does what falls due."""
        merchant_id, now = self._now()
        simulation.forward(self.machine, merchant_id, now + timedelta(**span))
        for _ in range(400):
            if not simulation.is_moving(self.machine, merchant_id):
                return
            self.screen.wait_for_timeout(100)
        raise AssertionError("time stands still")

    def _now(self) -> tuple[int, datetime]:
        with reading(self.machine.db) as db:
            mine = select(merchants.c.id).where(merchants.c.platform != "sandbox")
            merchant_id = db.execute(mine).scalar_one()
            return merchant_id, clock.now(db.get_one(Merchant, merchant_id))

    def mails_to(self, address: str, least: int = 1) -> list[str]:
        """The subjects of what came to this address, once there is as much."""
        for _ in range(300):
            found = [str(one.mail["Subject"]) for one in self.mail.accepted if one.to == (address,)]
            if len(found) >= least:
                return found
            self.screen.wait_for_timeout(100)
        raise AssertionError(f"{address} has no mail")

    def link_in_mail_to(self, address: str) -> str:
        """The last one's."""
        mail = [one.mail for one in self.mail.accepted if one.to == (address,)][-1]
        body = mail.get_body(("plain",))
        found = re.search(r"https?://\S+", body.get_content() if body else "")
        assert found
        return found[0]


def test_in_shopifys_admin(
    desk: Desk,  # noqa: F811 - The fixture.
    machine: Machine,  # noqa: F811 - The fixture.
    mail: FakeMailServer,
) -> None:
    mug = desk.shop.add_product("Mug")
    desk.open()
    way = Way(desk.app, desk.page, lambda name: desk.page.locator("#menu").get_by_text(name), machine, mail)
    runs_in_shadow(way)
    says_her_words(way)
    goes_live(way)
    # Shopify tells times in whole seconds; the cart must be younger than the switch.
    desk.page.wait_for_timeout(1100)
    desk.shop.leave_checkout(SHOPPER, [(mug.variants[0], 1)], accepts_marketing=True, locale="de")
    is_told_and_sees_why(way)
    orders_the_summary(way, "ada@example.test")
    link = way.link_in_mail_to("ada@example.test")
    outside = desk.page.context.new_page()
    outside.goto(link)
    outside.get_by_role("button").first.click()
    gets_the_summary(way, "ada@example.test")


def test_signed_in_by_link(
    standing: Standing,  # noqa: F811 - The fixture.
    browser: Browser,
    tmp_path: Path,
    mail: FakeMailServer,
) -> None:
    context = browser.new_context(locale="en-GB", ignore_https_errors=True)
    context.set_default_timeout(20_000)
    page, made = context.new_page(), app.build(development(tmp_path))[0]
    way = Way(page, page, lambda name: page.locator(".top nav").get_by_text(name), made, mail)
    mug = connects(standing, page)
    signs_in_by_link(standing, way)
    runs_in_shadow(way)
    page.get_by_role("link", name="Settings", exact=True).click()
    way.view.get_by_label("Opted-in and existing customers").check()
    way.press("Save")
    says_her_words(way)
    goes_live(way)
    page.wait_for_timeout(1100)
    standing.store.leave_draft(SHOPPER, [(mug, 1)], country="DE")
    assert standing.store.hooks.run() > 0, "the store's own cron"
    is_told_and_sees_why(way)
    orders_the_summary(way)
    gets_the_summary(way, OWNER[0])
    is_refused(browser, page.url)
    context.close()
    made.db.dispose()


def connects(standing: Standing, page: Page) -> int:  # noqa: F811 - The fixture.
    standing.store.site.language = "de_DE"
    mug = standing.store.add_product("Mug")
    standing.store.order(SHOPPER, [(mug, 1)])
    page.goto(f"{standing.url}/connect/woocommerce")
    page.get_by_label("Address of your shop").fill(standing.store.url)
    page.get_by_label("Your e-mail address").fill(OWNER[0])
    page.keyboard.press("Enter")
    page.get_by_label("Username or email address").fill(OWNER[1])
    page.get_by_label("Password").fill(OWNER[2])
    page.get_by_role("button", name="Login").click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Yes, connect it").click()
    expect(page.get_by_text("Your shop is connected.")).to_be_visible()
    return mug


def signs_in_by_link(standing: Standing, way: Way) -> None:  # noqa: F811 - The fixture.
    """In a browser that has forgotten her."""
    way.screen.context.clear_cookies()
    way.screen.goto(f"{standing.url}/sign-in")
    way.screen.get_by_label("Your e-mail address").fill(OWNER[0])
    way.screen.keyboard.press("Enter")
    way.mails_to(OWNER[0])
    way.screen.goto(way.link_in_mail_to(OWNER[0]))
    way.screen.get_by_role("button").first.click()


def runs_in_shadow(way: Way) -> None:
    """By the guide: who writes, looking back, and the first press."""
    way.follow("Go on")
    way.follow("Sender and replies")
    way.view.get_by_label("Replies go to").fill("hello@beans.example")
    way.view.get_by_label("Imprint under every mail").fill("Beans Ltd, 1 High Street, London")
    way.press("Save")
    way.menu("Overview").click()
    way.follow("Go on")
    way.follow("Look back on the last 30 days")
    way.press("Look back")
    heading = re.compile("No cart was left in this time|Opted-in only")
    expect(way.view.get_by_role("heading", name=heading)).to_be_visible(timeout=40_000)
    way.menu("Overview").click()
    way.follow("Go on")
    way.press("Start in shadow")
    way.menu("Overview").click()
    way.sees("Shadow mode")


def says_her_words(way: Way) -> None:
    way.menu("Overview").click()
    way.follow("Cart recovery")
    way.view.get_by_role("link", name="Words and preview").first.click()
    way.follow("German words")
    way.view.get_by_label("Subject", exact=True).fill(HERS)
    way.view.get_by_label("Heading", exact=True).fill(HERS)
    way.press("Show in the preview")
    preview = way.view.frame_locator("iframe[name=preview]")
    expect(preview.get_by_role("heading", name=HERS)).to_be_visible()
    way.press("Save")
    way.sees("Saved.")


def goes_live(way: Way) -> None:
    way.menu("Overview").click()
    way.follow("Cart recovery")
    way.follow("Live")
    way.sees("What will happen")
    way.press("Switch it live")
    way.sees("It is live")


def is_told_and_sees_why(way: Way) -> None:
    """The shopper gets one mail in her words, and the merchant sees what became of it."""
    planned = way.view.locator(".tag-enrolled")
    for _ in range(80):
        way.menu("Activity").click()
        way.screen.wait_for_timeout(250)
        if planned.count():
            break
    expect(planned.first).to_be_visible()
    way.forward(minutes=61)
    assert way.mails_to(SHOPPER) == [HERS]
    way.menu("Activity").click()
    way.view.locator(".entry-title a").first.click()
    way.sees("Reminder: sent")


def orders_the_summary(way: Way, address: str | None = None) -> None:
    way.menu("Settings").click()
    if address:
        way.view.get_by_label("Your e-mail address").fill(address)
    way.press("Order the summary")
    if address:
        way.mails_to(address)


def gets_the_summary(way: Way, address: str) -> None:
    before = len(way.mails_to(address))
    way.forward(days=8)
    *_, last = way.mails_to(address, before + 1)
    assert "week" in last
    told = [one for one in way.mail.accepted if one.to == (address,)][-1]
    assert "List-Unsubscribe" in told.mail


def is_refused(browser: Browser, address: str) -> None:
    """Whoever is no member comes to the door and no further."""
    context = browser.new_context(ignore_https_errors=True)
    answer = context.new_page().goto(address)
    assert answer is not None
    assert answer.status == 401
    context.close()
