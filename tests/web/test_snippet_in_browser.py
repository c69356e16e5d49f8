"""The three lines for a page of the merchant's own, as her connection page has her copy them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from core.db import reading
from core.models.tables import sign_ups
from tests.support.waiting import SOLD_OUT, stock, switch
from tests.web.doorstep import Doorstep, Resident, doorstep
from web.own_pages import PASTED, VARIANT, snippet

pytestmark = pytest.mark.browser

KONTOR = "https://kontor.example"
# As strict as a page may be that takes something from elsewhere at all.
POLICY = (
    f"default-src 'none'; script-src {KONTOR}; style-src {KONTOR}; connect-src {KONTOR}; base-uri 'none'; "
    "form-action 'self'"
)


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url, APP_URL=KONTOR) as found:
        yield found


@pytest.fixture
def shop(door: Doorstep) -> Resident:
    resident = door.resident("shopify")
    switch(door.machine, resident.id)
    for ref in ("42", "43"):
        stock(door.machine, resident.id, SOLD_OUT, ref, title="Mug", colour="Blue")
    return resident


class Landing:
    """A page with the merchant's three lines in it, at an address of hers or another's."""

    def __init__(self, page: Page, door: Doorstep, shop: Resident, language: str = "en") -> None:
        self.page, self.door = page, door
        lines = snippet(KONTOR, shop.key).replace(VARIANT, "42")
        self.html = (
            f"<!doctype html><html lang={language}><title>Mugs</title><main><h1>Mugs</h1>{lines}"
            "<p id=below>Dishwasher-safe.</p></main></html>"
        )
        self.asked: list[str] = []
        self.readable_by: set[str | None] = set()
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text))
        page.context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        if not route.request.url.startswith(KONTOR):
            headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html; charset=utf-8"}
            return route.fulfill(body=self.html, headers=headers)
        request = route.request
        asked = urlsplit(request.url)
        answer = self.door.app.test_client(use_cookies=False).open(
            f"{asked.path}?{asked.query}",
            method=request.method,
            data=request.post_data,
            headers=request.all_headers(),
            base_url=KONTOR,
        )
        self.asked.append(f"{request.method} {asked.path}")
        if asked.path.startswith("/s/"):
            self.readable_by.add(answer.headers.get("Access-Control-Allow-Origin"))
        with answer:
            return route.fulfill(
                status=answer.status_code, body=answer.get_data(), headers=dict(answer.headers)
            )

    def open(self, host: str) -> None:
        self.page.add_init_script(
            """window.shifts = [];
            new PerformanceObserver((list) => shifts.push(...list.getEntries().map((one) => one.value)))
              .observe({type: "layout-shift", buffered: true});"""
        )
        self.page.goto(f"https://{host}/pages/mugs")

    def sign_up(self) -> None:
        self.page.get_by_role("textbox").first.fill("anna@example.com")
        self.page.wait_for_timeout(2_100)
        self.page.locator("[data-send]").click()

    def lines(self, door: Doorstep) -> list[Any]:
        with reading(door.machine.db) as session:
            return [row.state for row in session.execute(select(sign_ups))]


FILES = [f"GET /static/{name}" for name in PASTED]


@pytest.mark.parametrize("language", ["en", "de"])
def test_three_lines_are_enough(page: Page, door: Doorstep, shop: Resident, language: str) -> None:
    landing = Landing(page, door, shop, language)
    landing.open(shop.domain)
    button = {"en": "Tell me", "de": "Bescheid geben"}[language]
    expect(page.get_by_role("button", name=button)).to_be_visible()
    assert sorted(landing.asked) == FILES
    page.locator("[data-send]").click()
    expect(page.get_by_role("alert")).to_contain_text("anna@example.com")
    landing.sign_up()
    told = {"en": "Almost done", "de": "Fast geschafft"}[language]
    expect(page.get_by_role("status")).to_contain_text(told)
    line = f"/s/{shop.key}/waitlist"
    assert [one for one in landing.asked if one not in FILES] == [f"GET {line}/form", f"POST {line}"]
    assert landing.readable_by == {f"https://{shop.domain}"}
    assert landing.lines(door) == ["unconfirmed"]
    assert page.evaluate("window.shifts") == []
    assert landing.complaints == []
    # Last, as it looks into the page by means that the page forbids.
    assert Axe().run(page, "kontor-waitlist").violations_count == 0


def test_on_a_phone_nothing_moves_either(page: Page, door: Doorstep, shop: Resident) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    landing = Landing(page, door, shop, "de")
    landing.open(shop.domain)
    landing.sign_up()
    expect(page.get_by_role("status")).to_contain_text("Fast geschafft")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("window.shifts") == []


def test_a_page_tells_of_another_variant_by_its_attribute(page: Page, door: Doorstep, shop: Resident) -> None:
    landing = Landing(page, door, shop)
    landing.open(shop.domain)
    box = page.locator("kontor-waitlist")
    box.evaluate("(box) => box.removeAttribute('data-variant')")
    expect(page.get_by_role("button")).to_be_hidden()
    box.evaluate("(box) => box.setAttribute('data-variant', '43')")
    expect(page.get_by_role("button")).to_be_visible()
    with page.expect_request("**/waitlist/form?variant=43&**"):
        page.get_by_role("textbox").first.focus()


def test_somebody_elses_page_is_not_let_read_the_answers(page: Page, door: Doorstep, shop: Resident) -> None:
    """Only said, not tried: a browser whose requests are answered by a test lets every page read."""
    landing = Landing(page, door, shop)
    landing.open("mugs-of-somebody-else.example")
    landing.sign_up()
    expect(page.get_by_role("status")).to_be_focused()
    assert landing.readable_by == {None}


def test_its_words_are_those_of_the_block_in_a_theme() -> None:
    extension = Path(__file__).parents[2] / "integrations/shopify/extensions/kontor-back-in-stock"
    script = (extension / "assets/kontor-waitlist.js").read_text()
    for name in ("en.default", "de"):
        words = (extension / f"locales/{name}.json").read_text()
        told = dict(re.findall(r'"(\w+)": "([^"]*)"', words))
        assert told.keys() == {"title", "email", "button", "text", "trap", "invalid", "failed"}
        # The sentence agreed to names the product where it is known.
        assert [one for key, one in told.items() if f'{key}: "{one}"' not in script] == [told["text"]]
