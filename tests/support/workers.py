"""Real worker processes: started, killed without warning, or asked to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

import app
from core.db import reading
from core.models.tables import heartbeats

PATIENCE = 60.0
LOOK_EVERY = 0.02
APP = Path(app.__file__).resolve()


@dataclass
class WorkerProcess:
    """`python app.py worker`, in a process of its own. What it says goes to `log`."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    def start(cls, environment: dict[str, str], folder: Path) -> "WorkerProcess":
        """In `folder`, so that no developer's .env is read."""
        log = folder / "workers.log"
        with log.open("ab") as written:
            process = subprocess.Popen(
                [sys.executable, str(APP), "worker"],
                cwd=folder,
                env={"PATH": os.environ.get("PATH", "")} | environment,
                stdout=written,
                stderr=written,
            )
        return cls(process, log)

    def wait_until_it_works(self, db: Engine) -> None:
        """Until its first heartbeat; a worker that ends instead has failed."""
        name = f"{socket.gethostname()}:{self.process.pid}"
        end = time.monotonic() + PATIENCE
        while not _has_beaten(db, name):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, f"no heartbeat: {self.log.read_text()}"
            time.sleep(LOOK_EVERY)

    def kill(self) -> None:
        """No warning, no last word."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def drain(self) -> tuple[int, float]:
        """Ask it to stop; its exit status, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE), time.monotonic() - began


def _has_beaten(db: Engine, name: str) -> bool:
    with reading(db) as session:
        found = session.execute(select(heartbeats.c.name).where(heartbeats.c.name == name))
        return found.first() is not None
