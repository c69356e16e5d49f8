"""Off, shadow and live; one trip for a person; and what going live counts."""

from core.db import reading
from core.models.tables import decisions, effects, enrolments, mailbox_messages
from engine import changes
from integrations.sandbox.bodies import CodeBody
from integrations.sandbox.records import Records
from tests.engine.stories import (
    ANNA,
    BEN,
    CART_RECOVERY,
    decided,
    mode,
    save_preset,
    sent,
    steps,
    trips,
)
from tests.support.kontor import Kontor


def test_a_flow_that_is_off_says_nothing_about_anybody(kontor: Kontor) -> None:
    mode(kontor, "off")
    kontor.leave_cart()
    kontor.forward(days=5)
    assert decided(kontor) == []
    assert kontor.rows(enrolments) == kontor.rows(effects) == []


def test_shadow_decides_and_writes_every_message_and_does_nothing(kontor: Kontor) -> None:
    mode(kontor, "shadow")
    save_preset(kontor, "standard")
    kontor.leave_cart()
    kontor.leave_cart(BEN, opted_in=False)
    kontor.forward(days=5)
    assert steps(kontor) == [(1, "skipped", "shadow"), (2, "skipped", "shadow"), (3, "skipped", "shadow")]
    assert all(row.content for row in kontor.rows(effects, effects.c.kind == "send_message"))
    assert ("refused", ("no_consent",)) in decided(kontor)
    assert kontor.rows(mailbox_messages) == []
    with reading(kontor.machine.db) as session:
        assert Records(session, kontor.merchant_id, locking=False).all("code", CodeBody) == []


def test_a_shadow_trip_never_stands_in_the_way_of_a_live_one(kontor: Kontor) -> None:
    mode(kontor, "shadow")
    cart = kontor.leave_cart()
    kontor.forward(minutes=90)
    mode(kontor, "live")
    kontor.hear(kontor.store.add_to_cart(cart, "candle"))
    kontor.forward(days=3)
    assert [(row.mode, row.state) for row in kontor.rows(enrolments)] == [
        ("shadow", "exited"),
        ("live", "completed"),
    ]
    assert sent(kontor) == [1, 2]


def test_going_live_leaves_alone_what_was_left_before_and_says_how_many(kontor: Kontor) -> None:
    mode(kontor, "off")
    old = kontor.leave_cart(ANNA)
    kontor.leave_cart(BEN)
    assert changes.going_live(kontor.machine, kontor.merchant_id).open_carts_left_alone == 2
    mode(kontor, "live")
    # The shop tells once more of a cart that nobody touched, as a back-fill does.
    body = kontor.store.cart(old)
    assert body is not None
    kontor.hear([kontor.store.webhook("cart.updated", body)])
    kontor.forward(days=3)
    assert decided(kontor) == [("refused", ("before_live",))]
    assert sent(kontor) == []


def test_going_live_counts_who_comes_back_after_the_switch(kontor: Kontor) -> None:
    mode(kontor, "off")
    cart = kontor.leave_cart()
    mode(kontor, "live")
    kontor.hear(kontor.store.add_to_cart(cart, "mug"))
    kontor.forward(hours=2)
    assert sent(kontor) == [1]


def test_switching_off_skips_what_waits_and_says_why(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    mode(kontor, "off")
    kontor.forward(days=5)
    assert steps(kontor) == [(1, "done", None), (2, "skipped", "flow_off")]
    assert trips(kontor) == [("exited", "flow_off")]


def test_a_newer_cart_takes_the_trip_over_and_no_step_comes_twice(kontor: Kontor) -> None:
    first = kontor.leave_cart()
    kontor.forward(hours=2)
    second = kontor.leave_cart()
    kontor.forward(days=5)
    (trip,) = kontor.rows(enrolments)
    assert (trip.state, sent(kontor)) == ("completed", [1, 2])
    replaced = kontor.rows(decisions, decisions.c.kind == "replaced")
    assert [row.reasons for row in replaced] == [["cart_replaced"]]
    assert first != second
    last = kontor.rows(effects, effects.c.step == 2)[0]
    assert last.due_at > trip.since, "the second step counts from the newer cart"


def test_a_newer_cart_moves_the_step_that_still_waits(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(minutes=40)
    kontor.leave_cart()
    kontor.forward(minutes=40)
    assert sent(kontor) == [], "forty minutes after the newer cart is too early"
    kontor.forward(minutes=30)
    assert sent(kontor) == [1]


def test_a_person_rests_fourteen_days_after_a_trip_with_a_message(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(_after_a_reminder(kontor)))
    kontor.leave_cart()
    kontor.forward(days=13)
    assert ("refused", ("resting",)) in decided(kontor)
    assert sent(kontor) == [1]
    kontor.forward(days=2)
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert sent(kontor) == [1, 1]


def test_nobody_rests_from_a_trip_in_which_nothing_was_sent(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(kontor.leave_cart()))
    kontor.forward(minutes=10)
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert trips(kontor) == [("exited", "bought"), ("active", None)]
    assert sent(kontor) == [1]


def test_a_cart_emptied_and_filled_again_is_still_reminded_of(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.hear(kontor.store.set_quantity(cart, "mug", 0))
    assert trips(kontor) == [("exited", "cart_emptied")]
    kontor.hear(kontor.store.add_to_cart(cart, "candle"))
    kontor.forward(days=3)
    assert trips(kontor) == [("exited", "cart_emptied"), ("completed", None)]
    assert sent(kontor) == [1, 2]


def test_a_cart_that_had_its_reminders_never_gets_a_second_round(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    kontor.forward(days=20)
    kontor.hear(kontor.store.add_to_cart(cart, "candle"))
    kontor.forward(days=3)
    assert ("refused", ("duplicate",)) in decided(kontor)
    assert sent(kontor) == [1, 2]


def test_two_live_trips_of_one_person_cannot_be_stored(kontor: Kontor) -> None:
    kontor.leave_cart()
    for _ in range(3):
        kontor.leave_cart(variants=2)
    active = kontor.rows(enrolments, enrolments.c.state == "active")
    assert len(active) == 1
    assert CART_RECOVERY.key == active[0].flow


def _after_a_reminder(kontor: Kontor) -> str:
    cart = kontor.leave_cart()
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    return cart
