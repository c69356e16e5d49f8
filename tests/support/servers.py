"""Real PostgreSQL and Redis for the tests, started once for all xdist workers.

A server is started by the first worker that needs it and lives until the run
ends. Each test gets an empty database of its own.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.postgres import Databases, start_postgres
from tests.support.starting import Run
from tests.support.valkey import start_redis

RUN = pytest.StashKey[Run]()
LOCK = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    """Makes databases on a real PostgreSQL: TEST_DATABASE_URL, the machine's, or the wheel's."""
    given = os.environ.get("TEST_DATABASE_URL")
    return Databases(given or pytestconfig.stash[RUN].once("postgres", start_postgres))


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database: the test runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kontor.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config, worker_number: int) -> str:
    """The address of this worker's own database on a real Redis; it will be emptied."""
    given = os.environ.get("TEST_REDIS_URL")
    server = given or pytestconfig.stash[RUN].once("redis", start_redis)
    return f"{server.rstrip('/')}/{worker_number}"


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The same, emptied before the test."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture(scope="session")
def worker_number(pytestconfig: pytest.Config) -> int:
    """0 for the first xdist worker, or where there is none."""
    worker: str = getattr(pytestconfig, "workerinput", {}).get("workerid", "gw0")
    return int(worker.removeprefix("gw"))


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the folder of the run and locks it; a worker is told of it."""
    told = getattr(config, "workerinput", {}).get("run")
    if told is not None:
        config.stash[RUN] = Run(Path(told))
        return
    run = Run(Path(tempfile.mkdtemp(prefix="kontor-tests-")))
    run.prepare()
    config.stash[RUN] = run
    config.stash[LOCK] = os.open(run.folder / "run", os.O_RDWR)
    fcntl.flock(config.stash[LOCK], fcntl.LOCK_EX)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: pytest.Session) -> None:
    """A hook of xdist's: the controller tells a worker where the run's folder is."""
    node.workerinput["run"] = str(node.config.stash[RUN].folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controller lets go of the run, waits for the keepers and clears up."""
    lock = config.stash.get(LOCK, None)
    if lock is None:
        return
    os.close(lock)
    folder = config.stash[RUN].folder
    with (folder / "keepers").open() as keepers:
        fcntl.flock(keepers, fcntl.LOCK_EX)
    shutil.rmtree(folder, ignore_errors=True)
