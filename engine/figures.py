"""The figures of a flow, as they are written beside them on every page.

People count on the day they entered, orders on the day they were placed, and
messages on the day they were due, with whatever has become of them since.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Self

# What a message that was due has become. Each state is in one of these, so that they add up.
ACCEPTED, IN_DOUBT, FAILED, LEFT_OUT = ("done",), ("unknown",), ("failed",), ("skipped",)
WENT_OUT = ACCEPTED + IN_DOUBT


@dataclass(slots=True)
class Takings:
    """Orders in one currency. `recovered` are paid orders within five days
    after a counted click in a message, the last click counts, each order once;
    `bought_anyway` those of the same carts without a click. Worth is net of
    tax, shipping and refunds. `discount_minor` is what the codes used can
    have cost at most."""

    recovered: int = 0
    recovered_minor: int = 0
    bought_anyway: int = 0
    bought_anyway_minor: int = 0
    discount_minor: int = 0

    def add(self, other: Self) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(slots=True)
class Figures:
    """What one flow came to in some time. `entered` are people whose trip
    began, `held_out` those who get nothing, for comparison."""

    entered: int = 0
    held_out: int = 0
    accepted: int = 0
    in_doubt: int = 0
    failed: int = 0
    waiting: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    takings: dict[str, Takings] = field(default_factory=dict)

    @property
    def due(self) -> int:
        """Every message that was due became one of these."""
        return self.accepted + self.in_doubt + self.failed + self.left_out.total() + self.waiting

    @property
    def sent(self) -> int:
        """What may have arrived counts as sent."""
        return self.accepted + self.in_doubt

    @property
    def recovered(self) -> int:
        return sum(one.recovered for one in self.takings.values())

    @property
    def bought_anyway(self) -> int:
        return sum(one.bought_anyway for one in self.takings.values())

    def of(self, currency: str) -> Takings:
        return self.takings.setdefault(currency, Takings())

    def add(self, other: Self) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.left_out.update(other.left_out)
        for currency, taken in other.takings.items():
            self.of(currency).add(taken)


COUNTS = tuple(one.name for one in fields(Figures) if one.name not in ("left_out", "takings"))


@dataclass(frozen=True, slots=True)
class Key:
    """Whose figures: a flow, live or in shadow, on one day."""

    flow: str
    mode: str
    day: date


def total(some: Iterable[Figures]) -> Figures:
    found = Figures()
    for one in some:
        found.add(one)
    return found
