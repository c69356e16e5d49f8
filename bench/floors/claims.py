"""The floor of claiming: rows that are due, claimed in batches and marked done."""

import sqlite3
import time
from typing import Any

import psycopg

BATCH = 50
LEASE = 60.0

INDEX = "CREATE INDEX due_next ON due (due_at) WHERE state = 'pending'"
CLAIM = (
    "UPDATE due SET state = 'claimed', claim = claim + 1, lease_until = ? WHERE id IN "
    "(SELECT id FROM due WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ?{lock}) "
    "RETURNING id, claim, payload"
)
# What is to be done stands in the row, as it must.
PAYLOAD = (
    '{"to": "anna@example.com", "content": "reminder", "cart": "https://shop.example/cart/123123123", '
    '"valid_until": "2026-11-23T10:00:00Z", "incentive": "none", "settings": 1}'
)
DONE = "UPDATE due SET state = 'done', done_at = ?, lease_until = NULL WHERE id = ? AND claim = ?"


class Due:
    """One table of waiting rows on SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        self._connection: Any = self._opened(url)

    def fill(self, count: int) -> None:
        """`count` rows that are due, a hundredth of a second apart."""
        number, real = ("INTEGER", "REAL") if self._sqlite else ("BIGINT", "DOUBLE PRECISION")
        self._run(
            f"CREATE TABLE due (id {number} PRIMARY KEY, payload TEXT, state TEXT, due_at {real}, "
            f"claim INTEGER, lease_until {real}, done_at {real})"
        )
        numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?) "
        source = "s" if self._sqlite else "generate_series(1, ?) AS s(n)"
        start = time.time() - count / 100 - 60
        self._run(
            f"{numbers if self._sqlite else ''}INSERT INTO due (id, payload, state, due_at, claim) "
            f"SELECT n, '{PAYLOAD}', 'pending', {start} + n / 100.0, 0 FROM {source}",
            (count,),
        )
        self._run(INDEX)
        if not self._sqlite:
            self._run("VACUUM ANALYZE due")

    def work(self, count: int) -> float:
        """Claim and mark done `count` rows; the seconds it took."""
        began = time.perf_counter()
        for _ in range(count // BATCH):
            self._begin()
            rows = self._run(self._claim(), (time.time() + LEASE, time.time(), BATCH)).fetchall()
            self._run("COMMIT")
            self._begin()
            cursor = self._connection.cursor()
            cursor.executemany(self._marked(DONE), [(time.time(), row[0], row[1]) for row in rows])
            self._run("COMMIT")
        return time.perf_counter() - began

    def close(self) -> None:
        self._connection.close()

    def _claim(self) -> str:
        return CLAIM.format(lock="" if self._sqlite else " FOR UPDATE SKIP LOCKED")

    def _begin(self) -> None:
        self._run("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        return self._connection.execute(self._marked(statement), values)

    def _marked(self, statement: str) -> str:
        return statement if self._sqlite else statement.replace("?", "%s")

    def _opened(self, url: str) -> Any:
        if not self._sqlite:
            return psycopg.connect(url, autocommit=True)
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection
