"""The mailbox: each mail as its reader sees it, and shut in."""

import re

import pytest

from core.models import Merchant
from engine.machine import Machine
from integrations.sandbox import seed
from tests.web.browsing import Visitor
from tests.web.conftest import Guests, MakeApp
from web.mailview import in_tabs


@pytest.fixture
def box(visitor: Visitor, merchant: Merchant) -> str:
    """A mailbox with one reminder in it."""
    visitor.press("Add to cart").press("Shop as a subscriber").press("Fast-forward 1 h")
    return f"/shops/{merchant.key}/mailbox"


def test_an_empty_mailbox_says_how_to_fill_it(visitor: Visitor, merchant: Merchant) -> None:
    assert "fast-forward an hour" in visitor.open(f"/shops/{merchant.key}/mailbox").text


def test_the_list_tells_whom_about_what_and_when_by_the_shops_clock(visitor: Visitor, box: str) -> None:
    text = visitor.open(box).text
    for told in ("Your cart at", "sofia@example.com", "Tue ", "11:00"):
        assert told in text


def test_a_mail_shows_both_widths_its_text_and_its_header_lines(visitor: Visitor, box: str) -> None:
    text = visitor.open(f"{box}/1").text
    assert text.count("<iframe") == 2
    assert "List-Unsubscribe-Post" in text
    assert "As plain text" in text


def test_the_mail_itself_can_run_and_send_nothing_but_its_links_open(visitor: Visitor, box: str) -> None:
    answer = visitor.client.get(f"{box}/1/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert re.search(r'<head>\s*<base target="_blank">', answer.text)


def test_links_open_tabs_also_in_a_mail_without_a_head() -> None:
    assert in_tabs("<p>Hello</p>") == '<base target="_blank"><p>Hello</p>'


def test_one_shops_mail_is_no_other_shops(
    visitor: Visitor, machine: Machine, guests: Guests, box: str
) -> None:
    other = seed.seed(machine.runtime)
    assert visitor.open(f"/shops/{other.key}/mailbox/1").status == 404
    member, stranger, nobody = guests("woocommerce")
    for page in ("", "/1", "/1/html"):
        found = [guest.get(f"{box}{page}").status_code for guest in (member, stranger, nobody)]
        assert (page, found) == (page, [200, 404, 401])


def test_with_a_mail_server_set_the_mailbox_says_that_mail_goes_out(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(SMTP_URL="smtp://127.0.0.1:9").test_client()).open("/sandbox?lang=en")
    assert ">Mailbox<" not in visitor.text
    (key,) = set(re.findall(r"/shops/([^/]+)/activity", visitor.text))
    assert "mail really goes out" in visitor.open(f"/shops/{key}/mailbox").text
