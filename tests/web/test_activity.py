"""The time line as the merchant, her colleague and a stranger meet it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, update

from core import clock
from core.db import transaction
from core.events import Contact, Order, OrderUpdated
from core.models import Merchant
from core.models.tables import effects, enrolments
from core.money import Money
from engine import inbox
from engine.machine import Machine
from integrations.sandbox import seed
from tests.web.browsing import Visitor
from tests.web.conftest import Guests


@pytest.fixture
def line(merchant: Merchant) -> str:
    return f"/shops/{merchant.key}/activity"


def leaves_a_cart(visitor: Visitor, email: str, *ticks: str) -> None:
    if visitor.open("/sandbox").sees_button("Leave this cart, be somebody new"):
        visitor.press("Leave this cart, be somebody new")
    visitor.press("Add to cart").press("Go on to payment", *ticks, email=email)


def entries(visitor: Visitor) -> int:
    return visitor.text.count('class="entry"')


def test_an_empty_time_line_says_what_to_do(visitor: Visitor, line: str) -> None:
    assert "Put something in the cart in the sandbox" in visitor.open(line).text


def test_people_are_masked_on_every_page(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna.bauer@example.com", "opt_in")
    text = visitor.open(line).text
    numbers = set(re.findall(rf"{line}/(\d+)", text))
    pages = [text, *(visitor.open(f"{line}/{number}").text for number in numbers)]
    assert len(pages) > 2
    assert all("a…@example.com" in page for page in pages[:1])
    assert not any("anna.bauer" in page for page in pages)


def test_a_decision_names_whom_it_was_about_also_after_somebody_else_took_the_cart(
    visitor: Visitor, line: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Shop as a guest").open(f"{line}?outcome=enrolled")
    assert re.findall(r'class="name">([^<]+)<', visitor.text) == ["a…@example.com"]


def test_the_detail_tells_the_whole_chain(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Fast-forward 1 h").press("Pay now").open(line)
    number = re.findall(rf"{line}/(\d+)", visitor.text)[0]
    visitor.open(f"{line}/{number}")
    for told in (
        "Enamel mug",
        "cart.updated",
        "order.placed",
        "Reminders planned",
        "Stopped",
        "sent",
        "bought",
    ):
        assert told in visitor.text


def test_one_finds_a_person_by_address_and_by_order(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Pay now")
    leaves_a_cart(visitor, "otto@example.com", "opt_in")
    everything = entries(visitor.open(line))
    by_address = entries(visitor.press("Show", q="ANNA@example.com"))
    assert 0 < by_address < everything
    assert "Only a…@example.com is shown" in visitor.text
    assert entries(visitor.press("Show", outcome="enrolled")) == 1, "the filter comes on top of the search"
    assert entries(visitor.press("Show", q="#1001", outcome="")) >= by_address
    assert entries(visitor.press("Show", q="1001")) >= by_address
    assert "We have never heard of this address" in visitor.press("Show", q="nobody@example.com").text


def test_an_address_searched_for_stands_in_no_address_of_a_page(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.open(line)
    guard = re.search(r'name="csrf_token" value="([^"]+)"', visitor.text)
    assert guard is not None
    answer = visitor.client.post(line, data={"q": "anna@example.com", "csrf_token": guard[1]})
    assert answer.status_code == 302
    assert "anna" not in answer.headers["Location"]


def test_filters_leave_what_fits(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    leaves_a_cart(visitor, "otto@example.com")
    visitor.press("Fast-forward 1 h")
    for query, fitting in [
        ("outcome=enrolled", 1),
        ("outcome=sent", 1),
        ("outcome=waiting", 1),
        ("outcome=failed", 0),
        ("outcome=exited", 0),
        ("reason=no_consent", 1),
        ("reason=capped", 0),
        ("flow=cart_recovery&outcome=sent", 1),
    ]:
        assert (query, entries(visitor.open(f"{line}?{query}"))) == (query, fitting)


@pytest.mark.parametrize("query", ["before=x", f"before={10**20}", "flow=%00", "reason='", "q=%00", "q=%25"])
def test_odd_addresses_do_no_harm(visitor: Visitor, line: str, query: str) -> None:
    assert visitor.open(f"{line}?{query}").status == 200


def test_every_decision_is_on_exactly_one_page(visitor: Visitor, line: str) -> None:
    for number in range(30):
        leaves_a_cart(visitor, f"person{number}@example.com")
    visitor.open(line)
    seen = re.findall(rf'{line}/(\d+)"', visitor.text)
    while later := re.search(r'href="([^"]+before=\d+)"', visitor.text):
        visitor.open(later[1].replace("&amp;", "&"))
        seen += re.findall(rf'{line}/(\d+)"', visitor.text)
    assert len(seen) == len(set(seen)) == 60


def test_a_page_asks_the_database_equally_often_for_one_entry_and_for_many(
    visitor: Visitor, machine: Machine, line: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    with asked(machine) as few:
        visitor.open(line)
    for number in range(8):
        leaves_a_cart(visitor, f"person{number}@example.com", "opt_in")
    with asked(machine) as many:
        visitor.open(line)
    assert entries(visitor) > 8
    assert len(few) == len(many) < 12


def test_nobody_is_asked_to_sign_in_and_a_stranger_learns_nothing(
    visitor: Visitor, guests: Guests, line: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Fast-forward 1 h")
    member, stranger, nobody = guests("woocommerce")
    for page in (line, f"{line}/1", f"{line}/messages/1", f"{line}/messages/1/html"):
        found = [guest.get(page).status_code for guest in (member, stranger, nobody)]
        assert (page, found) == (page, [200, 404, 401])


def test_no_shops_line_shows_another_shops_rows(
    visitor: Visitor, machine: Machine, merchant: Merchant, line: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Fast-forward 1 h")
    other = line.replace(merchant.key, seed.seed(machine.runtime).key)
    assert entries(visitor.open(other)) == 0
    visitor.open(f"{other}?outcome=sent")
    assert entries(visitor.press("Show", q="anna@example.com", outcome="")) == 0
    for page in (f"{other}/1", f"{other}/messages/1", f"{other}/messages/1/html"):
        assert visitor.open(page).status == 404


def test_the_message_is_kept_as_it_was_written(visitor: Visitor, line: str) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Fast-forward 1 h").open(f"{line}/messages/1")
    assert "Your cart at" in visitor.text
    html = visitor.client.get(f"{line}/messages/1/html")
    assert "sandbox allow-popups" in html.headers["Content-Security-Policy"]
    assert '<base target="_blank">' in html.text


def hold(machine: Machine, merchant: Merchant) -> None:
    mine = enrolments.c.merchant_id == merchant.id
    with transaction(machine.db) as session:
        session.execute(update(enrolments).where(mine).values(state="held"))


def test_a_held_blast_shows_ten_of_its_people_and_waits_for_the_merchant(
    visitor: Visitor, machine: Machine, merchant: Merchant, line: str
) -> None:
    for number in range(12):
        leaves_a_cart(visitor, f"{'abcdefghijkl'[number]}@example.com", "opt_in")
    hold(machine, merchant)
    visitor.open(line)
    assert "12 people are held" in visitor.text
    assert len(re.findall(r"<li>\w…@example.com</li>", visitor.text)) == 10
    assert "12 people go on." in visitor.press("Approve: they may be written to").text
    hold(machine, merchant)
    assert "12 people get nothing." in visitor.open(line).press("Discard: nobody gets anything").text
    assert "people are held" not in visitor.text


@contextmanager
def asked(machine: Machine) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    told: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        told.append(statement)

    event.listen(machine.db, "before_cursor_execute", note)
    yield told
    event.remove(machine.db, "before_cursor_execute", note)


def test_of_an_address_nobody_has_heard_of_it_says_so(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    visitor.open(f"/shops/{merchant.key}/activity?lang=en").press("Show", q="who@example.com")
    assert "We have never heard of this address" in visitor.text
    assert "only once an address has been typed" in visitor.text
    visitor.press("Show", q="#4711")
    assert "We have never heard of an order with this number." in visitor.text


def order_of_somebody(machine: Machine, merchant: Merchant) -> str:
    """Bought at once, without a cart that was left."""
    at, worth = clock.now(merchant), Money(1200, "EUR")
    order = Order("o1", "#1001", at, at, Contact(email="bo@example.com"), worth, worth, bought=True)
    with transaction(machine.db) as session:
        inbox.apply(machine, session, session.get_one(Merchant, merchant.id), [OrderUpdated(order)])
    return order.name


def test_of_somebody_who_only_bought_it_says_that_no_cart_was_heard_of(
    visitor: Visitor, merchant: Merchant, machine: Machine
) -> None:
    leaves_a_cart(visitor, "anna@example.com")
    placed = order_of_somebody(machine, merchant)
    visitor.open(f"/shops/{merchant.key}/activity?lang=en").press("Show", q=placed)
    assert f"Order {placed} was placed" in visitor.text
    assert "we have never heard of a cart of theirs" in visitor.text


def test_a_member_decides_on_what_is_in_doubt_where_its_story_stands(
    visitor: Visitor, merchant: Merchant, machine: Machine, line: str
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    visitor.press("Fast-forward 1 h")
    doubtful = {"state": "unknown", "reason": "unknown", "lease_until": None, "slot_day": None}
    with transaction(machine.db) as session:
        session.execute(update(effects).where(effects.c.step == 1).values(**doubtful))
    assert "1 message is in doubt" in visitor.open(f"/m/{merchant.key}?lang=en").text
    visitor.open(f"{line}?outcome=in_doubt")
    visitor.open(re.findall(rf"{line}/\d+", visitor.text)[0]).press("Leave it")
    assert "It stays as it is" in visitor.text
    assert "decided to leave it at that. (" in visitor.text
    assert not visitor.sees_button("Send again")
    assert "in doubt" not in visitor.open(f"/m/{merchant.key}").text.partition("Nothing needs you")[0]
