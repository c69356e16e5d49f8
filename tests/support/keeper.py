"""Keeps one server alive exactly as long as the test run: `keeper.py FOLDER USER COMMAND...`.

The run holds a lock on FOLDER/run. When it ends, however it ends, the lock
falls to us and we end our own child. We hold FOLDER/keepers shared meanwhile,
so that the run can wait until every server is gone.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any, TextIO


def main() -> None:
    folder, user, command = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    with (folder / "keepers").open() as keepers, (folder / "run").open() as run:
        fcntl.flock(keepers, fcntl.LOCK_SH)
        with subprocess.Popen(command, **as_user(user)) as server:
            signal.signal(signal.SIGCHLD, _end_with_the_server)
            if server.poll() is None:
                fcntl.flock(run, fcntl.LOCK_SH)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # To PostgreSQL this means: end now and leave nothing running.
            server.send_signal(signal.SIGINT)
        _clear_up(folder, keepers)


def _clear_up(folder: Path, keepers: TextIO) -> None:
    """The last keeper removes the folder, also where the run was killed."""
    try:
        fcntl.flock(keepers, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    shutil.rmtree(folder, ignore_errors=True)


def _end_with_the_server(_signal: int, _frame: FrameType | None) -> None:
    os._exit(1)


def as_user(user: str) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; "" means as who we are."""
    return {"user": user, "group": _group_of(user), "extra_groups": []} if user else {}


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


if __name__ == "__main__":
    main()
