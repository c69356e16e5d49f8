"""The queue: a bell that says "look at the rows"; it carries no data.

Rows are the truth. Huey takes a task off its queue before running it, so a
dying worker loses the task and the sweep rings again.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from huey import Huey, PriorityRedisExpireHuey, SqliteHuey
from huey.serializer import SignedSerializer
from redis import RedisError

from core.config import Config

QUIET_SECONDS = 0.01
AWAY = (OSError, sqlite3.Error, RedisError)

log = structlog.get_logger()


def open_queue(config: Config) -> Huey:
    """Huey on Redis where REDIS_URL is set, else on its own SQLite file.

    Tasks are signed: whoever can write to Redis must not run code here.
    """
    options: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=config.secret_key)}
    if config.redis_url:
        return PriorityRedisExpireHuey("kontor", url=_redis_url(config), **options)
    Path(config.queue_file).parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("kontor", filename=str(config.queue_file), fsync=False, timeout=30, **options)


def _redis_url(config: Config) -> str:
    """Hosted Redis often has a certificate nobody signed; accepting it must
    be asked for."""
    url = config.redis_url or ""
    insecure = url.startswith("rediss://") and config.redis_insecure_tls
    return f"{url}?ssl_cert_reqs=none" if insecure else url


class Bell:
    """Rings one kind of job, at most once per process and 10 ms.

    A ring that falls into the quiet time is made good at its end, so that the
    last row written is always followed by a ring.
    """

    def __init__(self, ring: Callable[[], Any]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._next = 0.0
        self._late: threading.Timer | None = None

    def ring(self) -> None:
        with self._lock:
            wait = self._next - time.monotonic()
            if wait > 0:
                self._ring_later(wait)
                return
            self._next = time.monotonic() + QUIET_SECONDS
        self._sound()

    def _ring_later(self, wait: float) -> None:
        if self._late is None:
            self._late = threading.Timer(wait, self._make_good)
            self._late.daemon = True
            self._late.start()

    def _make_good(self) -> None:
        with self._lock:
            self._late = None
            self._next = time.monotonic() + QUIET_SECONDS
        self._sound()

    def _sound(self) -> None:
        """The row is written: a bell that nobody hears is made good by the sweep."""
        try:
            self._ring()
        except AWAY as error:
            log.warning("bell_not_heard", why=type(error).__name__)
