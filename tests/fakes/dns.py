"""A real name server on loopback: it answers over UDP what a story has put there."""

import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

# So much of a text stands in one string.
PIECE = 255


@dataclass
class FakeNames:
    """Used in a `with`. `records` are the texts by name; while `broken` it can't tell."""

    records: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    _server: Any = None

    @property
    def place(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host}:{port}"

    def put(self, name: str, *texts: str) -> None:
        self.records[name.lower()] = list(texts)

    def __enter__(self) -> Self:
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, line = self.request
                line.sendto(fake.answer(data), self.client_address)

        self._server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.records:
            texts = (self._quoted(text) for text in self.records[name])
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *texts))
        elif not any(one.endswith(f".{name}") for one in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return bytes(answer.to_wire(max_size=4096))

    def _quoted(self, text: str) -> str:
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        return " ".join('"' + piece.replace('"', '\\"') + '"' for piece in pieces)
