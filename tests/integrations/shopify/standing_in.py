"""A server in Shopify's place that says what it is told to, over TLS; it keeps what it was asked."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from core.http import HttpClient
from integrations.roles import Access, ShopIdentity
from tests.support.certificates import make_authority

TOKEN = "shpat_0123456789abcdef"


@dataclass(frozen=True)
class Said:
    """One answer: a status, what is said, and further headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Heard:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return str(self.json()["query"].split(maxsplit=2)[1].partition("(")[0])

    @property
    def variables(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.json()["variables"]
        return asked

    def json(self) -> Any:
        return json.loads(self.body)


class StandIn:
    """Answers in the order they were said; None breaks the line."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.heard: list[Heard] = []
        self._answers: list[Said | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.domain = f"localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def say(self, *answers: Said | None) -> None:
        self._answers += answers

    def tell(self, *data: Any) -> None:
        self.say(*(Said({"data": one}) for one in data))

    def next(self, heard: Heard) -> Said | None:
        self.heard.append(heard)
        return self._answers.pop(0)

    def access(self, token: str | None = TOKEN) -> Access:
        return Access(7, ShopIdentity(self.domain, "548380009", "USD"), token, {})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(shop: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = shop.next(Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if said is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.raw())), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.raw())

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Handler


@contextmanager
def standing_in(folder: Path) -> Iterator[tuple[StandIn, HttpClient]]:
    """The stand-in and a client that trusts it."""
    authority = make_authority("localhost")
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "chain.pem").write_bytes(authority.host_chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    shop = StandIn(context)
    client = HttpClient(
        allow_private=True, extra_ca_file=folder / "ca.pem", resolve=lambda host, port: ["127.0.0.1"]
    )
    yield shop, client
    client.close()
    shop.close()
