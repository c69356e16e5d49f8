"""The time: real for leases, tokens and signatures, a merchant's for waits.

A sandbox merchant's clock runs ahead of real time by `clock_offset_ms`; every
other merchant's clock is real time.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class HasClock(Protocol):
    clock_offset_ms: int


def now(merchant: HasClock | None = None) -> datetime:
    """Now, aware and in UTC; the merchant's now where one is given."""
    real = datetime.now(UTC)
    return real if merchant is None else real + offset(merchant)


def offset(merchant: HasClock) -> timedelta:
    """How far the merchant's clock runs ahead of real time."""
    return timedelta(milliseconds=merchant.clock_offset_ms)


def real_time(merchant: HasClock, at: datetime) -> datetime:
    """When, in real time, the merchant's clock will show `at`."""
    return at - offset(merchant)
