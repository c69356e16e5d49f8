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

QUIET_SECONDS = 0.03
AWAY = (OSError, sqlite3.Error, RedisError)

log = structlog.get_logger()


def open_queue(config: Config) -> Huey:
    """Huey on Redis where REDIS_URL is set, else on its own SQLite file.

    Tasks are signed: whoever can write to Redis must not run code here.
    """
    options: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=config.secret_key)}
    if config.redis_url:
        return _RedisQueue("kontor", url=_redis_url(config), **options)
    Path(config.queue_file).parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("kontor", filename=str(config.queue_file), fsync=False, timeout=30, **options)


class _RedisQueue(PriorityRedisExpireHuey):  # type: ignore[misc] # Huey publishes no types.
    """A bell is never taken back: Redis need not be asked, before each, whether it was."""

    def is_revoked(self, task: Any, timestamp: Any = None, peek: bool = True) -> bool:
        return False


def _redis_url(config: Config) -> str:
    """Hosted Redis often has a certificate nobody signed; accepting it must
    be asked for."""
    url = config.redis_url or ""
    insecure = url.startswith("rediss://") and config.redis_insecure_tls
    return f"{url}?ssl_cert_reqs=none" if insecure else url


class Bell:
    """Rings one kind of job, at most once per process and 30 ms.

    A thread of its own rings, so that whoever answers a webhook waits for no
    queue. A ring that falls into the quiet time follows at its end: the last
    row written is always followed by a ring.
    """

    def __init__(self, ring: Callable[[], Any]) -> None:
        self._ring = ring
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._ringer: threading.Thread | None = None

    def ring(self) -> None:
        self._wanted.set()
        # A forked process has no thread of its parent's.
        if self._ringer is None or not self._ringer.is_alive():
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._ringer is None or not self._ringer.is_alive():
                self._ringer = threading.Thread(target=self._keep_ringing, name="bell", daemon=True)
                self._ringer.start()

    def _keep_ringing(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            try:
                self._ring()
            except AWAY as error:
                # The row is written: a bell that nobody hears is made good by the sweep.
                log.warning("bell_not_heard", why=type(error).__name__)
            time.sleep(QUIET_SECONDS)
