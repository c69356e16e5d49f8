"""What a newcomer gets: one page, a cart, a clock, a mail, and the reason for the one that stayed in."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.live import Live

pytestmark = pytest.mark.browser


def shop_as(page: Page, email: str, *, opted_in: bool) -> None:
    page.get_by_role("button", name="Add to cart").first.click()
    page.get_by_label("E-mail").fill(email)
    if opted_in:
        page.get_by_role("checkbox").first.check()
    page.get_by_label("E-mail").press("Enter")


def test_a_newcomer_leaves_a_cart_reads_the_mail_clicks_and_buys(live: Live, page: Page) -> None:
    page.goto(live.url)
    shop_as(page, "ada@example.com", opted_in=True)
    page.get_by_role("button", name="Fast-forward 1 h").click()
    page.get_by_role("link", name="Mailbox").first.click()
    page.get_by_role("link", name="Your cart at Birch & Ember").first.click()
    mail = page.frame_locator("iframe").first
    expect(mail.get_by_role("heading", name="Your cart is still here")).to_be_visible()
    with page.context.expect_page() as opened:
        mail.get_by_role("link", name="Back to my cart").first.click()
    shop = opened.value
    expect(shop.get_by_role("button", name="Pay now")).to_be_visible()
    shop.get_by_role("button", name="Pay now").click()
    shop.get_by_role("button", name="To the next event").click()
    shop.get_by_role("button", name="Fast-forward 1 day").click()
    shop.get_by_role("link", name="Activity").first.click()
    expect(
        shop.get_by_role("article").filter(has_text="The person has bought in the meantime.").first
    ).to_be_visible()
    shop.get_by_role("link", name="Mailbox").first.click()
    expect(shop.get_by_role("link", name=re.compile("Birch & Ember"))).to_have_count(1)


def test_whoever_only_types_an_address_and_moves_the_clock_gets_the_mail_too(live: Live, page: Page) -> None:
    page.goto(live.url)
    page.get_by_role("button", name="Add to cart").first.click()
    page.get_by_label("E-mail").fill("bea@example.com")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Fast-forward 1 h").click()
    page.get_by_role("link", name="Mailbox").first.click()
    expect(page.get_by_role("link", name="Your cart at Birch & Ember")).to_be_visible()


def test_a_guest_gets_nothing_and_the_page_says_why(live: Live, page: Page) -> None:
    page.goto(live.url)
    page.get_by_role("button", name="Add to cart").first.click()
    page.get_by_role("button", name="Shop as a guest").click()
    page.get_by_role("button", name="Fast-forward 1 h").click()
    page.get_by_role("link", name="Activity").first.click()
    expect(
        page.get_by_role("article").filter(has_text="The person has not agreed to receive advertising.")
    ).to_be_visible()
    page.get_by_role("link", name="Mailbox").first.click()
    expect(page.get_by_role("link", name="Your cart at Birch & Ember")).to_have_count(0)


@pytest.mark.parametrize("hour", ["03:00", "21:00"])
def test_the_story_holds_at_night_too(live: Live, page: Page, hour: str) -> None:
    page.goto(live.url)
    page.get_by_text("Start over").click()
    page.get_by_label("On a Tuesday at").select_option(hour)
    page.get_by_role("button", name="Open a fresh sandbox").click()
    expect(page.get_by_text(re.compile(f"Tuesday.*{hour}")).first).to_be_visible()
    shop_as(page, "cleo@example.com", opted_in=True)
    page.get_by_role("button", name="Fast-forward 1 h").click()
    page.get_by_role("button", name="Fast-forward 1 day").click()
    page.get_by_role("link", name="Mailbox").first.click()
    expect(page.get_by_role("link", name=re.compile("Birch & Ember"))).to_have_count(2)
