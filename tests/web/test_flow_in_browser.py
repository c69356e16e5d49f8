"""A merchant changes a flow in a real browser, by keyboard and without any script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.live import Live

pytestmark = pytest.mark.browser


def open_flow(page: Page, live: Live) -> None:
    page.goto(f"{live.url}/sandbox?lang=en")
    settings = page.locator("a[href$='/settings']").get_attribute("href") or ""
    page.goto(live.url + settings.replace("/settings", "/flows/cart_recovery"))


def test_a_mistake_is_shown_mended_and_saved_by_the_enter_key(page: Page, live: Live) -> None:
    open_flow(page, live)
    page.get_by_role("button", name="Ladder").click()
    expect(page.get_by_text("are filled in below, but not saved yet")).to_be_visible()
    second = page.get_by_role("group", name="Step 2")
    hours = second.get_by_label("Sent after")
    hours.fill("5")
    hours.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    assert Axe().run(page).violations_count == 0
    page.get_by_role("alert").get_by_role("link", name="Step 2, Sent after").press("Enter")
    expect(hours).to_be_focused()
    expect(hours).to_have_accessible_description("Between two steps lie at least 12 hours.")
    hours.fill("25")
    hours.press("Enter")
    expect(page.get_by_text("Saved. It holds from now on")).to_be_visible()
    expect(page.get_by_label("When it writes").get_by_role("listitem").nth(1)).to_contain_text("25 h")


def test_what_a_discount_is_worth_is_asked_only_where_there_is_one(page: Page, live: Live) -> None:
    open_flow(page, live)
    third = page.get_by_role("group", name="Step 3")
    worth, incentive = third.get_by_label("Discount"), third.get_by_label("Incentive")
    incentive.select_option("Amount off")
    expect(worth).to_be_visible()
    expect(third.get_by_text("€", exact=True)).to_be_visible()
    incentive.select_option("Free shipping")
    expect(worth).to_be_hidden()


def test_the_save_button_hides_nothing_that_has_the_focus(page: Page, live: Live) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    open_flow(page, live)
    save = page.get_by_role("button", name="Save")
    field = page.get_by_label("A code holds for at least")
    field.focus()
    field_box, save_box = field.bounding_box(), save.bounding_box()
    assert field_box
    assert save_box
    assert field_box["y"] + field_box["height"] <= save_box["y"] or field_box["y"] >= save_box["y"]
