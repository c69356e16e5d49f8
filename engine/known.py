"""Everything known about one batch of subjects, loaded and ready to be asked."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.events import Line, Stock
from core.reasons import Reason
from engine.standing import Act


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose what: the person (unknown for a nameless cart) and the cart."""

    person_id: int | None
    cart_id: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place under the cap that a message of the person holds."""

    day: date
    effect_id: int
    flow: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A message of the person that waits for its time; `wake_at` is real
    time, and later than `due_at` where it was put off."""

    flow: str
    due_at: datetime
    wake_at: datetime | None = None


@dataclass
class Loaded:
    """Everything about one batch of subjects, ready to be asked about."""

    now: datetime
    persons: dict[int, Any] = field(default_factory=dict)
    carts: dict[int, Any] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    lines: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    orders: list[Any] = field(default_factory=list)
    stock: dict[str, Stock] = field(default_factory=dict)
    addresses: dict[int, Any] = field(default_factory=dict)
    names: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    acts: dict[int, list[Act]] = field(default_factory=lambda: defaultdict(list))
    suppressed: dict[str, Reason] = field(default_factory=dict)
    trips: dict[tuple[int, str, str], list[Any]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    slots: dict[int, list[Slot]] = field(default_factory=lambda: defaultdict(list))
    planned: dict[int, list[Planned]] = field(default_factory=lambda: defaultdict(list))
    # What whoever loaded it asked besides, in the order of the questions.
    also: list[list[Any]] = field(default_factory=list)
