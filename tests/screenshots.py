"""Takes the pictures of the pages anew: `python -m tests.screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import chromium_path
from tests.support.live import ARGUMENTS, ROOT, start

FOLDER = ROOT / "docs" / "screenshots"
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
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        _draw_icon(browser)
        kontor = start(Path(folder))
        try:
            _take_all(browser, kontor.url)
        finally:
            kontor.stop()
        hosted = start(Path(folder), SANDBOX="0")
        try:
            _take_public(browser, hosted.url)
        finally:
            hosted.stop()
        browser.close()
    return 0


def _draw_icon(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1200})
    page.goto((LISTING / "icon.svg").as_uri())
    page.screenshot(path=LISTING / "icon.png")
    page.context.close()


def _take_all(browser: Browser, address: str) -> None:
    for language in LANGUAGES:
        page = browser.new_page()
        tell_the_story(page, address, language)
        page.context.close()
        for width in WIDTHS:
            _take(browser, address, language, width)
        _take_listed(browser, address, language)


def _take_public(browser: Browser, address: str) -> None:
    """What stands open to all where there is no sandbox."""
    for language in LANGUAGES:
        for width, height in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            for name in ("", "privacy", "support", "imprint", "data-processing"):
                page.goto(f"{address}/{name}?lang={language}")
                _shoot(page, f"{name or 'home'}-{language}-{width}")
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


def _take(browser: Browser, address: str, language: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": WIDTHS[width]})
    page.goto(f"{address}/sandbox?lang={language}")
    _shoot(page, f"sandbox-{language}-{width}")
    _follow(page, ".top nav a[href*='/m/']")
    _shoot(page, f"overview-{language}-{width}")
    _follow(page, "a[href$='/activity']")
    _shoot(page, f"activity-{language}-{width}")
    words = page.url.partition("?")[0].replace("/shops/", "/m/").removesuffix("activity")
    page.goto(f"{words}flows/cart_recovery/steps/3?language={language}")
    page.wait_for_timeout(500)
    _shoot(page, f"words-{language}-{width}")
    page.goto(f"{address}/sandbox")
    _follow(page, "a[href$='/activity']")
    _follow(page, ".entry:has(.is-done) .entry-title a")
    _shoot(page, f"detail-{language}-{width}")
    _follow(page, "a[href$='/mailbox']")
    _follow(page, "a.mail")
    page.wait_for_timeout(500)
    _shoot(page, f"mailbox-{language}-{width}")
    _follow(page, "a[href$='/settings']")
    _shoot(page, f"settings-{language}-{width}")
    _take_hers(page, language, width)
    page.context.close()


def _take_hers(page: Page, language: str, width: int) -> None:
    """What one comes to from the settings."""
    hers = page.url.removesuffix("/settings")
    page.goto(f"{hers}/data")
    _shoot(page, f"data-{language}-{width}")
    page.locator("#email").fill("anna@example.com")
    page.locator("form[action$='/data/look'] button").click()
    _shoot(page, f"person-{language}-{width}")
    page.goto(f"{hers}/guide")
    _shoot(page, f"guide-{language}-{width}")
    page.goto(f"{hers}/flows/cart_recovery")
    _shoot(page, f"flow-{language}-{width}")
    page.locator("a[href$='/mode/off']").click()
    _shoot(page, f"mode-{language}-{width}")


def _follow(page: Page, link: str) -> None:
    page.locator(link).first.click()
    page.wait_for_load_state()


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
