"""What may go wrong on the way to the shop, on demand."""

import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.woocommerce.messages import Reply, page

Kind = Literal[
    "too_many",
    "unavailable",
    "maintenance",
    "server_error",
    "waf",
    "html",
    "time_out",
    "cut",
    "answer_lost",
    "slow",
]
BEFORE: dict[str, tuple[int, str]] = {
    "too_many": (429, "Too Many Requests"),
    "unavailable": (503, "Service Unavailable"),
    "maintenance": (503, "Briefly unavailable for scheduled maintenance. Check back in a minute."),
    "server_error": (500, "There has been a critical error on this website."),
    "waf": (403, "Request blocked by the firewall"),
    "html": (200, "Just a moment..."),
}


@dataclass
class Fault:
    """`times` None: until it is lifted. `path` is a regular expression."""

    kind: Kind
    times: int | None = 1
    method: str | None = None
    path: str = ""
    seconds: float = 60.0
    retry_after: int | None = 30

    def meets(self, method: str, path: str) -> bool:
        return self.method in (None, method) and re.search(self.path, path) is not None

    def reply(self) -> Reply | None:
        """The answer given in the shop's place, if any."""
        if self.kind not in BEFORE:
            return None
        status, text = BEFORE[self.kind]
        wait = 600 if self.kind == "maintenance" else self.retry_after
        told = [("Retry-After", str(wait))] if status in (429, 503) and wait is not None else []
        return page(text, f"<h1>{text}</h1>", status, told)


@dataclass
class Faults:
    """Used up in their order; `closing` ends every wait."""

    waiting: list[Fault] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((one for one in self.waiting if one.meets(method, path)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
            return fault
