"""Stories of shoppers in the sandbox shop, and what it tells of them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Permanent, Retryable
from core.events import LookUp
from core.models import Merchant
from core.money import Money
from core.runtime import Runtime
from integrations.roles import Access, Buyer, DiscountOrder, Question, Request
from integrations.sandbox.live import LATE_SECONDS, SandboxLive
from integrations.sandbox.seed import seed
from integrations.sandbox.store import Store


def topics(webhooks: tuple[Request, ...]) -> list[str]:
    return [webhook.headers["x-sandbox-topic"] for webhook in webhooks]


def body(webhook: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(webhook.body)
    return found


@pytest.fixture
def filled(store: Store) -> str:
    """A guest's cart with two mugs in it."""
    cart = store.begin_cart()
    store.add_to_cart(cart, "mug", 2)
    store.leave_email(cart, "anna@example.com")
    return cart


def buyer(merchant: Merchant, **known: str) -> Buyer:
    everything = {"email": None, "customer_ref": None, "cart_ref": None, "cart_token": None}
    return Buyer(since=clock.now(merchant) - timedelta(hours=1), **(everything | known))


def test_a_cart_is_told_with_its_lines_and_a_link_back(store: Store) -> None:
    cart = store.begin_cart()
    (told,) = store.add_to_cart(cart, "blanket-moss", 2)
    assert body(told)["total"] == 17_800
    assert body(told)["lines"][0]["variant_title"] == "Moss"
    assert body(told)["url"].endswith(body(told)["token"])


def test_a_german_shopper_reads_german_titles(store: Store) -> None:
    (told,) = store.add_to_cart(store.begin_cart("de"), "blanket-moss")
    assert (body(told)["lines"][0]["title"], body(told)["lines"][0]["variant_title"]) == ("Wolldecke", "Moos")


def test_an_unticked_box_is_silence(store: Store) -> None:
    cart = store.begin_cart()
    store.add_to_cart(cart, "mug")
    assert topics(store.leave_email(cart, "anna@example.com")) == ["cart.updated"]


def test_a_ticked_box_is_told_as_consent_before_the_cart(store: Store) -> None:
    cart = store.begin_cart()
    store.add_to_cart(cart, "mug")
    consent, _ = store.leave_email(cart, "anna@example.com", opted_in=True)
    assert (body(consent)["state"], body(consent)["text"][:3]) == ("opted_in", "Yes")


def test_the_subscriber_agreed_long_ago_and_only_once(store: Store, merchant: Merchant) -> None:
    first, again = (store.log_in(store.begin_cart(), "subscriber")[0] for _ in range(2))
    assert body(first)["at"] == body(again)["at"] < clock.now(merchant).isoformat()


def test_the_guest_never_agreed(store: Store) -> None:
    assert "consent.changed" not in topics(store.log_in(store.begin_cart(), "guest"))


@pytest.mark.parametrize(
    "email", ["", "anna", "anna@", "a b@example.com", "@example.com", "a@" + "b" * 260 + ".de"]
)
def test_what_is_no_address_is_refused(store: Store, filled: str, email: str) -> None:
    with pytest.raises(Permanent):
        store.leave_email(filled, email)


def test_taking_the_last_line_out_tells_an_empty_cart(store: Store, filled: str) -> None:
    (told,) = store.set_quantity(filled, "mug", 0)
    assert (body(told)["lines"], body(told)["total"]) == ([], 0)


def test_paying_makes_an_order_and_closes_the_cart(store: Store, filled: str) -> None:
    told = store.pay(filled)
    assert topics(told) == ["product.updated", "order.placed", "order.paid", "cart.updated"]
    order = body(told[2])
    assert (order["total"], order["shipping"], order["net"], order["cart_ref"]) == (4090, 490, 3025, filled)
    with pytest.raises(Permanent):
        store.pay(filled)


def test_an_order_takes_from_the_shelf_and_its_cancelling_puts_back(store: Store, filled: str) -> None:
    store.pay(filled)
    assert store.products()[0].variants[0].stock.units == 10
    assert topics(store.cancel("order-1001")) == ["product.updated", "order.cancelled"]
    assert store.products()[0].variants[0].stock.units == 12


def test_a_parcel_is_shipped_once_and_then_delivered_once(store: Store, filled: str) -> None:
    store.pay(filled)
    with pytest.raises(Permanent):
        store.deliver("order-1001")
    assert topics(store.ship("order-1001")) == ["order.shipped"]
    assert topics(store.deliver("order-1001")) == ["order.delivered"]
    for act in (store.ship, store.deliver, store.cancel):
        with pytest.raises(Permanent):
            act("order-1001")


def test_what_is_sold_out_goes_into_no_cart(store: Store) -> None:
    store.sell_out("teapot")
    with pytest.raises(Permanent):
        store.add_to_cart(store.begin_cart(), "teapot")
    store.restock("teapot")
    assert store.add_to_cart(store.begin_cart(), "teapot")


def test_the_shop_is_asked_for_every_order_of_a_person(
    store: Store, live: SandboxLive, access: Access, merchant: Merchant, filled: str
) -> None:
    store.pay(filled)
    for known in ({"email": "ANNA@example.com"}, {"cart_ref": filled}):
        answer = live.ask(access, Question((buyer(merchant, **known),)))
        assert [order.name for order in answer.orders] == ["#1001"]
    stranger = live.ask(access, Question((buyer(merchant, email="otto@example.com"), buyer(merchant))))
    assert stranger.orders == ()


def test_an_order_before_the_cart_began_is_no_answer(
    store: Store, live: SandboxLive, access: Access, merchant: Merchant, filled: str
) -> None:
    store.pay(filled)
    later = Buyer(clock.now(merchant) + timedelta(hours=1), "anna@example.com", None, None, None)
    assert live.ask(access, Question((later,))).orders == ()


def test_a_lost_webhook_leaves_the_order_to_be_asked_for(
    store: Store, live: SandboxLive, access: Access, merchant: Merchant, filled: str
) -> None:
    store.switch("loses_webhooks", on=True)
    assert store.pay(filled) == ()
    assert live.ask(access, Question((buyer(merchant, email="anna@example.com"),))).orders


def test_stock_is_told_for_what_was_asked_and_absent_for_what_is_gone(
    store: Store, live: SandboxLive, access: Access
) -> None:
    store.sell_out("teapot")
    stock = live.ask(access, Question(variant_refs=("teapot", "mug", "unheard-of"))).stock
    assert {ref: found.sellable for ref, found in stock.items()} == {"teapot": False, "mug": True}


def test_a_shop_that_is_down_says_try_again(store: Store, live: SandboxLive, access: Access) -> None:
    store.switch("is_down", on=True)
    with pytest.raises(Retryable):
        live.ask(access, Question())
    store.switch("is_down", on=False)
    assert live.ask(access, Question()).orders == ()


def test_a_late_answer_knows_what_was_bought_while_it_was_awaited(
    runtime: Runtime, store: Store, access: Access, merchant: Merchant, filled: str
) -> None:
    waited: list[float] = []

    def buy_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        store.pay(filled)

    store.switch("answers_late", on=True)
    answer = SandboxLive(runtime, buy_meanwhile).ask(access, Question((buyer(merchant, cart_ref=filled),)))
    assert (waited, len(answer.orders)) == ([LATE_SECONDS], 1)


def test_one_shop_never_answers_with_another_ones_records(
    runtime: Runtime, store: Store, live: SandboxLive, access: Access, merchant: Merchant, filled: str
) -> None:
    store.pay(filled)
    stranger = replace(access, merchant_id=seed(runtime).id)
    assert live.ask(stranger, Question((buyer(merchant, email="anna@example.com"),))).orders == ()
    assert live.look_up(stranger, [LookUp("order", "order-1001"), LookUp("cart", filled)]) == {}


def test_looking_up_finds_what_is_there_and_leaves_out_what_is_gone(
    store: Store, live: SandboxLive, access: Access, filled: str
) -> None:
    store.log_in(store.begin_cart(), "subscriber")
    store.pay(filled)
    there = [
        LookUp("cart", filled),
        LookUp("order", "order-1001"),
        LookUp("product", "blanket"),
        LookUp("variant", "blanket-moss"),
        LookUp("customer", "sofia@example.com"),
        LookUp("installation", ""),
        LookUp("catalogue", ""),
    ]
    gone = [LookUp(wanted.kind, "gone") for wanted in there[:5]]
    found = live.look_up(access, there + gone)
    assert list(found) == there
    assert len(found[LookUp("catalogue", "")]) == 6


def test_a_code_is_made_once_used_once_and_lowers_the_price(
    store: Store, live: SandboxLive, access: Access, merchant: Merchant, filled: str
) -> None:
    ends = clock.now(merchant) + timedelta(days=2)
    order = DiscountOrder("K-TEN", "percent", 10, "EUR", ends, Money(1000, "EUR"), "Anna@example.com")
    live.create_discount(access, order)
    live.create_discount(access, order)
    assert live.has_discount(access, "K-TEN")
    assert body(store.pay(filled, "K-TEN")[2])["total"] == 3240 + 490
    other = store.begin_cart(like=filled)
    store.add_to_cart(other, "mug")
    with pytest.raises(Permanent):
        store.pay(other, "K-TEN")
    live.remove_discount(access, "K-TEN")
    assert not live.has_discount(access, "K-TEN")


@pytest.mark.parametrize(
    ("hours", "email"), [(-1, None), (48, "otto@example.com")], ids=["expired", "somebody else's"]
)
def test_a_code_that_does_not_fit_is_refused_and_nothing_is_bought(
    store: Store,
    live: SandboxLive,
    access: Access,
    merchant: Merchant,
    filled: str,
    hours: int,
    email: str | None,
) -> None:
    ends = clock.now(merchant) + timedelta(hours=hours)
    live.create_discount(access, DiscountOrder("K-NO", "amount", 500, "EUR", ends, email=email))
    with pytest.raises(Permanent):
        store.pay(filled, "K-NO")
    assert store.orders() == []
    assert store.products()[0].variants[0].stock.units == 12


def test_the_next_cart_is_the_same_persons(store: Store, filled: str) -> None:
    store.pay(filled)
    following = store.cart(store.begin_cart(like=filled))
    assert following is not None
    assert following.contact.email == "anna@example.com"


def test_the_link_in_a_mail_opens_its_cart_and_no_other(store: Store, filled: str) -> None:
    cart = store.cart(filled)
    assert cart is not None
    assert store.cart_of_token(cart.token) == cart
    assert store.cart_of_token("guessed") is None


def test_a_shopper_who_switches_the_language_has_a_cart_in_it(store: Store, filled: str) -> None:
    store.sell_out("mug")
    (told,) = store.speak(filled, "de")
    assert (body(told)["lines"][0]["title"], body(told)["contact"]["locale"]) == ("Emaillebecher", "de")
