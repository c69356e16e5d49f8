"""Two flows want the same day of one person: the weightier one gets it, and the other says who won."""

from dataclasses import replace
from typing import ClassVar

import pytest

from core.models.tables import effects
from flows.cart_recovery import CartRecovery
from flows.flow import Flow
from tests.engine.stories import CART_RECOVERY, is_known, mode, save, save_preset, save_shop
from tests.support.kontor import Kontor


class Nudge(CartRecovery):
    """A flow that is less urgent than cart recovery."""

    key: ClassVar[str] = "nudge"
    rank: ClassVar[int] = 30


def with_flow(kontor: Kontor, flow: Flow) -> None:
    """The other flow is live beside cart recovery, which writes after two hours."""
    kontor.machine = replace(kontor.machine, flows={CART_RECOVERY.key: CART_RECOVERY, flow.key: flow})
    save_preset(kontor, "gentle", all_on=False)
    mode(kontor, "live", flow)


def told(kontor: Kontor, flow: str, step: int = 1) -> tuple[str, str | None]:
    (row,) = kontor.rows(effects, effects.c.flow == flow, effects.c.step == step)
    return row.state, row.reason


def test_the_lower_flow_waits_and_names_the_winner(kontor: Kontor) -> None:
    with_flow(kontor, Nudge())
    save(kontor, steps=[{"after_hours": 2}])
    kontor.leave_cart()
    kontor.forward(hours=1.5)
    assert told(kontor, "nudge") == ("pending", "lost_slot:cart_recovery")
    kontor.forward(hours=1)
    assert told(kontor, "cart_recovery") == ("done", None)


def test_a_message_that_never_finds_a_free_day_is_left_out_with_the_winners_name(kontor: Kontor) -> None:
    with_flow(kontor, Nudge())
    kontor.leave_cart()
    kontor.forward(hours=26)
    state, reason = told(kontor, "nudge")
    assert (state, reason) == ("skipped", "lost_slot:cart_recovery")
    assert is_known(reason)


@pytest.mark.parametrize("cap_day", [1, 2])
def test_the_cap_counts_over_all_flows(kontor: Kontor, cap_day: int) -> None:
    """Where two a day are allowed, the priority still keeps the day for the weightier one."""
    save_shop(kontor, cap_day=cap_day)
    with_flow(kontor, Nudge())
    kontor.leave_cart()
    kontor.forward(hours=3)
    days = [row.slot_day for row in kontor.rows(effects) if row.slot_day is not None]
    assert len(days) == 1
