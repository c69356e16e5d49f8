"""She looks back before she goes live: what the last thirty days would have been."""

import pytest

from core.models import Merchant
from engine import changes, looking_back
from engine.machine import Machine
from flows import CATALOGUE
from tests.web.browsing import Visitor


@pytest.fixture
def page(merchant: Merchant) -> str:
    return f"/m/{merchant.key}/flows/cart_recovery/look-back"


def two_leave_carts(visitor: Visitor) -> None:
    visitor.press("Add to cart").press("Go on to payment", "opt_in", email="ada@example.test")
    visitor.press("Leave this cart, be somebody new")
    visitor.press("Add to cart").press("Go on to payment", email="ben@example.test")


def test_before_anything_was_asked_the_page_says_what_to_do(visitor: Visitor, page: str) -> None:
    told = visitor.open(page).text
    assert "Before you go live, look back" in told
    assert "Nobody is written to." in told


def test_she_asks_sees_how_far_it_is_and_then_what_would_have_been(
    visitor: Visitor, page: str, machine: Machine
) -> None:
    two_leave_carts(visitor)
    under_way = visitor.open(page).press("Look back").text
    assert "Kontor is looking back" in under_way
    assert 'http-equiv="refresh"' in under_way
    looking_back.run(machine)
    told = visitor.open(page).text
    assert "Only people who agreed" in told
    assert "People who agreed, and existing customers" in told
    assert "The person has not agreed to receive advertising." in told
    assert 'http-equiv="refresh"' not in told
    assert "Nur wer zugestimmt hat" in visitor.open(f"{page}?lang=de").text


def test_after_settings_changed_the_page_says_that_it_is_out_of_date(
    visitor: Visitor, page: str, machine: Machine, merchant: Merchant
) -> None:
    two_leave_carts(visitor)
    visitor.open(page).press("Look back")
    looking_back.run(machine)
    assert "Settings have changed since" not in visitor.open(page).text
    changes.set_mode(machine, merchant.id, CATALOGUE["cart_recovery"], "shadow", "Mara")
    assert "Settings have changed since" in visitor.open(page).text


def test_where_no_cart_was_left_it_says_so(visitor: Visitor, page: str, machine: Machine) -> None:
    visitor.open(page).press("Look back")
    looking_back.run(machine)
    assert "No cart was left in this time" in visitor.open(page).text


def test_a_flow_that_nobody_has_is_not_found(visitor: Visitor, page: str) -> None:
    assert visitor.client.get(page.replace("cart_recovery", "horoscope")).status_code == 404


def test_one_click_leaves_some_people_out_and_another_nobody(visitor: Visitor, page: str) -> None:
    told = visitor.open(page).press("Leave out 10 %").text
    assert "10 of a hundred people, chosen by chance and always the same ones, get nothing." in told
    told = visitor.press("Leave nobody out").text
    assert "Leave some out, by chance and always the same ones, and compare." in told


def test_what_a_colleague_saves_at_that_moment_is_not_overwritten(
    visitor: Visitor, page: str, machine: Machine, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, usual = CATALOGUE["cart_recovery"], changes.save_flow

    def just_after_her(*given: object) -> int:
        monkeypatch.setattr(changes, "save_flow", usual)
        usual(machine, merchant.id, flow, {"minimum_cart": 2000}, "Ada")
        return usual(*given)  # type: ignore[arg-type]

    visitor.open(page)
    monkeypatch.setattr(changes, "save_flow", just_after_her)
    assert "Somebody has saved meanwhile" in visitor.press("Leave out 10 %").text
    assert "Leave some out" in visitor.text
