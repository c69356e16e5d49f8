"""A fresh sandbox starts on a Tuesday, live, and forgets the one before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.db import reading
from core.models import SettingsVersion
from core.runtime import Runtime
from integrations.sandbox.seed import current, seed, start_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("hour", [10, 3, 21])
def test_the_clock_starts_on_a_tuesday_at_the_hour_asked_for(runtime: Runtime, hour: int) -> None:
    merchant = seed(runtime, hour)
    local = clock.now(merchant).astimezone(BERLIN)
    assert (local.strftime("%A"), local.hour, local.minute) == ("Tuesday", hour, 0)
    assert merchant.clock_offset_ms > 0


@pytest.mark.parametrize("day", range(1, 32))
@pytest.mark.parametrize("hour", [3, 10, 21])
def test_the_start_always_lies_ahead_by_a_week_at_most(day: int, hour: int) -> None:
    for month in (3, 10):
        real_now = datetime(2026, month, day, 8, 0, tzinfo=UTC)
        start = start_of(hour, real_now)
        assert timedelta(0) < start - real_now <= timedelta(days=7, hours=1)
        assert (start.astimezone(BERLIN).weekday(), start.astimezone(BERLIN).hour) == (1, hour)


def test_cart_recovery_is_live_from_the_start(runtime: Runtime) -> None:
    merchant = seed(runtime)
    with reading(runtime.db) as session:
        saved = {row.scope: row for row in session.scalars(select(SettingsVersion))}
    flow = saved["cart_recovery"]
    assert flow.mode == "live"
    assert flow.live_since is not None
    assert flow.live_since <= clock.now(merchant)
    assert saved["shop"].data["imprint"].startswith("Birch & Ember")


def test_the_sandbox_in_use_is_the_last_one_made(runtime: Runtime) -> None:
    first, second = seed(runtime), seed(runtime, 21)
    with reading(runtime.db) as session:
        found = current(session)
    assert found is not None
    assert found.key == second.key != first.key
