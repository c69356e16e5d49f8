"""Real time stands still, so that one second is one second on any machine."""

from datetime import datetime

import pytest

from core import clock


class StoppedClock:
    """Only `real` moves it; a merchant's clock still runs ahead by its own offset."""

    def __init__(self) -> None:
        self.real = clock.now()

    def now(self, merchant: clock.HasClock | None = None) -> datetime:
        return self.real if merchant is None else self.real + clock.offset(merchant)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    made = StoppedClock()
    monkeypatch.setattr(clock, "now", made.now)
    return made
