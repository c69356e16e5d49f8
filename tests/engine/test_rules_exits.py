"""Nobody is reminded of what they bought, and nothing is sent on hope."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.models.tables import effects, mailbox_messages, work
from engine.jobs import settle_all
from integrations.roles import Request
from integrations.sandbox.bodies import ContactBody, OrderBody
from tests.engine.stories import ANNA, BEN, decided, mode, rewind, save_preset, sent, steps, trips
from tests.support.kontor import Kontor

BOUGHT = [(1, "done", None), (2, "skipped", "bought")]


def order(kontor: Kontor, **changed: object) -> OrderBody:
    """An order of somebody, as the shop would tell of it."""
    now = kontor.now()
    plain = OrderBody(
        ref="order-7",
        name="#7",
        placed_at=now,
        updated_at=now,
        contact=ContactBody(email=BEN),
        currency="EUR",
        total=1800,
        net=1513,
        lines=(),
        paid_at=now,
    )
    return plain.model_copy(update=changed)


def told(kontor: Kontor, **changed: object) -> list[Request]:
    return [kontor.store.webhook("order.placed", order(kontor, **changed))]


@pytest.mark.parametrize("by", ["cart_ref", "cart_token", "email", "customer"])
def test_an_order_ends_the_trip_whichever_way_it_names_the_buyer(kontor: Kontor, by: str) -> None:
    cart = _reminded(kontor)
    body = kontor.store.cart(cart)
    assert body is not None
    named: dict[str, dict[str, object]] = {
        "cart_ref": {"cart_ref": cart},
        "cart_token": {"cart_token": body.token},
        "email": {"contact": ContactBody(email="Anna@Example.com ")},
        "customer": {"contact": ContactBody(customer_ref="customer-anna", email=BEN)},
    }
    kontor.hear(told(kontor, **named[by]))
    assert steps(kontor) == BOUGHT
    assert trips(kontor) == [("exited", "bought")]
    kontor.forward(days=5)
    assert sent(kontor) == [1]


def test_somebody_elses_order_ends_nobodys_trip(kontor: Kontor) -> None:
    _reminded(kontor)
    kontor.hear(told(kontor))
    kontor.forward(days=3)
    assert sent(kontor) == [1, 2]


def test_an_order_from_before_the_cart_ends_nothing(kontor: Kontor) -> None:
    _reminded(kontor)
    earlier = kontor.now() - timedelta(days=3)
    anna = ContactBody(email=ANNA)
    kontor.hear(told(kontor, contact=anna, placed_at=earlier, updated_at=earlier, paid_at=earlier))
    kontor.forward(days=3)
    assert sent(kontor) == [1, 2]


def test_an_unpaid_order_is_a_purchase_all_the_same(kontor: Kontor) -> None:
    _reminded(kontor)
    kontor.hear(told(kontor, contact=ContactBody(email=ANNA), paid_at=None))
    assert steps(kontor) == BOUGHT


def test_an_order_that_is_cancelled_later_restarts_nothing(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.hear(kontor.store.pay(cart))
    kontor.hear(kontor.store.cancel(kontor.store.orders()[0].ref))
    body = kontor.store.cart(cart)
    assert body is not None
    kontor.hear([kontor.store.webhook("cart.updated", body)])
    kontor.forward(days=5)
    assert trips(kontor) == [("exited", "bought")]
    assert sent(kontor) == []


def test_a_cancellation_that_comes_before_its_order_restarts_nothing_either(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    paid = kontor.store.pay(cart)
    kontor.hear(kontor.store.cancel(kontor.store.orders()[0].ref))
    kontor.hear(paid)
    kontor.forward(days=5)
    assert trips(kontor) == [("exited", "bought")]
    assert sent(kontor) == []


def test_a_cart_whose_webhook_comes_after_its_order_enrols_nobody(kontor: Kontor) -> None:
    cart = kontor.store.begin_cart()
    late = list(kontor.store.add_to_cart(cart, "mug"))
    late += kontor.store.leave_email(cart, ANNA, opted_in=True)
    kontor.hear(kontor.store.pay(cart))
    kontor.hear(late)
    kontor.forward(days=5)
    assert trips(kontor) == []
    assert any("bought" in reasons for _, reasons in decided(kontor))


def test_test_carts_are_refused_and_test_orders_end_nothing(kontor: Kontor) -> None:
    cart = _reminded(kontor)
    kontor.hear(told(kontor, contact=ContactBody(email=ANNA), test=True))
    assert trips(kontor) == [("active", None)]
    body = kontor.store.cart(cart)
    assert body is not None
    test_cart = body.model_copy(
        update={"ref": "cart-test", "token": "t", "test": True, "contact": ContactBody(email=BEN)}
    )
    kontor.hear([kontor.store.webhook("cart.updated", test_cart)])
    assert ("refused", ("test_order",)) in [(kind, reasons[:1]) for kind, reasons in decided(kontor)]


def test_a_lost_webhook_stops_nothing_because_the_shop_is_asked_in_the_last_second(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.forward(minutes=59)
    kontor.store.pay(cart)
    kontor.forward(days=5)
    assert [row.reason for row in kontor.rows(effects)] == ["bought", "bought"]
    assert kontor.rows(mailbox_messages) == []


def test_a_shop_that_does_not_answer_delays_the_mail_until_it_has_expired(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.store.switch("is_down", on=True)
    kontor.forward(hours=3)
    assert steps(kontor) == [(1, "pending", "shop_unreachable"), (2, "pending", None)]
    kontor.forward(days=2)
    assert steps(kontor)[0] == (1, "skipped", "expired")
    kontor.store.switch("is_down", on=False)
    kontor.forward(hours=3)
    assert steps(kontor)[1] == (2, "done", None)


def test_a_shop_that_answers_again_in_time_gets_its_mail_out(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.store.switch("is_down", on=True)
    kontor.forward(hours=5)
    kontor.store.switch("is_down", on=False)
    kontor.forward(hours=1)
    assert sent(kontor) == [1]


def test_all_lines_sold_out_end_the_trip_and_one_left_keeps_it(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA, variants=2)
    kontor.leave_cart(BEN, variants=1)
    kontor.store.sell_out("mug")  # Its webhook is lost; the shop says it when asked.
    kontor.forward(hours=2)
    assert sorted(steps(kontor)) == [
        (1, "done", None),
        (1, "skipped", "out_of_stock"),
        (2, "pending", None),
        (2, "skipped", "out_of_stock"),
    ]


def test_emptying_the_cart_ends_the_trip(kontor: Kontor) -> None:
    cart = _reminded(kontor)
    kontor.hear(kontor.store.set_quantity(cart, "mug", 0))
    assert trips(kontor) == [("exited", "cart_emptied")]


def test_after_three_days_of_downtime_nothing_fires_in_one_blast(kontor: Kontor) -> None:
    save_preset(kontor, "standard")
    kontor.leave_cart()
    _sleep(kontor, days=3, minutes=-10)
    settle_all(kontor.machine)
    assert steps(kontor)[:2] == [(1, "skipped", "expired"), (2, "done", None)]
    kontor.forward(hours=1)
    assert steps(kontor)[2][:2] == (3, "pending"), "ten minutes after the second is too soon"
    kontor.forward(hours=36)
    assert sent(kontor) == [2, 3]
    second, third = kontor.rows(effects, effects.c.state == "done", effects.c.kind == "send_message")
    assert third.acted_at - second.acted_at >= timedelta(hours=12)


def test_after_four_days_of_downtime_the_first_two_steps_have_expired(kontor: Kontor) -> None:
    kontor.leave_cart()
    _sleep(kontor, days=4)
    settle_all(kontor.machine)
    assert steps(kontor) == [(1, "skipped", "expired"), (2, "skipped", "expired")]
    assert trips(kontor) == [("completed", None)]


def test_shadow_asks_the_shop_too(kontor: Kontor) -> None:
    mode(kontor, "shadow")
    cart = kontor.leave_cart()
    kontor.store.pay(cart)
    kontor.forward(days=3)
    assert [reason for _, _, reason in steps(kontor)] == ["bought", "bought"]


def _sleep(kontor: Kontor, **span: float) -> None:
    """Time goes by while no worker runs."""
    ago = timedelta(**span)
    waiting = kontor.rows(effects, effects.c.wake_at.is_not(None))
    for row in waiting:
        kontor.write(update(effects).where(effects.c.id == row.id).values(wake_at=row.wake_at - ago))
    rewind(kontor, kontor.now() + ago)
    kontor.write(update(work).values(next_at=min(row.wake_at for row in waiting) - ago))


def _reminded(kontor: Kontor) -> str:
    """Anna, customer of the shop, has had the first reminder."""
    cart = kontor.leave_cart()
    body = kontor.store.cart(cart)
    assert body is not None
    known = body.contact.model_copy(update={"customer_ref": "customer-anna"})
    later = body.updated_at + timedelta(milliseconds=1)
    kontor.hear(
        [
            kontor.store.webhook(
                "cart.updated", body.model_copy(update={"contact": known, "updated_at": later})
            )
        ]
    )
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    return cart
