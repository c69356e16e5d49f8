"""A small store of canned answers over TLS, and what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.http import HttpClient
from integrations.roles import Access, ShopIdentity
from tests.support.certificates import make_authority

TOKEN = f"ck_{'a' * 40}:cs_{'b' * 40}"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def rest(said: Any, status: int = 200, **headers: str) -> Said:
    told = {"Content-Type": "application/json; charset=UTF-8"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Said(status, json.dumps(said).encode(), told)


def refused(code: str, status: int) -> Said:
    return rest({"code": code, "message": "…", "data": {"status": status}}, status)


def html(status: int, **headers: str) -> Said:
    told = {"Content-Type": "text/html; charset=UTF-8"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return Said(status, b"<!doctype html><title>shop</title>", told)


Answer = Callable[[Asked], Said]


class Store:
    """Each path has its answers; the last of them stays. What has none is 404 in HTML."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.answers: dict[str, list[Said | Answer]] = {}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.domain = f"localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, path: str, *answers: Said | Answer) -> None:
        self.answers[path] = list(answers)

    def names(self) -> list[str]:
        return [asked.name for asked in self.asked]

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        waiting = self.answers.get(asked.path) or [html(404)]
        said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return said if isinstance(said, Said) else said(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                said = store.answer(
                    Asked(self.command, parts.path, query, headers, json.loads(body) if body else None)
                )
                self.send_response(said.status)
                for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            def do_POST(self) -> None:
                self.do_GET()

            def do_DELETE(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def standing(folder: Path) -> Iterator[tuple[Store, HttpClient]]:
    authority = make_authority("localhost")
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "host.pem").write_bytes(authority.host_chain)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "host.pem")
    store = Store(tls)
    client = HttpClient(allow_private=True, extra_ca_file=folder / "ca.pem")
    try:
        yield store, client
    finally:
        client.close()
        store.close()


def access(domain: str, **meta: str) -> Access:
    return Access(7, ShopIdentity(domain, None, "EUR"), TOKEN, meta)
