"""From sold out to the mail that it is back, in a browser: the shopper signs up, and the merchant sees it."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

QUICK = 2.1


def fine(page: Page) -> None:
    """Readable for everybody, and it fits."""
    found = Axe().run(page)
    assert not found.violations_count, f"{page.url}: {found.generate_snapshot()}"
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def switched_on(page: Page, url: str) -> str:
    """The flow is live; where her pages are."""
    page.goto(f"{url}/sandbox?lang=en")
    settings = page.locator("a[href$='/settings']").get_attribute("href") or ""
    hers = f"{url}{settings}".removesuffix("/settings")
    page.goto(f"{hers}/flows/back_in_stock/mode/live")
    button = page.get_by_role("button", name="Switch it live")
    if button.count():
        button.click()
    return hers


def mail_named(page: Page, url: str, subject: str) -> str:
    """Its plain text, as soon as it has arrived."""
    page.goto(f"{url}/sandbox?lang=en")
    page.locator("a[href$='/mailbox']").first.click()
    link = page.locator("a.mail", has_text=subject).first
    for _ in range(40):
        if link.count():
            break
        time.sleep(0.5)
        page.reload()
    link.click()
    page.locator("summary", has_text=re.compile("text", re.IGNORECASE)).first.click()
    return page.locator("pre.raw").first.inner_text()


def test_a_shopper_waits_without_a_script_and_is_told(live: Live, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 900})
    phone = browser.new_context(
        locale="de-DE", viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    shopper, hers = phone.new_page(), switched_on(page, live.url)
    form = sold_out(page, live.url)
    shopper.goto(f"{live.url}{form}")
    sign_up_by_keyboard(shopper, "eva@example.com")
    link = re.search(r"http\S+/w/\S+", mail_named(page, live.url, "Bitte bestätigen"))
    assert link
    shopper.goto(link[0])
    shopper.get_by_role("button", name="Ja, auf die Warteliste").click()
    expect(shopper.get_by_role("heading", name="Sie haben Platz 1")).to_be_visible()

    page.goto(f"{hers}/demand?lang=en")
    expect(page.locator(".demand-one")).to_have_count(1)
    page.get_by_role("link", name=re.compile("Notify now")).click()
    expect(page.get_by_text("e…@example.com")).to_be_visible()
    fine(page)
    looked = browser.new_page(locale="de-DE", viewport={"width": 390, "height": 844})
    for address in (f"{live.url}{form}", link[0], f"{hers}/demand?lang=de"):
        looked.goto(address)
        fine(looked)

    page.goto(f"{live.url}/sandbox?lang=en")
    page.locator("#stock li", has_text="Enamel mug").get_by_role("button", name="Restock").click()
    page.get_by_role("button", name="Fast-forward 1 h").click()
    assert "wieder da" in mail_named(page, live.url, "ist wieder da")
    shopper.goto(link[0])
    expect(shopper.get_by_text("Wir haben Ihnen geschrieben, dass es wieder da ist.")).to_be_visible()


def sold_out(page: Page, url: str) -> str:
    """The mug is; where whoever wants it signs up, in German."""
    page.goto(f"{url}/sandbox?lang=en")
    page.locator("#stock summary").click()
    page.locator("#stock li", has_text="Enamel mug").get_by_role("button", name="Sell out").click()
    wants = page.get_by_role("link", name="Tell me when it is back (Enamel mug)")
    expect(wants).to_be_visible()
    return (wants.get_attribute("href") or "").replace("locale=en", "locale=de")


def sign_up_by_keyboard(shopper: Page, email: str) -> None:
    shopper.get_by_label("Ihre E-Mail-Adresse").focus()
    shopper.keyboard.type(email)
    time.sleep(QUICK)
    shopper.keyboard.press("Tab")
    expect(shopper.get_by_role("button", name="Auf die Warteliste")).to_be_focused()
    shopper.keyboard.press("Enter")
    expect(shopper.get_by_role("heading", name="Bitte sehen Sie in Ihr Postfach")).to_be_visible()
