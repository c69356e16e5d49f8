"""In a browser: the owner works with Kontor inside her wp-admin, and a shopper agrees at the checkout."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from core.models.tables import carts, consents
from tests.web.at_plugin import AtPlugin, at_plugin

GIVEN = {"form": "a-token", "text": "Write to me once.", "available": False}
pytestmark = [pytest.mark.browser, pytest.mark.php]


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str) -> Iterator[AtPlugin]:
    with at_plugin(tmp_path, sqlite_url) as found:
        found.connect()
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", ignore_https_errors=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_the_owner_works_in_her_admin_and_kontor_keeps_no_cookie(shop: AtPlugin, page: Page) -> None:
    name, _, value = shop.sign_in().cookie.partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": shop.woo.store.url}])
    page.goto(f"{shop.woo.store.url}/wp-admin/admin.php?page=kontor")
    inside = page.frame_locator("#kontor-frame")
    expect(inside.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    inside.get_by_role("link", name="Connection", exact=True).click()
    expect(inside.get_by_role("heading", name="The plugin in your shop")).to_be_visible()
    expect(inside.get_by_text("installed", exact=True)).to_be_visible()
    inside.get_by_role("button", name="Look now").click()
    expect(inside.get_by_text("Kontor looks at your shop now.")).to_be_visible()
    inside.get_by_role("link", name="Deutsch").click()
    expect(inside.get_by_role("heading", name="Verbindung", exact=True)).to_be_visible()
    assert {cookie["name"] for cookie in page.context.cookies()} == {name}


def test_on_a_sold_out_products_page_the_link_becomes_a_form(shop: AtPlugin, page: Page) -> None:
    """Kontor's answers are played: the link leads to its page where they don't come."""
    told: list[str] = []

    def answer(route: Route) -> None:
        asked = route.request
        told.append(asked.post_data or asked.url)
        said = {"state": "waiting", "message": "You are in line."} if asked.method == "POST" else GIVEN
        route.fulfill(json=said, headers={"Access-Control-Allow-Origin": shop.woo.store.url})

    page.route("**/s/*/waitlist*", answer)
    page.route("**/s/*/waitlist/form*", answer)
    page.goto(f"{shop.woo.store.url}/product/{shop.sold_out}/")
    assert told == []
    page.get_by_role("link", name="Tell me when it is back").click()
    field = page.get_by_label("E-mail address")
    expect(field).to_be_focused()
    expect(page.get_by_text("Write to me once.")).to_be_visible()
    field.fill("nobody")
    page.keyboard.press("Enter")
    assert len(told) == 1
    field.fill("eve@example.test")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are in line.")).to_be_visible()
    assert dict(parse_qsl(told[1], keep_blank_values=True)) == {
        "variant": str(shop.sold_out),
        "locale": "en-US",
        "email": "eve@example.test",
        "form": "a-token",
        "website": "",
    }
    page.unroute("**/s/*/waitlist/form*")
    page.unroute("**/s/*/waitlist*")
    page.reload()
    page.get_by_role("link", name="Tell me when it is back").click()
    page.wait_for_url(f"{shop.woo.hers.base}/s/*/waitlist?*")


def test_a_shopper_types_her_address_and_nothing_is_told_before_she_ticks(shop: AtPlugin, page: Page) -> None:
    page.goto(f"{shop.woo.store.url}/?add-to-cart={shop.mug}")
    told: list[str] = []
    page.on("request", lambda asked: told.append(asked.url) if asked.method == "POST" else None)
    page.goto(f"{shop.woo.store.url}/checkout/")
    box = page.get_by_role("checkbox", name="may write to me by e-mail")
    expect(box).not_to_be_checked()
    page.get_by_label("E-mail", exact=True).fill("eve@example.test")
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    assert told == []
    with page.expect_response("**/?wc-ajax=kontor_agree"):
        box.check()
    shop.deliver()
    assert [row.state for row in shop.woo.rows(consents)] == ["opted_in"]
    assert len(shop.woo.rows(carts)) == 1
    with page.expect_response("**/?wc-ajax=kontor_agree"):
        box.uncheck()
    shop.deliver()
    assert [row.state for row in shop.woo.rows(consents)] == ["opted_in", "opted_out"]
