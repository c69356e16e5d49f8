"""Everything known about one batch of subjects, loaded and ready to be asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.actions import SubjectKind
from core.events import Line, Stock
from core.money import Money
from core.reasons import Reason
from engine.standing import Act


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose what: the person (unknown for a nameless cart), and the number of
    the cart or of the wish to be told that something is back."""

    person_id: int | None
    id: int
    kind: SubjectKind = "cart"


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
    # Wishes to be told, each with the variant as it stands; and how a line has been told of it last,
    # by variant, flow and mode.
    sign_ups: dict[int, Any] = field(default_factory=dict)
    queues: dict[tuple[int, str, str], Any] = field(default_factory=dict)
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

    def matter(self, subject: Subject) -> Any:
        """What the trip is about: the cart's row, or the wish's."""
        return (self.carts if subject.kind == "cart" else self.sign_ups)[subject.id]

    def lines_of(self, subject: Subject) -> Sequence[Line]:
        if subject.kind == "cart":
            return self.lines.get(subject.id, ())
        return (wished_line(self.sign_ups[subject.id]),)


def wished_line(row: Any) -> Line:
    """What somebody waits for, as if it were in her cart."""
    return Line(
        product_ref=row.product_ref,
        variant_ref=row.variant_ref,
        title=row.product_title,
        quantity=1,
        price=Money(row.total_minor, row.currency),
        variant_title=row.variant_title,
        sku=row.sku,
        image_url=row.image_url,
        url=row.product_url,
    )
