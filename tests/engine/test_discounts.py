"""Codes: only when due, once, within the budget, with a true end; unused ones are taken out again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from core import clock
from core.db import reading
from core.errors import InDoubt, Permanent, Retryable
from core.models.tables import discount_codes, effects
from engine import sweep
from engine.kept_messages import kept_message
from integrations.roles import Access, Answer, DiscountOrder, LiveShop, Question
from integrations.sandbox.bodies import CodeBody
from integrations.sandbox.records import Records
from tests.engine.stories import (
    ANNA,
    BEN,
    mode,
    save,
    save_preset,
    save_shop,
    sent,
    step_settings,
    steps,
    trips,
)
from tests.support.kontor import Kontor

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Doubtful:
    """The sandbox's shop whose next calls for a code fail after, or before, doing it."""

    shop: LiveShop
    fails: list[Exception] = field(default_factory=list)
    does_it_first: bool = True
    made: list[str] = field(default_factory=list)

    def ask(self, access: Access, question: Question) -> Answer:
        return self.shop.ask(access, question)

    def look_up(self, access: Access, wanted: Any) -> Any:
        return self.shop.look_up(access, wanted)

    def create_discount(self, access: Access, order: DiscountOrder) -> None:
        failing = self.fails.pop(0) if self.fails else None
        if failing is None or self.does_it_first:
            self.made.append(order.code)
            self.shop.create_discount(access, order)
        if failing is not None:
            raise failing

    def has_discount(self, access: Access, code: str) -> bool:
        return self.shop.has_discount(access, code)

    def remove_discount(self, access: Access, code: str) -> None:
        self.shop.remove_discount(access, code)


@pytest.fixture
def shop(kontor: Kontor) -> Doubtful:
    """A first step with 10 %, at a shop whose answers may get lost."""
    doubtful = Doubtful(kontor.machine.live["sandbox"])
    kontor.machine = replace(kontor.machine, live={"sandbox": doubtful})
    save(kontor, steps=step_settings(1, content="incentive", incentive="percent", value=10))
    return doubtful


def in_shop(kontor: Kontor) -> list[CodeBody]:
    with reading(kontor.machine.db) as session:
        return Records(session, kontor.merchant_id, locking=False).all("code", CodeBody)


def test_a_discount_is_off_until_she_switches_it_on(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(days=5)
    assert kontor.rows(discount_codes) == []
    assert sent(kontor) == [1, 2]


def test_the_code_is_made_when_due_and_not_before_and_stands_in_the_message(
    kontor: Kontor, shop: Doubtful
) -> None:
    kontor.leave_cart()
    kontor.forward(minutes=55)
    assert kontor.rows(discount_codes) == in_shop(kontor) == []
    kontor.forward(minutes=10)
    (code,), (known,) = kontor.rows(discount_codes), in_shop(kontor)
    assert (known.code, known.kind, known.value, known.email) == (code.code, "percent", 10, ANNA)
    assert code.code in _text(kontor)


def test_the_end_is_a_midnight_at_least_48_hours_ahead_and_the_message_states_it(
    kontor: Kontor, shop: Doubtful
) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    (code,) = kontor.rows(discount_codes)
    (message,) = kontor.rows(effects, effects.c.kind == "send_message", effects.c.step == 1)
    ends = code.ends_at.astimezone(BERLIN)
    assert ends.time() == time(0)
    assert timedelta(hours=48) <= code.ends_at - message.acted_at <= timedelta(hours=72)
    last_day = ends - timedelta(minutes=1)
    assert str(last_day.day) in _text(kontor)
    assert in_shop(kontor)[0].ends_at.astimezone(UTC) == code.ends_at


def test_two_people_never_share_a_code(kontor: Kontor, shop: Doubtful) -> None:
    kontor.leave_cart(ANNA)
    kontor.leave_cart(BEN)
    kontor.forward(hours=2)
    codes = {row.code for row in kontor.rows(discount_codes)}
    assert len(codes) == 2
    assert {code.email for code in in_shop(kontor)} == {ANNA, BEN}


@pytest.mark.parametrize("does_it_first", [True, False])
@pytest.mark.parametrize("failing", [Retryable("lost"), InDoubt("lost")])
def test_after_a_doubtful_answer_the_shop_is_asked_for_that_very_code(
    kontor: Kontor, shop: Doubtful, failing: Exception, does_it_first: bool
) -> None:
    shop.fails, shop.does_it_first = [failing], does_it_first
    kontor.leave_cart()
    kontor.forward(hours=1, minutes=1)
    _sweep(kontor)
    kontor.forward(hours=1)
    (code,) = kontor.rows(discount_codes)
    assert [known.code for known in in_shop(kontor)] == [code.code]
    assert shop.made == [code.code], "made once"
    assert sent(kontor) == [1]


def test_a_shop_that_refuses_the_code_for_good_gets_no_message_without_it(
    kontor: Kontor, shop: Doubtful
) -> None:
    shop.fails, shop.does_it_first = [Permanent("no discounts here")], False
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert steps(kontor)[0] == (1, "skipped", "provider_refused")
    kontor.forward(days=2)
    assert steps(kontor)[1] == (2, "done", None)


def test_no_code_is_made_for_somebody_who_has_bought(kontor: Kontor, shop: Doubtful) -> None:
    cart = kontor.leave_cart()
    kontor.forward(minutes=59)
    kontor.store.pay(cart)  # The webhook is lost.
    kontor.forward(hours=2)
    assert kontor.rows(discount_codes) == in_shop(kontor) == []
    assert trips(kontor) == [("exited", "bought")]


def test_a_cart_below_the_minimum_gets_no_code(kontor: Kontor, shop: Doubtful) -> None:
    save(kontor, discount_minimum=1801)
    kontor.leave_cart()
    kontor.forward(days=3)
    assert steps(kontor) == [(1, "skipped", "below_minimum"), (2, "done", None)]
    assert in_shop(kontor) == []


def test_the_minimum_goes_with_the_code(kontor: Kontor, shop: Doubtful) -> None:
    save(kontor, discount_minimum=1500)
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert in_shop(kontor)[0].minimum == 1500


def test_when_the_budget_is_used_up_the_step_is_left_out(kontor: Kontor, shop: Doubtful) -> None:
    """A mug for 18.00: each code can cost 1.80."""
    save(kontor, discount_budget=359)
    kontor.leave_cart(ANNA)
    kontor.leave_cart(BEN)
    kontor.forward(days=3)
    assert sorted(steps(kontor)) == [
        (1, "done", None),
        (1, "skipped", "discount_spent"),
        (2, "done", None),
        (2, "done", None),
    ]
    assert [row.reserved_minor for row in kontor.rows(discount_codes)] == [180]


def test_an_expired_code_nobody_used_is_taken_out_and_its_money_is_free_again(
    kontor: Kontor, shop: Doubtful
) -> None:
    save(kontor, discount_budget=180)
    kontor.leave_cart(ANNA)
    kontor.forward(days=4)
    assert in_shop(kontor) == []
    assert kontor.rows(discount_codes)[0].removed_at is not None
    kontor.leave_cart(BEN)
    kontor.forward(hours=2)
    assert len(in_shop(kontor)) == 1


def test_a_used_code_is_kept(kontor: Kontor, shop: Doubtful) -> None:
    cart = kontor.leave_cart()
    kontor.forward(hours=2)
    kontor.hear(kontor.store.pay(cart, kontor.rows(discount_codes)[0].code))
    kontor.forward(days=5)
    assert len(in_shop(kontor)) == 1
    (code,) = kontor.rows(discount_codes)
    assert (code.used_at is not None, code.removed_at) == (True, None)
    assert kontor.rows(effects, effects.c.kind == "remove_discount")[0].reason == "bought"


def test_taking_our_own_code_out_is_not_stopped_by_switching_off(kontor: Kontor, shop: Doubtful) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    mode(kontor, "off")
    kontor.forward(days=5)
    assert in_shop(kontor) == []


def test_each_step_of_the_ladder_has_a_code_of_its_own(kontor: Kontor) -> None:
    save_preset(kontor, "ladder")
    save_shop(kontor, cap_week=4)
    kontor.leave_cart()
    kontor.forward(days=3.5)
    made = kontor.rows(discount_codes)
    assert [(row.kind, row.value) for row in made] == [("percent", 10), ("percent", 15), ("free_shipping", 0)]
    assert len({row.code for row in made}) == 3


def test_the_fourth_step_of_the_ladder_needs_a_higher_cap_than_three_a_week(kontor: Kontor) -> None:
    save_preset(kontor, "ladder")
    kontor.leave_cart()
    kontor.forward(days=6)
    assert [(step, reason) for step, _, reason in steps(kontor)][3] == (4, "capped")


def _sweep(kontor: Kontor) -> None:
    """A minute later in real time the sweep asks about what is in doubt."""
    in_doubt = update(effects).where(effects.c.state == "unknown", effects.c.lease_until.is_not(None))
    kontor.write(in_doubt.values(lease_until=clock.now() - timedelta(seconds=1)))
    sweep.leases(kontor.machine)
    kontor.settle()


def _text(kontor: Kontor) -> str:
    (row,) = kontor.rows(effects, effects.c.kind == "send_message", effects.c.step == 1)
    return kept_message(kontor.machine, row.key, row.content).text
