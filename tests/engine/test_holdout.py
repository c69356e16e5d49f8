"""Some people are left out to compare with: always the same ones, and both sides are told plainly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import reading
from engine import holdout
from engine.holdout import Comparison, Side, is_left_out
from tests.engine.stories import ANNA, BEN, CART_RECOVERY, decided, mode, save, sent, trips
from tests.support.kontor import Kontor

NUMBER = st.integers(1, 2**62)


@given(merchant=NUMBER, person=NUMBER, low=st.integers(0, 100), high=st.integers(0, 100))
def test_whoever_is_left_out_stays_so_when_more_are(merchant: int, person: int, low: int, high: int) -> None:
    low, high = sorted((low, high))
    assert is_left_out(merchant, "cart_recovery", person, low) <= is_left_out(
        merchant, "cart_recovery", person, high
    )


def test_about_as_many_are_left_out_as_she_said() -> None:
    assert not any(is_left_out(1, "cart_recovery", person, 0) for person in range(1000))
    assert all(is_left_out(1, "cart_recovery", person, 100) for person in range(1000))
    assert 900 < sum(is_left_out(1, "cart_recovery", person, 10) for person in range(10_000)) < 1100


def test_each_flow_leaves_out_others() -> None:
    people = range(10_000)
    both = [p for p in people if is_left_out(1, "cart_recovery", p, 10) and is_left_out(1, "other", p, 10)]
    assert 50 < len(both) < 150


def test_whoever_is_left_out_gets_nothing_and_the_page_can_say_why(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody(kontor, monkeypatch)
    kontor.leave_cart(ANNA, variants=2)
    kontor.forward(days=3)
    assert sent(kontor) == []
    assert trips(kontor) == [("held_out", None)]
    assert set(decided(kontor)) <= {("refused", ("held_out",)), ("refused", ("no_contact",))}


def test_the_next_cart_of_a_person_left_out_is_left_out_too(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody(kontor, monkeypatch)
    kontor.leave_cart(ANNA)
    kontor.forward(days=20)
    kontor.leave_cart(ANNA)
    kontor.forward(days=3)
    assert sent(kontor) == []
    assert trips(kontor) == [("held_out", None)] * 2


def test_with_nobody_left_out_everybody_is_reminded_and_nothing_is_compared(kontor: Kontor) -> None:
    mode(kontor, "live")
    kontor.leave_cart(ANNA)
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    assert compared(kontor) is None


def test_both_sides_are_told_and_who_of_them_bought(
    kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kontor = kontor_on_both
    everybody(kontor, monkeypatch)
    left_out = kontor.leave_cart(ANNA)
    monkeypatch.setattr(holdout, "is_left_out", lambda *_: False)
    kontor.leave_cart(BEN)
    kontor.leave_cart("clara@example.com")
    kontor.forward(hours=2)
    assert compared(kontor) == Comparison(Side(2, 0), Side(1, 0))
    kontor.hear(kontor.store.pay(left_out))
    assert compared(kontor) == Comparison(Side(2, 0), Side(1, 1))


def everybody(kontor: Kontor, monkeypatch: pytest.MonkeyPatch) -> None:
    """She leaves half out, and chance falls on everybody."""
    save(kontor, holdout=50)
    mode(kontor, "live")
    monkeypatch.setattr(holdout, "is_left_out", lambda *_: True)


def compared(kontor: Kontor) -> Comparison | None:
    with reading(kontor.machine.db) as session:
        return holdout.compare(session, kontor.merchant_id, CART_RECOVERY.key)
