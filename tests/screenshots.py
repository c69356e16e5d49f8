"""Takes pictures of every page and every mail: `python -m tests.screenshots`."""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.config import read_config
from tests.spamcheck import mails
from tests.support.all_pages import all_pages
from tests.support.chromium import chromium_path
from tests.support.live import ARGUMENTS, ROOT, Live, start

FOLDER = ROOT / "docs" / "screenshots"
# All of them, to be looked at and not kept.
ALL = ROOT / "var" / "screenshots"
WIDTHS = {390: 844, 1280: 900}
LANGUAGES = ("en", "de")
LISTING = ROOT / "docs" / "listing"
# What the listing shows, with the page of the sandbox's shop it is taken from.
LISTED = {
    "overview": "",
    "activity": "activity",
    "flow": "flows/cart_recovery",
    "words": "flows/cart_recovery/steps/1",
    "data": "data",
}
WORDS = {
    "en": ("Add to cart", "Shop as a subscriber", "Fast-forward 1 h", "Pay now", "Shop as a guest"),
    "de": (
        "In den Warenkorb",
        "Als Abonnentin einkaufen",
        "1 Std. vorspulen",
        "Jetzt bezahlen",
        "Als Gast einkaufen",
    ),
}


def main() -> int:
    ALL.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        _draw_icon(browser)
        _take_every_mail(browser)
        for settings, take in (({}, _take_all), ({"SANDBOX": "0"}, _take_front)):
            kontor = start(Path(folder), **settings)
            try:
                take(browser, kontor)
            finally:
                kontor.stop()
        browser.close()
    taken = len(list(ALL.glob("*.png")))
    print(f"{taken} pictures in {ALL.relative_to(ROOT)}; the README's in docs/screenshots")
    return 0


def _draw_icon(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1200})
    page.goto((LISTING / "icon.svg").as_uri())
    page.screenshot(path=LISTING / "icon.png")
    page.context.close()


def _take_all(browser: Browser, kontor: Live) -> None:
    for language in LANGUAGES:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        tell_the_story(page, kontor.url, language)
        page.goto(f"{kontor.url}/sandbox?lang={language}")
        page.screenshot(path=FOLDER / f"sandbox-{language}-1280.png")
        _take_every_page(kontor, page, language)
        page.context.close()
        _take_listed(browser, kontor.url, language)


def _take_front(browser: Browser, kontor: Live) -> None:
    """What stands at the address where there is no sandbox."""
    for language in LANGUAGES:
        for width, height in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{kontor.url}/?lang={language}")
            page.screenshot(path=ALL / f"home-{language}-{width}.png", full_page=True)
            page.context.close()


def _take_listed(browser: Browser, address: str, language: str) -> None:
    """A day later, so that something was left out as well."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{address}/sandbox?lang={language}")
    page.locator("button[value='1d']").click()
    page.locator(".clock-moving").wait_for(state="detached")
    _follow(page, ".top nav a[href*='/m/']")
    hers = page.url.partition("?")[0]
    for name, path in LISTED.items():
        where = hers.replace("/m/", "/shops/") if name == "activity" else hers
        page.goto(f"{where}/{path}".rstrip("/"))
        page.wait_for_timeout(500)
        page.screenshot(path=LISTING / "screenshots" / f"{name}-{language}.png")
    page.context.close()


def tell_the_story(page: Page, address: str, language: str) -> None:
    """A subscriber is reminded and buys; a guest gets a reason; another
    subscriber's cart waits."""
    add, subscriber, hour, pay, guest = WORDS[language]
    page.goto(f"{address}/sandbox?lang={language}")
    page.locator("details", has=page.locator("#hour")).locator("summary").click()
    page.locator("form.reset button").click()
    page.get_by_role("button", name=add).nth(1).click()
    page.get_by_role("button", name=subscriber).click()
    page.get_by_role("button", name=hour).click()
    page.get_by_role("button", name=pay).click()
    page.locator("form[action$='/cart/new'] button").click()
    page.get_by_role("button", name=add).nth(4).click()
    page.get_by_role("button", name=guest).click()
    page.locator("form[action$='/cart/new'] button").click()
    page.get_by_role("button", name=add).nth(3).click()
    page.get_by_role("button", name=add).nth(0).click()
    page.locator("#email").fill("anna@example.com")
    page.locator("#opt_in").check()
    page.locator("form[action$='/cart/email'] button").first.click()


def _take_every_page(kontor: Live, page: Page, language: str) -> None:
    """As a whole, for whoever looks them through."""
    for name, address in all_pages(kontor, page, language).items():
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(address, wait_until="networkidle")
            page.screenshot(path=ALL / f"{name}-{language}-{width}.png", full_page=True)


def _take_every_mail(browser: Browser) -> None:
    told = {"KONTOR_ENV": "development", "APP_URL": "https://kontor.example"}
    for name, mail in mails(read_config(told)):
        for width, height in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(mail.html)
            page.screenshot(path=ALL / f"mail-{re.sub('[^a-z]+', '-', name)}{width}.png", full_page=True)
            page.context.close()


def _follow(page: Page, link: str) -> None:
    page.locator(link).first.click()
    page.wait_for_load_state()


if __name__ == "__main__":
    sys.exit(main())
