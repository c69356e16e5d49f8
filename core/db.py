"""The database: SQLite or PostgreSQL behind the same few calls.

`connect` builds the engine, `transaction` gives a Session that commits at the
end, `autocommit` a connection for single statements. Nothing here may be open
while the outside world is called.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from core.exchange import driver_errors, keep_order

BUSY_TIMEOUT_MS = 30_000
# PostgreSQL's classes: connection, serialization and deadlock, resources, in use, operator, system.
PASSING = ("08", "40", "53", "55", "57", "58")
# Serialization failure and deadlock.
GAVE_WAY = ("40001", "40P01")
MOST_TRIES = 5
T = TypeVar("T")


def connect(url: str, pool_size: int = 20) -> Engine:
    """The engine for `url`, as Config.sqlalchemy_url gives it."""
    if url.startswith("sqlite"):
        return _sqlite(url)
    # The hosts' poolers and a restarted server both cut idle connections.
    # What a failing statement carried may be personal, and errors end up in logs.
    # The connection given back last is given out first: what it has prepared is of use again.
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_use_lifo=True,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
    )
    keep_order(engine)
    return engine


def dispose_after_fork(engine: Engine) -> None:
    """A forked process must not share its parent's sockets."""
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


@contextmanager
def transaction(engine: Engine | Connection) -> Iterator[Session]:
    """A Session in one transaction, committed at the end, rolled back on error.
    Given a connection that is kept for several, it asks no pool for one."""
    with turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def passing(connection: Connection) -> Iterator[Connection]:
    """A transaction whose writing a power cut may undo, never tear: for what
    is worth nothing once the process is gone, as a claim is. It waits for no
    disk. Not to be begun within another transaction."""
    is_sqlite = connection.dialect.name == "sqlite"
    driver: Any = connection.connection.driver_connection
    if is_sqlite:
        driver.execute("PRAGMA synchronous=NORMAL")
    try:
        with turn(connection), connection.begin():
            if not is_sqlite:
                driver.execute("SET LOCAL synchronous_commit TO off")
            yield connection
    finally:
        if is_sqlite:
            _wait_for_the_disk_again(connection, driver)


def _wait_for_the_disk_again(connection: Connection, driver: Any) -> None:
    """A connection that can't be set right is never given to anybody again."""
    try:
        driver.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.invalidate()


def transact(engine: Engine | Connection, work: Callable[[Session], T]) -> T:
    """`work` in one transaction. Where two stand in each other's way,
    PostgreSQL undoes one of them: that one has changed nothing and begins anew."""
    for left in reversed(range(MOST_TRIES)):
        try:
            with transaction(engine) as session:
                return work(session)
        except DBAPIError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in GAVE_WAY:
                raise
    raise AssertionError("the last try returns or raises")


# SQLite has one writer, and whoever finds it busy sleeps and tries again:
# threads of one process line up here instead.
_TURNS: WeakKeyDictionary[Pool, threading.RLock] = WeakKeyDictionary()


def turn(engine: Engine | Connection) -> AbstractContextManager[object]:
    """This thread's turn to write, where there is one writer only."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    return _TURNS.setdefault(engine.engine.pool, threading.RLock())


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A Session that only reads: on SQLite it takes no write lock."""
    with (
        engine.connect().execution_options(kontor_reading=True) as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session


@contextmanager
def autocommit(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement is its own transaction. SQLite's
    driver is that by itself; told so, it would keep the mode in the pool."""
    alone: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
    options = {"kontor_autocommit": True} if engine.dialect.name == "sqlite" else alone
    with engine.connect().execution_options(**options) as connection:
        yield connection


def insert(table: Table, bind: Engine | Connection | Session) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT and RETURNING."""
    return _DIALECTS[dialect_of(bind)].insert(table)


def dialect_of(bind: Engine | Connection | Session) -> str:
    found = bind.get_bind() if isinstance(bind, Session) else bind
    return found.dialect.name


_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


def _sqlite(url: str) -> Engine:
    path = url.removeprefix("sqlite:///")
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False},
        pool_size=20,
        max_overflow=20,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Durable and concurrent: an answered webhook survives a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "cache_size=-16000",
        "mmap_size=0",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """The driver's own BEGIN loses updates and takes its lock too late.

    A reader that begins plainly sees one moment and blocks nobody.
    """
    options = connection.get_execution_options()
    if options.get("kontor_autocommit"):
        return
    begin = "BEGIN" if options.get("kontor_reading") else "BEGIN IMMEDIATE"
    driver: Any = connection.connection.driver_connection
    with driver_errors(connection, begin):
        driver.execute(begin)


# What SQLite says, and PostgreSQL's driver of a server that is gone.
AWAY = ("locked", "busy", "unable to open", "connection", "server closed")


def may_pass(error: Exception) -> bool:
    """Whether the same may well succeed later: the server was away, busy or
    in somebody's way. What it refuses, it refuses for good."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or any(word in str(error.orig) for word in AWAY)
    return str(state)[:2] in PASSING


def is_alive(engine: Engine) -> bool:
    """Whether the database answers; raises what the driver raises."""
    with autocommit(engine) as connection:
        return bool(connection.execute(text("SELECT 1")).scalar())
