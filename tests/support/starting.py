"""Starting a server once for all xdist workers of a run, and waiting until it answers."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
PATIENCE = 30.0


class NotStarted(Exception):
    """The server did not answer in time; the text says where its log is."""


@dataclass(frozen=True)
class Run:
    """One run of the tests and the folder its workers share."""

    folder: Path

    def prepare(self) -> None:
        """Others than root must be able to pass through, as PostgreSQL runs as somebody else."""
        self.folder.chmod(0o711)
        for name in ("run", "keepers", "starting"):
            (self.folder / name).touch()

    def once(self, name: str, start: Callable[["Run"], str]) -> str:
        """The address of the server `name`, started by whoever asks first."""
        noted = self.folder / f"{name}.url"
        with (self.folder / "starting").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not noted.exists():
                noted.write_text(start(self))
            return noted.read_text()

    def keep(self, command: list[str], log: Path, user: str = "") -> None:
        """Start `command` under a keeper, which ends it with the run."""
        keeper = [sys.executable, str(KEEPER), str(self.folder), user, *command]
        written = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        actions = [(os.POSIX_SPAWN_DUP2, written, 1), (os.POSIX_SPAWN_DUP2, written, 2)]
        os.posix_spawn(sys.executable, keeper, os.environ, file_actions=actions, setpgroup=0)
        os.close(written)


def wait_until(answers: Callable[[], bool], log: Path) -> None:
    """Raises NotStarted."""
    end = time.monotonic() + PATIENCE
    while not answers():
        if time.monotonic() > end:
            raise NotStarted(f"the server did not start: {log.read_text()}")
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
