"""Writing one row durably and at once, by the driver: for the webhook door.

Each statement is its own transaction. PostgreSQL gets a connection per
thread; SQLite, which has one writer, makes several durable together.
"""

import sqlite3
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine


def durable_writes(engine: Engine) -> "KeptConnection | GroupedWrites":
    """The quickest durable way to write single rows to this database."""
    return GroupedWrites(engine) if engine.dialect.name == "sqlite" else KeptConnection(engine)


class KeptConnection:
    """The driver's own connection, one per thread, on which each statement is
    its own transaction: the quickest durable way to write one row."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._local = threading.local()
        self._paramstyle = "%s" if engine.dialect.name == "postgresql" else "?"

    def execute(self, statement: str, values: tuple[Any, ...]) -> int:
        """Run `statement`, whose values are marked by ?; the number of rows
        it touched. A connection the server has cut is opened once more."""
        sql = statement.replace("?", self._paramstyle)
        try:
            return self._run(sql, values)
        except self._engine.dialect.loaded_dbapi.OperationalError:
            if self._engine.dialect.name == "sqlite":
                raise
            self.close()
            return self._run(sql, values)

    def close(self) -> None:
        """Give this thread's connection back."""
        held = getattr(self._local, "held", None)
        if held is not None:
            held.invalidate()
            del self._local.held

    def _run(self, sql: str, values: tuple[Any, ...]) -> int:
        cursor = self._connection().cursor()
        try:
            cursor.execute(sql, values)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _connection(self) -> Any:
        if not hasattr(self._local, "held"):
            self._local.held = self._engine.raw_connection()
            if self._engine.dialect.name == "postgresql":
                self._local.held.driver_connection.autocommit = True
        return self._local.held.driver_connection


class GroupedWrites:
    """The same for SQLite, which has one writer and makes sure of the disk at
    each commit: statements that arrive while another is being made durable
    are made durable together, and each is answered only then.

    Whoever gets the turn writes for all who wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._waiting: deque[_Write] = deque()
        self._held: Any = None

    def execute(self, statement: str, values: tuple[Any, ...]) -> int:
        write = _Write(statement, values)
        self._waiting.append(write)
        with self._turn:
            if not write.over:
                self._write_all()
        if write.error is not None:
            raise write.error
        return write.rows

    def close(self) -> None:
        with self._turn:
            if self._held is not None:
                self._held.invalidate()
                self._held = None

    def _write_all(self) -> None:
        group = []
        while self._waiting:
            group.append(self._waiting.popleft())
        try:
            if len(group) == 1 or not self._together(group):
                for write in group:
                    self._alone(write)
        except Exception as error:
            # Nobody whose statement was not written may go away believing it was.
            for write in group:
                write.error = None if write.over else error
            raise
        finally:
            for write in group:
                write.over = True

    def _together(self, group: list["_Write"]) -> bool:
        """False where one of them failed, which undoes them all."""
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in group:
                write.rows = connection.execute(write.statement, write.values).rowcount
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return False
        for write in group:
            write.over = True
        return True

    def _alone(self, write: "_Write") -> None:
        try:
            write.rows = self._connection().execute(write.statement, write.values).rowcount
        except sqlite3.Error as error:
            write.error = error
        write.over = True

    def _connection(self) -> Any:
        if self._held is None:
            self._held = self._engine.raw_connection()
        return self._held.driver_connection


@dataclass
class _Write:
    """One statement on its way, and what became of it."""

    statement: str
    values: tuple[Any, ...]
    rows: int = 0
    error: Exception | None = None
    over: bool = False
