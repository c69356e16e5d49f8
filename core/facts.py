"""What a flow may know when it decides: frozen, with `now` and `as_of`.

A flow names the types it needs; the engine loads them for a whole batch, from
our records or, where they must be true this very second, from the shop.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from core.events import Line, Stock
from core.money import Money
from core.reasons import Reason

Mode = Literal["off", "shadow", "live"]


@dataclass(frozen=True, slots=True)
class Fact:
    """`now` is the merchant's time of deciding, `as_of` when it was true."""

    now: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True)
class CartFacts(Fact):
    """The cart in question; `newest` is false where the person left a newer
    one. `cart_id` is our own number of it. `completed` says the platform
    itself marks it as bought."""

    cart_id: int
    ref: str
    started_at: datetime
    activity_at: datetime
    lines: tuple[Line, ...]
    total: Money
    completed: bool
    test: bool
    newest: bool


@dataclass(frozen=True, slots=True)
class PurchaseFacts(Fact):
    """When the person bought: times of orders that count as bought, newest
    first. Orders that were cancelled unpaid, voided or tests are not among them."""

    bought_at: tuple[datetime, ...]

    def after(self, moment: datetime) -> bool:
        return any(at >= moment for at in self.bought_at)


@dataclass(frozen=True, slots=True)
class StockFacts(Fact):
    """What can be sold of each variant asked about; unknown ones are absent."""

    stock: Mapping[str, Stock]

    def all_gone(self, variant_refs: tuple[str | None, ...]) -> bool:
        """Whether every one of these is known to be sold out."""
        known = [self.stock.get(ref) if ref else None for ref in variant_refs]
        return bool(known) and all(s is not None and not s.sellable for s in known)


@dataclass(frozen=True, slots=True)
class SignUpFacts(Fact):
    """A person's wish to hear when a variant is back: whether it still holds,
    and whether she has bought that very variant since."""

    variant_ref: str
    holds: bool
    bought: bool


@dataclass(frozen=True, slots=True)
class LineFacts(Fact):
    """A variant and the line of people who wait for it.

    `offered` says that shoppers can see it, `gone` that it will not come back.
    `running` says that the line is being told, in so many `waves` by now; `wave_at`
    is when the last wave began, of this restock or of one just before, since when
    so many people were `told` and so many units were `ordered`; `on_way` are
    those whose message may still go. `anybody` says
    whether somebody waits whose turn it could be, and from `later_at` on
    somebody does who is left in peace until then."""

    stock: Stock
    offered: bool
    gone: bool
    anybody: bool
    running: bool = False
    waves: int = 0
    wave_at: datetime | None = None
    told: int = 0
    ordered: int = 0
    on_way: int = 0
    later_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentFacts(Fact):
    """Whether the person may be written to, and if not, every reason why."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class TripFacts(Fact):
    """The person's trips through this flow in this mode: the active one's
    cart, steps done and first message's time, and when the last one ended
    with a message sent."""

    active_cart_id: int | None
    active_since: datetime | None
    steps_done: frozenset[int]
    rested_since: datetime | None
    wrote_at: datetime | None = None


F = TypeVar("F", bound=Fact)


class Facts:
    """The facts a flow asked for, by type."""

    def __init__(self, *facts: Fact) -> None:
        self._by_type: dict[type[Fact], Fact] = {type(fact): fact for fact in facts}

    def __getitem__(self, kind: type[F]) -> F:
        """Raises KeyError where the flow did not declare this need."""
        fact = self._by_type[kind]
        assert isinstance(fact, kind)
        return fact

    def only(self, needs: Collection[type[Fact]]) -> "Facts":
        """What a flow declared that it needs, and nothing else."""
        return Facts(*(fact for kind, fact in self._by_type.items() if kind in needs))

    def __contains__(self, kind: type[Fact]) -> bool:
        return kind in self._by_type
