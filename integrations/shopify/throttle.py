"""What a shop still lets us ask: its bucket of query points, as it last told us."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FULL_AGAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """`available` points at the moment `at`, refilled by `rate` a second up to `most`."""

    most: float
    available: float
    rate: float
    at: float

    def left(self, now: float) -> float:
        return min(self.most, self.available + (now - self.at) * self.rate)

    def wait_for(self, points: float, now: float) -> float:
        """Seconds until so many points are there; what never fits waits for a full bucket."""
        missing = min(points, self.most) - self.left(now)
        return max(missing, 0.0) / self.rate


class Throttle:
    """The buckets of all shops and what each question cost at most; shared by all threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._costs: dict[str, float] = {}

    def wait(self, shop: str, question: str) -> float:
        """Seconds to wait before asking; what is let pass counts as taken."""
        with self._lock:
            bucket, cost = self._buckets.get(shop), self._costs.get(question, 0.0)
            if bucket is None:
                return 0.0
            now = self._now()
            wait = bucket.wait_for(cost, now)
            if wait == 0:
                self._buckets[shop] = Bucket(bucket.most, bucket.left(now) - cost, bucket.rate, now)
            return wait

    def learn(self, shop: str, question: str, cost: Any) -> float:
        """Take over `extensions.cost`; seconds until the same question would pass."""
        told = _told(cost, self._now())
        if told is None:
            return 1.0
        requested, bucket = told
        with self._lock:
            self._forget_full(bucket.at)
            self._buckets[shop] = bucket
            self._costs[question] = requested
        return bucket.wait_for(requested, bucket.at)

    def _forget_full(self, now: float) -> None:
        """What was not heard of for minutes is full again and needs no memory."""
        self._buckets = {s: b for s, b in self._buckets.items() if now - b.at < FULL_AGAIN_SECONDS}


def _told(cost: Any, now: float) -> tuple[float, Bucket] | None:
    try:
        status = cost["throttleStatus"]
        most, available, rate = (
            float(status[key]) for key in ("maximumAvailable", "currentlyAvailable", "restoreRate")
        )
        requested = float(cost["requestedQueryCost"])
    except (KeyError, TypeError, ValueError):
        return None
    return (requested, Bucket(most, available, rate, now)) if rate > 0 else None
