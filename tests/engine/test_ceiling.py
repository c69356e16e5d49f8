"""A shop sends only so much a day, little at first: what is over it waits for tomorrow and is not lost."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import Retryable
from core.models.tables import effects, mail_days, merchants
from engine import ceiling
from engine.mail_days import Sent
from tests.engine.stories import Postbox, mode, save, sent, step_settings, steps, with_postbox
from tests.engine.test_blast_guard import come
from tests.support.kontor import Kontor

MOST = 3


@pytest.fixture
def postbox(kontor_on_both: Kontor) -> Postbox:
    """A shop that may send three messages a day in its first week, and five later."""
    at_most(kontor_on_both, first_week=MOST, later=5)
    return with_postbox(kontor_on_both)


def at_most(kontor: Kontor, *, first_week: int, later: int) -> None:
    config = kontor.machine.config
    object.__setattr__(config, "daily_mail_first_week", first_week)
    object.__setattr__(config, "daily_mail", later)


def counted(kontor: Kontor) -> list[int]:
    """What was sent on each day."""
    days: dict[Any, int] = {}
    for row in kontor.rows(mail_days):
        days[row.day] = days.get(row.day, 0) + row.sent
    return [days[day] for day in sorted(days)]


def only_first_step(kontor: Kontor) -> None:
    save(kontor, steps=[step_settings(1)[0]])


def test_the_fourth_message_of_a_day_waits_for_tomorrow(kontor_on_both: Kontor, postbox: Postbox) -> None:
    kontor = kontor_on_both
    only_first_step(kontor)
    come(kontor, MOST + 2)
    kontor.forward(hours=2)
    assert len(postbox.sent) == MOST
    waiting = kontor.rows(effects, effects.c.state == "pending")
    assert [row.reason for row in waiting] == ["daily_ceiling"] * 2
    zone = ZoneInfo(kontor.merchant.timezone)
    assert {(row.wake_at + offset(kontor)).astimezone(zone).hour for row in waiting} == {0}
    kontor.forward(hours=14)
    assert len(postbox.sent) == MOST + 2
    assert len({message.to for message in postbox.sent}) == MOST + 2, "each got it once"
    assert counted(kontor) == [MOST, 2]


def offset(kontor: Kontor) -> timedelta:
    return timedelta(milliseconds=kontor.merchant.clock_offset_ms)


def test_who_waited_and_bought_gets_nothing_tomorrow(kontor_on_both: Kontor, postbox: Postbox) -> None:
    kontor = kontor_on_both
    only_first_step(kontor)
    come(kontor, MOST)
    cart = kontor.leave_cart("late@example.com")
    kontor.forward(hours=2)
    assert len(postbox.sent) == MOST
    kontor.hear(kontor.store.pay(cart))
    kontor.forward(days=1)
    assert "late@example.com" not in {message.to for message in postbox.sent}


def test_what_is_too_late_tomorrow_is_left_out_with_the_reason(
    kontor_on_both: Kontor, postbox: Postbox
) -> None:
    kontor = kontor_on_both
    only_first_step(kontor)
    at_most(kontor, first_week=1, later=1)
    come(kontor, 4)
    kontor.forward(days=4)
    said = [(state, reason) for _, state, reason in steps(kontor)]
    assert said.count(("done", None)) == 2, "one on each of the two days on which it made sense"
    assert [reason for state, reason in said if state == "skipped"] == ["daily_ceiling"] * 2


def test_after_the_first_week_it_sends_more(kontor_on_both: Kontor, postbox: Postbox) -> None:
    kontor = kontor_on_both
    only_first_step(kontor)
    come(kontor, 1)
    kontor.forward(hours=2)
    kontor.forward(days=7)
    come(kontor, 7, 10)
    kontor.forward(hours=2)
    assert counted(kontor) == [1, 5]


def test_shadow_writes_to_nobody_and_uses_nothing_up(kontor_on_both: Kontor, postbox: Postbox) -> None:
    kontor = kontor_on_both
    mode(kontor, "shadow")
    come(kontor, MOST + 2)
    kontor.forward(hours=2)
    assert counted(kontor) == []
    assert "daily_ceiling" not in {reason for _, _, reason in steps(kontor)}


def test_a_message_tried_again_counts_once(kontor_on_both: Kontor, postbox: Postbox) -> None:
    kontor = kontor_on_both
    only_first_step(kontor)
    postbox.failing = Retryable("451 try again later")
    come(kontor, 1)
    kontor.forward(hours=2)
    assert counted(kontor) == []
    postbox.failing = None
    kontor.forward(hours=2)
    assert (sent(kontor), counted(kontor)) == ([1], [1])


@pytest.mark.parametrize(("known", "most"), [(False, 200), (True, 10_000)])
def test_the_usual_ceilings(kontor: Kontor, known: bool, most: int) -> None:
    config = kontor.machine.config
    assert ceiling.at_most(config, Sent(0, known)) == most
    assert not ceiling.is_reached(config, Sent(most - 1, known))
    assert ceiling.is_reached(config, Sent(most, known))


def test_one_shops_ceiling_is_nobody_elses(kontor: Kontor) -> None:
    with_postbox(kontor)
    at_most(kontor, first_week=1, later=1)
    kontor.write(merchants.insert().values(key="other", name="Other", platform="sandbox", **other(kontor)))
    come(kontor, 1)
    kontor.forward(hours=2)
    assert {row.merchant_id for row in kontor.rows(mail_days)} == {kontor.merchant_id}


def other(kontor: Kontor) -> dict[str, Any]:
    told = {"timezone": "Europe/Berlin", "country": "DE", "currency": "EUR", "locale": "en"}
    return told | {"clock_offset_ms": 0, "settings_rev": 1, "created_at": kontor.now()}
