"""Transactions: nothing is half written, nothing is lost between threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import autocommit, insert, is_alive, reading, transaction
from core.models.tables import heartbeats, merchants, people
from core.writes import KeptConnection

THREADS, TIMES = 4, 100
KEEP = "INSERT INTO remote_hosts (host, timeouts) VALUES (?, ?) ON CONFLICT (host) DO NOTHING"


def at_once(work: Callable[[int], object]) -> None:
    """Run `work` in all threads, begun together."""
    ready = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        ready.wait(timeout=30)
        work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(begin, range(THREADS)))


def revision(db: Engine) -> int:
    with reading(db) as session:
        return int(session.execute(select(merchants.c.settings_rev)).scalar_one())


def test_four_threads_that_each_add_one_a_hundred_times_make_four_hundred(
    db: Engine, merchant_id: int
) -> None:
    def add(_number: int) -> None:
        for _ in range(TIMES):
            with transaction(db) as session:
                mine = update(merchants).where(merchants.c.id == merchant_id)
                session.execute(mine.values(settings_rev=merchants.c.settings_rev + 1))

    at_once(add)
    assert revision(db) == 1 + THREADS * TIMES


def test_reading_under_a_lock_and_then_writing_loses_nothing_either(db: Engine, merchant_id: int) -> None:
    def add(_number: int) -> None:
        for _ in range(TIMES // 4):
            with transaction(db) as session:
                mine = select(merchants.c.settings_rev).where(merchants.c.id == merchant_id)
                known = session.execute(mine.with_for_update()).scalar_one()
                session.execute(
                    update(merchants).where(merchants.c.id == merchant_id).values(settings_rev=known + 1)
                )

    at_once(add)
    assert revision(db) == 1 + THREADS * TIMES // 4


def test_of_four_who_write_the_same_row_one_wins_and_the_others_are_told(db: Engine) -> None:
    writing = KeptConnection(db)
    counts: list[int] = []

    def write(_number: int) -> None:
        counts.append(sum(writing.execute(KEEP, (f"host-{n}", 0)) for n in range(50)))
        writing.close()

    at_once(write)
    assert sum(counts) == 50


def test_a_transaction_that_fails_leaves_nothing_behind(db: Engine, merchant_id: int) -> None:
    def fail() -> None:
        with transaction(db) as session:
            session.execute(update(merchants).values(settings_rev=99))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert revision(db) == 1


def test_a_reader_sees_one_moment_and_blocks_no_writer(db: Engine, merchant_id: int) -> None:
    with reading(db) as session:
        session.execute(select(merchants.c.settings_rev)).all()
        with transaction(db) as other:
            other.execute(update(merchants).values(settings_rev=2))
    assert revision(db) == 2


def test_a_single_statement_counts_at_once(db: Engine) -> None:
    with autocommit(db) as connection:
        connection.execute(insert(heartbeats, connection).values(name="w1", at=clock.now()))
        with reading(db) as session:
            assert session.execute(select(heartbeats.c.name)).scalars().all() == ["w1"]


def test_a_row_of_nobody_is_refused(db: Engine) -> None:
    with pytest.raises(IntegrityError), transaction(db) as session:
        session.execute(
            insert(people, session).values(merchant_id=4711, version=1, seen={}, created_at=clock.now())
        )


def test_a_kept_connection_that_the_server_cut_is_opened_again(db: Engine) -> None:
    writing = KeptConnection(db)
    assert writing.execute(KEEP, ("first", 0)) == 1
    if db.dialect.name == "postgresql":
        _cut_everybody_else(db)
    assert writing.execute(KEEP, ("second", 0)) == 1
    writing.close()


def test_a_kept_connection_that_was_refused_writes_on(db: Engine) -> None:
    writing = KeptConnection(db)
    with pytest.raises(db.dialect.loaded_dbapi.IntegrityError):
        writing.execute("INSERT INTO remote_hosts (host, timeouts) VALUES (?, ?)", (None, 0))
    assert writing.execute(KEEP, ("host", 0)) == 1
    writing.close()


def test_a_database_that_answers_is_alive(db: Engine) -> None:
    assert is_alive(db)


def _cut_everybody_else(db: Engine) -> None:
    with autocommit(db) as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
