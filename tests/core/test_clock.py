"""The time: real for everybody, but ahead for a sandbox merchant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import time_machine

from core import clock

NOON = datetime(2026, 5, 5, 12, 0, 0, 250_000, tzinfo=UTC)


@dataclass
class Shop:
    clock_offset_ms: int = 0


@time_machine.travel(NOON, tick=False)
def test_the_time_is_aware_and_in_utc() -> None:
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC


@time_machine.travel(NOON, tick=False)
def test_a_real_shops_clock_is_the_real_one() -> None:
    assert clock.now(Shop()) == NOON


@time_machine.travel(NOON, tick=False)
def test_a_sandbox_clock_runs_ahead_by_its_offset() -> None:
    ahead = Shop(clock_offset_ms=90_061_001)
    assert clock.now(ahead) - clock.now() == timedelta(days=1, hours=1, minutes=1, seconds=1, milliseconds=1)


def test_what_a_shops_clock_will_show_happens_earlier_in_real_time() -> None:
    shop = Shop(clock_offset_ms=3_600_000)
    assert clock.real_time(shop, NOON) == NOON - timedelta(hours=1)
    assert clock.real_time(shop, NOON) + clock.offset(shop) == NOON
