"""What is to go wrong next, said beforehand."""

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "throttled",
    "too_many",
    "status",
    "html",
    "not_json",
    "silence",
    "cut",
    "lost_request",
    "lost_answer",
    "partial",
    "user_errors",
    "internal",
]
# At the line, before or after the call; the others happen inside it.
AT_THE_LINE: tuple[Kind, ...] = (
    "throttled",
    "too_many",
    "status",
    "html",
    "not_json",
    "silence",
    "cut",
    "lost_request",
    "lost_answer",
    "internal",
)


@dataclass
class Fault:
    """`on` is a root field, an operation's name, "token", "graphql" or "any";
    `shop` limits it to one shop; `skip` lets the first calls through."""

    kind: Kind
    times: int = 1
    on: str = "any"
    shop: str | None = None
    skip: int = 0
    status: int = 503
    retry_after: str | None = None
    seconds: float = 60.0
    errors: list[dict[str, Any]] = field(default_factory=list)


class Faults:
    """Used up one per occasion, in the order they were said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    @property
    def left(self) -> int:
        with self._lock:
            return sum(one.times for one in self._waiting)

    def take(self, kinds: tuple[Kind, ...], shop: str, names: set[str]) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                fits = fault.kind in kinds and fault.on in names | {"any"}
                if not fits or fault.shop not in {None, shop}:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
