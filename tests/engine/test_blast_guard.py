"""Unusually many people at once are held until the merchant has looked."""

from datetime import timedelta

import pytest

from core.db import reading
from core.models.tables import carts, effects, enrolments
from engine import blast
from integrations.sandbox.bodies import CartBody, ConsentBody
from tests.engine.stories import decided, mode, sent, trips
from tests.support.kontor import Kontor
from web import timeline

AT_LEAST, HERD = 5, 7


@pytest.fixture
def herd(kontor: Kontor, monkeypatch: pytest.MonkeyPatch) -> Kontor:
    """Seven people leave a cart within an hour in which five are usual."""
    monkeypatch.setattr(blast, "AT_LEAST", AT_LEAST)
    come(kontor, HERD)
    return kontor


def test_the_fifty_first_cart_within_an_hour_is_held(kontor: Kontor) -> None:
    come(kontor, 51)
    assert [state for state, _ in trips(kontor)] == ["active"] * 50 + ["held"]


def test_a_busy_shop_is_held_only_beyond_five_times_its_usual_hour(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blast, "AT_LEAST", 2)
    monkeypatch.setattr(blast, "USUAL_OVER", timedelta(hours=3))
    for number in range(0, 4, 2):
        come(kontor, 2, number)
        kontor.forward(minutes=61)
    come(kontor, 7, 4)
    assert [state for state, _ in trips(kontor)].count("held") == 0, "four in three hours allow seven in one"
    come(kontor, 1, 11)
    assert [state for state, _ in trips(kontor)].count("held") == 1


def test_what_is_held_is_shown_and_nothing_of_it_goes_out(herd: Kontor) -> None:
    assert [state for state, _ in trips(herd)].count("held") == HERD - AT_LEAST
    assert ("enrolled", ("blast_held",)) in decided(herd)
    with reading(herd.machine.db) as session:
        (shown,) = timeline.held_blasts(session, herd.merchant_id)
    assert shown.count == HERD - AT_LEAST
    herd.forward(hours=3)
    assert len(sent(herd)) == AT_LEAST
    held = herd.rows(effects, effects.c.state == "held")
    assert len(held) == 2 * (HERD - AT_LEAST)


def test_released_trips_go_on_and_their_messages_go_out(herd: Kontor) -> None:
    herd.forward(minutes=10)
    assert blast.release(herd.machine, herd.merchant_id, "cart_recovery", "Mara") == HERD - AT_LEAST
    assert "held" not in {state for state, _ in trips(herd)}
    herd.forward(minutes=55)
    assert len(sent(herd)) == HERD


def test_discarded_trips_end_and_nobody_of_them_gets_anything(herd: Kontor) -> None:
    assert blast.discard(herd.machine, herd.merchant_id, "cart_recovery", "Mara") == HERD - AT_LEAST
    assert trips(herd).count(("exited", "discarded:Mara")) == HERD - AT_LEAST
    herd.forward(days=3)
    assert len(sent(herd)) == 2 * AT_LEAST


def test_a_purchase_ends_a_held_trip_too(herd: Kontor) -> None:
    (trip, *_) = herd.rows(enrolments, enrolments.c.state == "held")
    number = HERD - 2
    bought = _cart(herd, number).model_copy(update={"completed_at": herd.now()})
    herd.hear([herd.store.webhook("cart.updated", bought)])
    ended = herd.rows(enrolments, enrolments.c.reason == "bought")
    assert [row.state for row in ended] == ["exited"]
    assert trip.state == "held"


def test_switching_off_ends_what_is_held(herd: Kontor) -> None:
    mode(herd, "off")
    assert {state for state, _ in trips(herd)} == {"exited"}
    assert herd.rows(effects, effects.c.state == "held") == []


def test_shadow_does_nothing_to_anybody_and_is_never_held(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blast, "AT_LEAST", AT_LEAST)
    mode(kontor, "shadow")
    come(kontor, HERD)
    assert {state for state, _ in trips(kontor)} == {"active"}


def come(kontor: Kontor, count: int, first: int = 0) -> None:
    if not kontor.rows(carts):
        kontor.leave_cart(f"guest-{first}@example.com")
        count, first = count - 1, first + 1
    for number in range(first, first + count):
        _leave(kontor, number)
    kontor.settle()


def _leave(kontor: Kontor, number: int) -> None:
    cart = _cart(kontor, number)
    given = ConsentBody(
        contact=cart.contact, state="opted_in", at=kontor.now(), source="checkout", text="Yes"
    )
    kontor.deliver(
        [kontor.store.webhook("consent.changed", given), kontor.store.webhook("cart.updated", cart)]
    )


def _cart(kontor: Kontor, number: int) -> CartBody:
    """A cart like the first one, of somebody else."""
    ref = kontor.rows(carts)[0].ref
    body = kontor.store.cart(ref)
    assert body is not None
    now = kontor.now()
    contact = body.contact.model_copy(update={"email": f"guest-{number}@example.com"})
    return body.model_copy(
        update={
            "ref": f"cart-{number}",
            "token": f"token-{number}",
            "contact": contact,
            "started_at": now,
            "activity_at": now,
            "updated_at": now,
        }
    )
