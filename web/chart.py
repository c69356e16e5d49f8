"""A small picture of some days: how many messages went out, and which orders came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from engine.figures import Figures

# In the picture's own units: it is as wide as the page lets it be.
SLOT, BAR = 10, 7
UP, DOWN = 56, 20
LEAST = 2


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Messages stand on the base line, orders hang from it; each is drawn
    against its own greatest day."""

    days: Sequence[tuple[date, int, int]]
    bars: Sequence[Bar]
    height: int
    base = UP
    bar = BAR

    @property
    def width(self) -> int:
        return SLOT * len(self.days)

    @property
    def messages(self) -> int:
        return sum(messages for _, messages, _ in self.days)

    @property
    def orders(self) -> int:
        return sum(orders for _, _, orders in self.days)

    @property
    def busiest(self) -> tuple[date, int, int]:
        return max(self.days, key=lambda day: day[1])


def of(days: Sequence[date], figures: Sequence[Figures], *, shadow: bool = False) -> Chart:
    """In shadow the messages are those that would have gone."""
    told = [
        (day, one.left_out["shadow"] if shadow else one.sent, one.recovered)
        for day, one in zip(days, figures, strict=True)
    ]
    most = (max((some for _, some, _ in told), default=0), max((some for _, _, some in told), default=0))
    bars = []
    for nth, (_, messages, orders) in enumerate(told):
        x = nth * SLOT + (SLOT - BAR) // 2
        if messages:
            height = _height(messages, most[0], UP - 4)
            bars.append(Bar("messages", x, UP - height, height))
        if orders:
            bars.append(Bar("orders", x, UP + 2, _height(orders, most[1], DOWN - 4)))
    return Chart(told, bars, UP + 1 if shadow else UP + DOWN)


def _height(some: int, most: int, whole: int) -> int:
    """Whatever there was can be seen."""
    return max(LEAST, round(whole * some / most))
