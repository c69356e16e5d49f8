"""Fast-forward is a simulation: it stops at every due moment, at any hour, on any night."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.models.tables import effects
from engine import simulation
from tests.engine.stories import ANNA, BEN, rewind, save, save_preset, save_shop, sent, steps
from tests.support.kontor import Kontor, development

BERLIN = ZoneInfo("Europe/Berlin")
A_MOMENT = timedelta(seconds=3)


def acted(kontor: Kontor) -> list[datetime]:
    rows = kontor.rows(effects, effects.c.state == "done", effects.c.kind == "send_message")
    return sorted(row.acted_at for row in rows)


def test_each_message_goes_at_its_own_moment_however_far_one_jumps(kontor: Kontor) -> None:
    save_preset(kontor, "standard")
    began = kontor.now()
    kontor.leave_cart(ANNA)
    kontor.forward(minutes=17)
    kontor.leave_cart(BEN)
    kontor.forward(days=10)
    waited = [at - began for at in acted(kontor)]
    later = timedelta(minutes=17)
    expected = sorted(timedelta(hours=h) + off for h in (1, 24, 72) for off in (timedelta(0), later))
    assert len(waited) == 6
    for took, due in zip(waited, expected, strict=True):
        assert abs(took - due) < A_MOMENT
    assert kontor.now() - began >= timedelta(days=10, minutes=17)


def test_to_the_next_event_goes_exactly_there(kontor: Kontor) -> None:
    kontor.leave_cart()
    due = simulation.next_due(kontor.machine, kontor.merchant_id)
    assert due is not None
    assert abs(due - kontor.now() - timedelta(hours=1)) < A_MOMENT
    simulation.forward(kontor.machine, kontor.merchant_id, due)
    kontor.settle()
    assert sent(kontor) == [1]
    assert not simulation.is_moving(kontor.machine, kontor.merchant_id)


def test_many_small_steps_end_where_one_large_step_does(kontor: Kontor) -> None:
    began = kontor.now()
    kontor.leave_cart()
    for _ in range(30):
        kontor.forward(hours=1)
    assert [round((at - began) / timedelta(hours=1)) for at in acted(kontor)] == [1, 24]


@pytest.mark.parametrize("hour", [3, 21])
def test_a_story_begun_at_any_hour_is_the_same_story(sqlite_url: str, tmp_path: Path, hour: int) -> None:
    kontor = Kontor.open(development(tmp_path, sqlite_url), start_hour=hour)
    began = kontor.now()
    assert (began.astimezone(BERLIN).hour, began.astimezone(BERLIN).strftime("%A")) == (hour, "Tuesday")
    cart = kontor.leave_cart()
    kontor.forward(hours=1, minutes=1)
    kontor.hear(kontor.store.pay(cart))
    kontor.forward(days=4)
    assert steps(kontor) == [(1, "done", None), (2, "skipped", "bought")]
    kontor.close()


@pytest.mark.parametrize("evening", [datetime(2027, 3, 27, 22), datetime(2027, 10, 30, 22)])  # noqa: DTZ001 - The shop's own clock.
def test_the_night_the_clocks_change_moves_no_waiting_time(kontor: Kontor, evening: datetime) -> None:
    rewind(kontor, evening.replace(tzinfo=BERLIN))
    kontor.leave_cart()
    began = kontor.now()
    kontor.forward(days=3)
    assert [round((at - began) / timedelta(minutes=30)) for at in acted(kontor)] == [2, 48]


@pytest.mark.parametrize("day", [datetime(2027, 3, 27, 21), datetime(2027, 10, 30, 21)])  # noqa: DTZ001 - The shop's own clock.
def test_quiet_hours_end_at_eight_by_the_wall_clock_also_on_such_a_night(
    kontor: Kontor, day: datetime
) -> None:
    save_shop(kontor, quiet_email=True)
    rewind(kontor, day.replace(tzinfo=BERLIN))
    kontor.leave_cart()
    kontor.forward(hours=20)
    (at,) = acted(kontor)
    assert at.astimezone(BERLIN).strftime("%H:%M") == "08:00"


def test_the_days_of_the_cap_change_at_the_shops_midnight(kontor: Kontor) -> None:
    """Anna had her mail at half past eleven in the evening; the next day has begun half an hour later."""
    save(kontor, steps=[{"after_hours": 1}, {"after_hours": 13, "content": "answers"}])
    rewind(kontor, datetime(2027, 5, 4, 22, 30, tzinfo=BERLIN))
    kontor.leave_cart()
    kontor.forward(days=2)
    days = [row.slot_day.isoformat() for row in kontor.rows(effects)]
    assert days == ["2027-05-04", "2027-05-05"]
