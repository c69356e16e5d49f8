"""Writes that arrive together are made durable together, and none is answered unwritten."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from core.db import connect, reading
from core.models.tables import remote_hosts
from core.writes import GroupedWrites, durable_writes

KEEP = "INSERT INTO remote_hosts (host, timeouts) VALUES (?, ?)"


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


def written(engine: Engine) -> int:
    with reading(engine) as session:
        return int(session.execute(select(func.count()).select_from(remote_hosts)).scalar_one())


def test_many_threads_write_each_row_once(lite: Engine) -> None:
    writing, ready = durable_writes(lite), threading.Barrier(8)

    def write(thread: int) -> int:
        ready.wait(timeout=30)
        return sum(writing.execute(KEEP, (f"{thread}-{n}", 0)) for n in range(25))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 200
    writing.close()
    assert written(lite) == 200


def test_one_that_is_refused_spoils_nobody_elses(lite: Engine) -> None:
    writing, ready = durable_writes(lite), threading.Barrier(8)

    def write(thread: int) -> str:
        ready.wait(timeout=30)
        try:
            writing.execute(KEEP, ("the same" if thread % 2 else f"host-{thread}", 0))
        except lite.dialect.loaded_dbapi.IntegrityError:
            return "refused"
        return "written"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == ["refused"] * 3 + ["written"] * 5
    writing.close()
    assert written(lite) == 5


def test_where_no_connection_is_to_be_had_everybody_who_waits_is_told(
    lite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, waiting = GroupedWrites(lite), threading.Barrier(4)

    def none_to_be_had() -> None:
        raise OperationalError("connect", None, Exception("unable to open database file"))

    monkeypatch.setattr(lite, "raw_connection", none_to_be_had)

    def write(thread: int) -> str:
        waiting.wait(timeout=30)
        try:
            writing.execute(KEEP, (f"host-{thread}", 0))
        except OperationalError:
            return "told"
        return "believes it is written"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == ["told"] * 4
