"""Real servers and processes for the bench; everything ends with it."""

import fcntl
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import app
from core import schema
from core.config import Config, read_config
from core.db import connect
from engine.machine import Machine
from tests.support.postgres import Databases, start_postgres
from tests.support.starting import Run, free_port
from tests.support.valkey import start_redis

ROOT = Path(__file__).parent.parent
# As hosted: an answered webhook survives a power cut.
DURABLE = "fsync=on full_page_writes=on synchronous_commit=on max_connections=200 shared_buffers=128MB"
PATIENCE = 60.0
LONGEST = 600.0


@dataclass(frozen=True)
class Pair:
    """A fresh migrated database and the queue that goes with it."""

    name: str
    settings: dict[str, str]
    floor_url: str

    def config(self, **more: str) -> Config:
        return read_config(self.settings | more)

    def machine(self, **more: str) -> Machine:
        return app.build(self.config(**more))[0]


class Servers:
    """PostgreSQL and Redis of our own, started when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run = Run(folder)
        self._run.prepare()
        self._pairs = 0

    def pair(self, kind: str) -> Pair:
        """`kind` is "SQLite" or "PostgreSQL"; the latter with Redis."""
        self._pairs += 1
        made = self._sqlite() if kind == "SQLite" else self._postgres()
        engine = connect(made.config().sqlalchemy_url)
        schema.migrate(engine)
        engine.dispose()
        return made

    def _sqlite(self) -> Pair:
        folder = self.folder / f"pair-{self._pairs}"
        folder.mkdir()
        settings = self._settings(f"sqlite:///{folder}/kontor.db") | {"QUEUE_FILE": str(folder / "queue.db")}
        return Pair("SQLite", settings, f"sqlite:///{folder}/floor.db")

    def _postgres(self) -> Pair:
        databases = Databases(self._run.once("postgres", lambda run: start_postgres(run, DURABLE)))
        redis_url = f"{self._run.once('redis', start_redis)}/{self._pairs}"
        settings = self._settings(databases.create()) | {"REDIS_URL": redis_url}
        return Pair("PostgreSQL", settings, databases.create())

    def _settings(self, database_url: str) -> dict[str, str]:
        told = {"KONTOR_ENV": "development", "DATABASE_URL": database_url, "LOG_LEVEL": "warning"}
        return told | {"DAILY_MAIL_FIRST_WEEK": "1000000", "DAILY_MAIL": "1000000"}


@contextmanager
def servers() -> Iterator[Servers]:
    """A folder that is gone afterwards, and the servers in it ended."""
    folder = Path(tempfile.mkdtemp(prefix="kontor-bench-"))
    made = Servers(folder)
    lock = os.open(folder / "run", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield made
    finally:
        os.close(lock)
        with (folder / "keepers").open() as keepers:
            fcntl.flock(keepers, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def process(command: Sequence[str], settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, drained first, when the block ends."""
    environment = _plain_environment() | settings
    started = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(35)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def web(
    application: str, settings: dict[str, str], workers: int = 2, threads: int = 8
) -> Iterator[tuple[int, int]]:
    """An application behind gunicorn; its port and the process's number."""
    port = free_port()
    command = (
        *(sys.executable, "-m", "gunicorn", "-k", "web.serving.Worker", "--workers", str(workers)),
        *("--threads", str(threads), "--no-control-socket", "--log-level", "error", "--keep-alive", "75"),
        *("--bind", f"127.0.0.1:{port}", application),
    )
    with process(command, settings) as started:
        wait_until(lambda: _listens(port), started)
        _first_answer(port)
        yield port, started.pid


@contextmanager
def worker(settings: dict[str, str]) -> Iterator[int]:
    """A real worker; its process's number."""
    with process((sys.executable, "app.py", "worker"), settings) as started:
        yield started.pid


def load(order: dict[str, Any]) -> dict[str, Any]:
    """Let the load generator run one order in a process of its own."""
    done = subprocess.run(
        (sys.executable, "-m", "bench.load"),
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=True,
        cwd=ROOT,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    if told["accepted"] != order["count"]:
        raise RuntimeError(f"only {told['accepted']} of {order['count']} webhooks were accepted")
    return told


def wait_until(
    holds: Callable[[], bool],
    started: subprocess.Popen[bytes] | None = None,
    patience: float = PATIENCE,
    every: float = 0.05,
) -> None:
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end or (started is not None and started.poll() is not None):
            raise RuntimeError("what the bench waits for did not come about")
        time.sleep(every)


def _first_answer(port: int) -> None:
    """gunicorn listens before the application is imported."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.request("GET", "/healthz")
    line.getresponse().read()
    line.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _plain_environment() -> dict[str, str]:
    """Nothing of the surroundings' own settings gets in."""
    return {name: value for name, value in os.environ.items() if name.lower() not in Config.model_fields}
