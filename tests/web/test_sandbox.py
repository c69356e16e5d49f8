"""What a newcomer does in the sandbox, and what the page tells them."""

import re

import pytest

from core.models import Merchant
from tests.web.browsing import Visitor
from tests.web.conftest import MakeApp

BOUGHT = "The person has bought in the meantime."
NO_CONSENT = "The person has not agreed to receive advertising."
NO_ANSWER = "The shop did not answer when asked whether the person has bought."


def leaves_a_cart(visitor: Visitor, *ticks: str) -> Visitor:
    visitor.press("Add to cart")
    return visitor.press("Go on to payment", *ticks, email="anna@example.com")


def mails(visitor: Visitor, merchant: Merchant) -> int:
    return visitor.client.get(f"/shops/{merchant.key}/mailbox").text.count('class="mail-subject"')


def test_the_front_door_leads_straight_into_the_sandbox(visitor: Visitor) -> None:
    assert visitor.open("/").path == "/sandbox"


def test_a_left_cart_is_reminded_of_and_a_bought_one_is_not(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "opt_in").press("Fast-forward 1 h")
    assert "a mail was sent" in visitor.text
    assert mails(visitor, merchant) == 1
    visitor.press("Pay now").press("Fast-forward 1 day")
    assert "no mail was sent" in visitor.text
    assert BOUGHT in visitor.text
    assert mails(visitor, merchant) == 1


def test_an_unticked_box_means_silence_and_the_page_says_why(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor).press("Fast-forward 1 h")
    assert NO_CONSENT in visitor.text
    assert mails(visitor, merchant) == 0


def test_the_subscriber_gets_a_mail_and_the_guest_a_reason(visitor: Visitor, merchant: Merchant) -> None:
    visitor.press("Add to cart").press("Shop as a guest")
    assert NO_CONSENT in visitor.text
    visitor.press("Leave this cart, be somebody new")
    visitor.press("Add to cart").press("Shop as a subscriber").press("Fast-forward 1 h")
    assert mails(visitor, merchant) == 1


def test_without_an_address_nobody_can_be_reminded(visitor: Visitor) -> None:
    visitor.press("Add to cart")
    assert "The shop gave us no address to reach the person." in visitor.text
    assert "Somebody unknown" in visitor.text


def test_an_order_whose_webhook_was_lost_still_stops_the_mail(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "opt_in").press("Switch on", nth=0)
    visitor.press("Pay now").press("Fast-forward 1 h")
    assert mails(visitor, merchant) == 0
    assert BOUGHT in visitor.text


def test_a_shop_that_is_down_delays_the_mail_until_it_answers(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "opt_in").press("Switch on", nth=2).press("Fast-forward 1 h")
    assert NO_ANSWER in visitor.text
    assert mails(visitor, merchant) == 0
    visitor.press("Switch off").press("Fast-forward 1 h")
    assert mails(visitor, merchant) == 1


def test_to_the_next_event_goes_right_there(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "opt_in").press("To the next event")
    assert "Tuesday" in visitor.text
    assert mails(visitor, merchant) == 1


def test_where_nothing_waits_there_is_no_next_event(visitor: Visitor) -> None:
    assert "there is no next event" in visitor.press("To the next event").text


def test_the_button_in_the_mail_brings_the_cart_back(visitor: Visitor, merchant: Merchant) -> None:
    leaves_a_cart(visitor, "opt_in").press("Fast-forward 1 h").press("Leave this cart, be somebody new")
    assert "Nothing in it yet" in visitor.text
    (number,) = re.findall(r"/mailbox/(\d+)", visitor.client.get(f"/shops/{merchant.key}/mailbox").text)
    mail = visitor.client.get(f"/shops/{merchant.key}/mailbox/{number}/html").text
    (link,) = set(re.findall(r'href="https?://[^/"]+(/c/[^"]+)"', mail))
    assert "Nothing in it yet" not in visitor.open(link).text
    assert visitor.path == "/sandbox"


def test_orders_are_shipped_delivered_and_cancelled_behind_the_counter(visitor: Visitor) -> None:
    leaves_a_cart(visitor).press("Pay now")
    assert "#1001" in visitor.text
    visitor.press("Ship").press("Deliver")
    assert "delivered" in visitor.text
    visitor.press("Add to cart").press("Pay now").press("Cancel")
    assert "cancelled" in visitor.text
    assert not visitor.sees_button("Ship")


def test_what_is_sold_out_has_no_button_until_it_is_restocked(visitor: Visitor) -> None:
    buttons = visitor.text.count("Add to cart")
    assert visitor.press("Sell out").text.count("Add to cart") == buttons - 1
    assert visitor.press("Restock").text.count("Add to cart") == buttons


def test_the_cart_can_be_changed_line_by_line(visitor: Visitor) -> None:
    visitor.press("Add to cart").press("+ One more")
    assert "€36.00" in visitor.text
    assert "Nothing in it yet" in visitor.press("Remove").text


def test_what_makes_no_sense_is_refused_in_a_sentence(visitor: Visitor) -> None:
    visitor.press("Add to cart")
    assert "That is no e-mail address." in visitor.press("Go on to payment", email="anna").text
    assert "leave an e-mail address" in visitor.press("Pay now").text
    assert "unknown, used up or expired" in leaves_a_cart(visitor).press("Pay now", code="NO-SUCH").text


@pytest.mark.parametrize(("hour", "shown"), [("3", "03:00"), ("21", "21:00"), ("10", "10:00")])
def test_a_fresh_sandbox_starts_at_the_hour_asked_for(visitor: Visitor, hour: str, shown: str) -> None:
    leaves_a_cart(visitor, "opt_in").press("Open a fresh sandbox", hour=hour)
    assert re.search(rf"Tuesday \d+ \w+, {shown}", visitor.text)
    assert "Nothing is waiting." in visitor.text
    assert "Nothing in it yet" in visitor.text


def test_the_page_speaks_german_and_so_does_the_mail(visitor: Visitor, merchant: Merchant) -> None:
    visitor.open("/sandbox?lang=de").press("In den Warenkorb")
    visitor.press("Weiter zur Zahlung", "opt_in", email="anna@example.com").press("1 Std. vorspulen")
    assert "Dienstag" in visitor.text
    assert "Emaillebecher" in visitor.text
    assert "Warenkorb bei" in visitor.open(f"/shops/{merchant.key}/mailbox").text


def test_forged_requests_are_refused_and_change_nothing(visitor: Visitor) -> None:
    assert visitor.client.post("/sandbox/cart/add", data={"variant": "mug"}).status_code == 400
    assert visitor.press("Add to cart", variant="unheard-of").text.count("There is no such product.") == 1
    for path in ("/sandbox/cart/guessed", "/sandbox/orders/order-1/ship", "/sandbox/switches/other"):
        assert visitor.client.get(path).status_code in {404, 405}


def test_where_the_sandbox_is_not_shown_there_is_none(make_app: MakeApp) -> None:
    client = make_app(SANDBOX="0").test_client()
    assert client.get("/sandbox").status_code == 404
    assert client.post("/sandbox/reset").status_code in {400, 404}
