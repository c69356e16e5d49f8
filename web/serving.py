"""Gunicorn's threads, each lent to a visitor for so long and no longer.

By itself gunicorn lets a thread wait for ever for a request whose rest never
comes, and holds the whole process up for whoever does not hang up: eight idle
lines, and nobody else is served. So a line is given to a thread once it has
something to say, and each line has a clock.
"""

import errno
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from gunicorn.workers import gthread

# A whole request, head and body.
ASKED_WITHIN = 10.0
# An answer must be taken off; pages are small.
TAKEN_WITHIN = 20.0
# What has come and was not read is thrown away before a line is closed.
DRAINED_WITHIN = 0.05

T = TypeVar("T")


class Line(socket.socket):
    """A visitor's line. One whose time is over ends as if the other side had hung up."""

    over_at = 0.0

    @classmethod
    def of(cls, plain: socket.socket) -> "Line":
        return cls(plain.family, plain.type, plain.proto, fileno=plain.detach())

    def lend(self, seconds: float) -> None:
        self.over_at = time.monotonic() + seconds

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        left = self.over_at - time.monotonic()
        if left <= 0:
            return b""
        self.settimeout(left)
        try:
            return super().recv(size, flags)
        except TimeoutError:
            return b""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        send = super().sendall
        self._taken(lambda: send(data, flags))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        send = super().sendfile
        return self._taken(lambda: send(file, offset, count))

    def _taken(self, send: Callable[[], T]) -> T:
        self.settimeout(TAKEN_WITHIN)
        try:
            return send()
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the answer was not taken off") from error


class Worker(gthread.ThreadWorker):  # type: ignore[misc] # Gunicorn publishes no types.
    """What `-k web.serving.Worker` names."""

    def handle(self, conn: Any) -> Any:
        """In a thread. A line that says nothing yet waits where it costs none."""
        if not isinstance(conn.sock, Line):
            conn.sock = Line.of(conn.sock)
        if not conn.initialized and not conn.wait_for_data(0):
            return gthread._DEFER  # noqa: SLF001 - Gunicorn's own word for it.
        conn.sock.lend(ASKED_WITHIN)
        return super().handle(conn)

    def finish_request(self, conn: Any, done: "Future[Any]") -> None:
        """In the one thread that all lines go through: it waits for nobody to hang up."""
        if isinstance(conn.sock, Line):
            conn.sock.lend(DRAINED_WITHIN)
        super().finish_request(conn, done)
