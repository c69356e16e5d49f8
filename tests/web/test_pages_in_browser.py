"""Every page in a real browser: readable for everybody, and nothing refused or missing."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.screenshots import tell_the_story
from tests.support.all_pages import all_pages
from tests.support.live import Live, start

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LIGHTEST, HEAVIEST = 2_000, 100_000


def words_of(activity: str) -> list[str]:
    """The pages of words: a step with an offer, and one that has questions and answers."""
    shop = activity.partition("?")[0].replace("/shops/", "/m/").removesuffix("/activity")
    steps = f"{shop}/flows/cart_recovery/steps"
    return [f"{steps}/3?language=de", f"{steps}/2?language=en"]


def test_what_is_typed_is_seen_in_the_preview_beside_it_with_no_script(live: Live, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.url}/sandbox?lang=en")
    page.locator("a[href$='/activity']").first.click()
    page.goto(words_of(page.url)[1])
    page.get_by_label("Heading", exact=True).fill("Typed, not saved")
    page.get_by_role("button", name="Show in the preview").first.click()
    preview = page.frame_locator("iframe[name=preview]")
    preview.get_by_role("heading", name="Typed, not saved").wait_for()
    assert page.get_by_label("Heading", exact=True).input_value() == "Typed, not saved"
    page.get_by_role("button", name="As plain text, with headers").click()
    preview.get_by_text("List-Unsubscribe").wait_for()
    page.get_by_label("Heading", exact=True).press("Enter")
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    preview.get_by_role("heading", name="Typed, not saved").wait_for()
    context.close()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_accessible_by_day_and_by_night_wide_and_narrow(
    live: Live, browser: Browser, language: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    tell_the_story(page, live.url, language)
    for url in all_pages(live, page, language).values():
        for scheme, width in (("light", 1280), ("dark", 390)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(url)
            found = Axe().run(page)
            faults += [f"{url} {scheme}: {found.generate_snapshot()}"] if found.violations_count else []
            wide = page.evaluate("document.documentElement.scrollWidth")
            faults += [f"{url} scrolls sideways: {wide} > {width}"] if wide > width else []
    context.close()
    expected = "Failed to load resource: the server responded with a status of 404 (NOT FOUND)"
    assert [fault for fault in faults if fault != expected] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_front_page_is_accessible_as_well(browser: Browser, tmp_path: Path, language: str) -> None:
    hosted, page = start(tmp_path, SANDBOX="0"), browser.new_page()
    try:
        for scheme, width in (("light", 1280), ("dark", 390)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{hosted.url}/?lang={language}")
            assert Axe().run(page).violations_count == 0, Axe().run(page).generate_snapshot()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        page.context.close()
        hosted.stop()


def test_no_page_is_heavy_with_all_that_belongs_to_it(live: Live, browser: Browser) -> None:
    """Nothing is known of it, and pictures and mails within it count."""
    page = browser.new_page()
    tell_the_story(page, live.url, "de")
    pages = all_pages(live, page, "de")
    line, came = page.context.new_cdp_session(page), list[float]()
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"]))
    weights: dict[str, float] = {}
    for name, url in pages.items():
        came.clear()
        page.goto(url, wait_until="load")
        weights[name] = sum(came)
    page.context.close()
    assert min(weights.values()) > LIGHTEST, weights
    assert {name: weight for name, weight in weights.items() if weight > HEAVIEST} == {}
