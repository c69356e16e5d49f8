"""The shop's web server: TLS, one thread per connection, faults, and a book of every call."""

import http.server
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.fakes.woocommerce.faults import Fault, Faults
from tests.fakes.woocommerce.messages import Reply, Request, not_found

Answer = Callable[[Request], Reply]
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Asked:
    """One call as it came, and the status it got: None where no answer left."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Front:
    """Which handler a request meets, and what is kept of it."""

    folder: str
    site: Answer
    control: Answer
    faults: Faults
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, request: Request, status: int | None) -> None:
        with self.lock:
            headers = dict(request.headers)
            self.asked.append(
                Asked(request.method, request.path, request.query, headers, request.body, status)
            )


class Server(http.server.ThreadingHTTPServer):
    """Closing it ends its open connections and waits for their threads."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, front: Front, port: int, tls: ssl.SSLContext | None) -> None:
        self.front, self._tls = front, tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake is made in the connection's own thread."""
        request.settimeout(30)
        with self._known(request):
            try:
                secured = self._tls.wrap_socket(request, server_side=True) if self._tls else request
            except (OSError, ValueError):
                return
        with self._known(secured), closing(secured), suppress(ConnectionError, TimeoutError, ssl.SSLError):
            super().finish_request(secured, client_address)

    @contextmanager
    def _known(self, line: socket.socket) -> Iterator[None]:
        with self._guard:
            self._open.add(line)
        try:
            yield
        finally:
            with self._guard:
                self._open.discard(line)

    def server_close(self) -> None:
        self.front.faults.closing.set()
        with self._guard:
            for line in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
        super().server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is served alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def version_string(self) -> str:
        return "Apache"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The machine has one clock, which its web server tells."""
        return super().date_time_string(timestamp or int(self.server.front.now().timestamp()))

    def _serve(self) -> None:
        self.close_connection = True
        front = self.server.front
        request = self._read()
        path = request.path
        if path.startswith("/__fake__/"):
            self._write(request, front.control(request))
            return
        inside = path == front.folder or path.startswith(f"{front.folder}/")
        request = Request(
            request.method,
            path[len(front.folder) :] if inside else path,
            request.query,
            request.headers,
            request.body,
        )
        fault = front.faults.take(request.method, path)
        reply = self._faulty(front, fault, request, inside)
        front.keep(request, reply.status if reply else None)
        if reply is None:
            self._cut()
            return
        self._write(request, reply)

    def _faulty(self, front: Front, fault: Fault | None, request: Request, inside: bool) -> Reply | None:
        if fault is None:
            return self._answer(front, request, inside)
        if fault.kind in ("time_out", "slow"):
            front.faults.closing.wait(fault.seconds)
        if fault.kind in ("time_out", "cut"):
            return None
        instead = fault.reply()
        done = instead or self._answer(front, request, inside)
        return None if fault.kind == "answer_lost" else done

    def _answer(self, front: Front, request: Request, inside: bool) -> Reply:
        reply = front.site(request) if inside else not_found()
        if reply.after is not None:
            reply.after()
        return reply

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        length = min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(parts.path), parts.query, headers, self.rfile.read(length))

    def _write(self, request: Request, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(reply.body)

    def _cut(self) -> None:
        """A reset, as from a crash."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def log_message(self, format: str, *args: Any) -> None:
        """The book is kept in Front."""


def tls_context(chain: Path, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context
