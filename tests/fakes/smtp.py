"""A real SMTP server at a free port, with faults on demand.

It counts every message it accepted by Message-ID: what tests believe about
sending is read here, at the receiving end.
"""

import asyncio
import email
import email.policy
import socket
import ssl
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Fault = Literal[
    "450_at_rcpt",
    "550_at_rcpt",
    "553_at_mail",
    "451_after_data",
    "552_after_data",
    "554_after_data",
    "421_at_mail",
    "drop_at_mail",
    "drop_at_rcpt",
    "drop_after_accepting",
    "drop_before_accepting",
    "nonsense_after_data",
]


@dataclass
class Accepted:
    sender: str
    to: tuple[str, ...]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)


@dataclass
class FakeMailServer:
    """Used in a `with`. `faults` are used up one per occasion, `always` holds
    until it is cleared; `delay` is waited before a message is kept,
    `delay_after` between keeping it and the final answer. `beginnings` counts
    the messages whose text came, kept or not. `pipelining` says whether several
    commands may come at once (RFC 2920)."""

    delay: float = 0.0
    delay_after: float = 0.0
    always: Fault | None = None
    pipelining: bool = False
    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    faults: list[Fault] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    beginnings: int = 0
    host: str = "127.0.0.1"
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _open: set[asyncio.BaseTransport] = field(default_factory=set)
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)
        self._loop.close()

    def hang_up(self) -> None:
        """Close every line that is open, as a server does after a pause."""
        self._call(self._drop_all())

    def refuse_connections(self) -> None:
        """Nobody listens at the port any more."""
        self._call(self._close())

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._protocol, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop_all()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drop_all(self) -> None:
        """Until the last socket is closed: one that was accepted a moment ago
        opens its line only in the loop's next turns."""
        for _ in range(500):
            await asyncio.sleep(0.01)
            if not self._open:
                return
            for transport in list(self._open):
                assert isinstance(transport, asyncio.Transport)
                transport.abort()

    def _protocol(self) -> SMTP:
        return _Protocol(self)

    def fault(self, *these: Fault) -> Fault | None:
        """The fault of this occasion, if it is one of `these`."""
        if self.always in these:
            return self.always
        if self.faults and self.faults[0] in these:
            return self.faults.pop(0)
        return None

    def keep(self, envelope: Envelope) -> None:
        content = bytes(envelope.original_content or b"")
        accepted = Accepted(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        self.accepted.append(accepted)
        self.counts[str(accepted.mail["Message-ID"])] += 1


class _Protocol(SMTP):
    """aiosmtpd's server, which keeps book of its lines."""

    def __init__(self, fake: FakeMailServer) -> None:
        self._fake = fake
        super().__init__(
            _Handler(fake),
            hostname="mail.test",
            tls_context=fake.tls,
            auth_require_tls=False,
            authenticator=self._check if fake.login else None,
            loop=fake._loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._fake.connections += 1
        self._fake._open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        # After STARTTLS there are two: the encrypted line, and the one beneath it.
        self._fake._open -= {self.transport, self._original_transport}
        super().connection_lost(error)

    def _check(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        user, password = self._fake.login or ("", "")
        right = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=data == right, handled=False)


class _Handler:
    """Where aiosmtpd asks what to answer."""

    def __init__(self, fake: FakeMailServer) -> None:
        self._fake = fake

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self._fake.pipelining else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._fake.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        fault = self._fake.fault("553_at_mail", "421_at_mail", "drop_at_mail")
        if fault == "drop_at_mail":
            _break(server)
        if fault in {"553_at_mail", "421_at_mail"}:
            return f"{fault[:3]} sender <{address}> is not welcome"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._fake.fault("450_at_rcpt", "550_at_rcpt", "drop_at_rcpt")
        if fault == "drop_at_rcpt":
            _break(server)
        if fault in {"450_at_rcpt", "550_at_rcpt"}:
            return f"{fault[:3]} {fault[0]}.1.1 <{address}>: not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fake = self._fake
        fake.beginnings += 1
        if fake.delay:
            await asyncio.sleep(fake.delay)
        fault = fake.fault(
            "451_after_data",
            "552_after_data",
            "554_after_data",
            "drop_after_accepting",
            "drop_before_accepting",
            "nonsense_after_data",
        )
        if fault in {None, "drop_after_accepting"}:
            fake.keep(envelope)
        if fake.delay_after:
            await asyncio.sleep(fake.delay_after)
        if fault is None:
            return f"250 2.0.0 OK: queued as {len(fake.accepted)}"
        if fault.startswith("drop"):
            _break(server)
        return "999 what" if fault == "nonsense_after_data" else f"{fault[:3]} {fault[0]}.3.0 not taken"


def _break(server: SMTP) -> None:
    """The line is cut, as by a crash: no farewell, only a reset."""
    transport = server.transport
    assert isinstance(transport, asyncio.Transport)
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    raise asyncio.CancelledError
