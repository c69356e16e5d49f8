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
        kontor = start(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
            _take_all(browser, kontor.url)
            browser.close()
        finally:
            kontor.stop()
    return 0


def _take_all(browser: Browser, address: str) -> None:
    for language in LANGUAGES:
        page = browser.new_page()
        tell_the_story(page, address, language)
        page.context.close()
        for width in WIDTHS:
            _take(browser, address, language, width)


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
    for name in ("guide", "sender", "mail-server"):
        page.goto(page.url.replace("/settings", f"/{name}"))
        _shoot(page, f"{name}-{language}-{width}")
        page.go_back()
    page.goto(page.url.replace("/settings", "/flows/cart_recovery"))
    _shoot(page, f"flow-{language}-{width}")
    page.locator("a[href$='/mode/off']").click()
    _shoot(page, f"mode-{language}-{width}")
    page.context.close()


def _follow(page: Page, link: str) -> None:
    page.locator(link).first.click()
    page.wait_for_load_state()


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
