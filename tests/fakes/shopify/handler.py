"""What is said on one line: the token endpoint, the Admin API, the control endpoint, and faults."""

import html
import json
import re
import socket
import struct
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.fakes.shopify import control, graphql_api
from tests.fakes.shopify.actions import Shop
from tests.fakes.shopify.asking import Asking
from tests.fakes.shopify.faults import AT_THE_LINE, Fault
from tests.fakes.shopify.graphql_api import Call, Prepared

if TYPE_CHECKING:
    from tests.fakes.shopify.fake import FakeShopify
    from tests.fakes.shopify.server import Listening


UNKNOWN_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"


LASTING_TOKEN = "[API] Non-expiring access tokens are no longer accepted for the Admin API."


GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")


NAMED_IN_PATH = re.compile(r"/([a-z0-9][a-z0-9-]*\.myshopify\.com)(/.*)")


HTML_PAGE = "<!DOCTYPE html><html><body><h1>{}</h1></body></html>"


class _Dropped(OSError):
    """The line was cut on purpose."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Listening"

    @property
    def fake(self) -> "FakeShopify":
        return self.server.fake

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads along."""

    def do_GET(self) -> None:
        domain, path = self._where()
        if path == "/admin/oauth/authorize":
            self._authorize(domain)
        elif path.startswith(control.PREFIX):
            self._controlled(domain, path, b"")
        else:
            self._json(404, {"errors": "Not Found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        domain, path = self._where()
        versioned = GRAPHQL.fullmatch(path)
        if path.startswith(control.PREFIX):
            self._controlled(domain, path, body)
        elif path == "/admin/oauth/access_token":
            self._token(domain, body)
        elif versioned:
            self._graphql(domain, versioned[1], body)
        else:
            self._json(404, {"errors": "Not Found"})

    def _where(self) -> tuple[str, str]:
        """The shop by the Host header, or as the first part of the path."""
        path = urlsplit(self.path).path
        named = NAMED_IN_PATH.fullmatch(path)
        if named:
            return named[1], named[2]
        return (self.headers.get("Host") or "").split(":")[0].lower(), path

    # The token endpoint.

    def _token(self, domain: str, body: bytes) -> None:
        fault = self.fake.faults.take(AT_THE_LINE, domain, {"token"})
        if self._went_wrong_before(fault):
            return
        asked = self._form_or_json(body)
        with self.fake.lock:
            shop = self.fake.shop(domain)
            kept = {key: value for key, value in asked.items() if key != "client_secret"}
            self.fake.token_calls.append({"shop": domain} | kept)
            installation = shop.installation if shop else None
            status, told = self.fake.tokens.answer(installation, asked, self.fake.now())
        self._answered(fault, status, told)

    def _form_or_json(self, body: bytes) -> dict[str, Any]:
        if "json" in (self.headers.get("Content-Type") or ""):
            try:
                told = json.loads(body)
            except ValueError:
                return {}
            return told if isinstance(told, dict) else {}
        return dict(parse_qsl(body.decode("utf-8", "replace")))

    def _authorize(self, domain: str) -> None:
        """The merchant says yes at once; the browser goes back with a code."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        shop, back = self.fake.shop(domain), asked.get("redirect_uri", "")
        if shop is None or asked.get("client_id") != self.fake.client_id:
            self._json(400, {"errors": "Could not find Shopify API application"})
        elif not back.startswith(f"{self.fake.app_url}/"):
            self._json(400, {"errors": "The redirect_uri is not whitelisted"})
        else:
            told = {
                "code": self.fake.grant(shop, asked.get("scope", "").split(",")),
                "host": self.fake.host(domain),
                "shop": domain,
                "state": asked.get("state", ""),
                "timestamp": str(int(self.fake.now().timestamp())),
            }
            self._send(302, b"", {"Location": f"{back}?{urlencode(self.fake.signed(told))}"})

    # The Admin API.

    def _graphql(self, domain: str, asked_version: str, body: bytes) -> None:
        version = self.fake.served_version(asked_version)
        shop = self.fake.shop(domain)
        if shop is None or version is None:
            return self._json(404, {"errors": "Not Found"})
        if not self._let_in(shop):
            return None
        read = graphql_api.read(body)
        if read is None:
            return self._json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        query, variables, name = read
        prepared = graphql_api.prepare(query, variables, name)
        roots = prepared.roots if isinstance(prepared, Prepared) else []
        named = name or (_operation_name(prepared) if isinstance(prepared, Prepared) else None)
        call = Call(domain, self.fake.now(), named, roots, variables, query)
        self.fake.calls.append(call)
        fault = self.fake.faults.take(AT_THE_LINE, domain, {"graphql", *roots, *([named] if named else [])})
        call.outcome = fault.kind if fault else "answered"
        if self._went_wrong_before(fault, shop, prepared):
            return None
        told, emitted = self._executed(shop, prepared, variables, call)
        self._answered(fault, 200, told, {"X-Shopify-API-Version": version}, emitted, shop)
        return None

    def _let_in(self, shop: Shop) -> bool:
        access = shop.installation.opens(self.headers.get("X-Shopify-Access-Token"), self.fake.now())
        if access is None:
            self._json(
                401,
                {"errors": UNKNOWN_TOKEN},
                {"WWW-Authenticate": 'Basic Realm="Shopify API Authentication"'},
            )
            return False
        if access.ends_at is None:
            self._json(403, {"errors": LASTING_TOKEN})
            return False
        return True

    def _executed(
        self, shop: Shop, prepared: Prepared | dict[str, Any], variables: dict[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
        if not isinstance(prepared, Prepared):
            return prepared, []
        with self.fake.lock:
            shop.memory.tick()
            asking = Asking(shop.memory, shop.installation.scopes, self.fake.faults)
            told, call.cost = graphql_api.answer(prepared, variables, asking, shop.bucket)
        return told, asking.emitted

    # Faults at the line.

    def _went_wrong_before(self, fault: Fault | None, shop: Shop | None = None, prepared: Any = None) -> bool:
        """Nothing was executed."""
        if fault is None or fault.kind in {"cut", "lost_answer"}:
            return False
        if fault.kind == "lost_request":
            self._drop()
        if fault.kind == "silence":
            self.server.of.closing.wait(fault.seconds)
            self._drop()
        self._wrong_answer(fault, shop)
        return True

    def _wrong_answer(self, fault: Fault, shop: Shop | None) -> None:
        if fault.kind == "throttled" and shop is not None:
            self._json(200, graphql_api.throttled(10, replace(shop.bucket, left=0.0)))
        elif fault.kind in {"too_many", "throttled"}:
            after = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._json(429, {"errors": "Exceeded 2 calls per second for api client."}, after)
        elif fault.kind == "html":
            page = HTML_PAGE.format(html.escape("Something went wrong"))
            self._send(fault.status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
        elif fault.kind == "not_json":
            self._send(200, b'{"data": {"shop"', {"Content-Type": "application/json"})
        elif fault.kind == "internal":
            error = {"message": "Internal error.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
            self._json(200, {"errors": [error]})
        else:
            after = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._json(fault.status, {"errors": "Internal Server Error"}, after)

    def _answered(
        self,
        fault: Fault | None,
        status: int,
        told: dict[str, Any],
        headers: dict[str, str] | None = None,
        emitted: list[tuple[str, dict[str, Any]]] | None = None,
        shop: Shop | None = None,
    ) -> None:
        """What a mutation caused is sent after its answer, or although it got lost."""
        try:
            if fault is not None and fault.kind == "lost_answer":
                self._drop()
            self._json(status, told, headers, half=fault is not None)
        finally:
            for topic, body in emitted or []:
                assert shop is not None
                shop.send(topic, body)

    def _drop(self) -> None:
        """No farewell, only a reset, as when a machine in between dies."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        raise _Dropped

    # Control, from this machine only.

    def _controlled(self, domain: str, path: str, body: bytes) -> None:
        if self.client_address[0] not in {"127.0.0.1", "::1"}:
            return self._json(404, {"errors": "Not Found"})
        status, told = control.handle(self.fake, domain, path.removeprefix(control.PREFIX), body)
        self._json(status, told)
        return None

    def _json(
        self, status: int, told: object, headers: dict[str, str] | None = None, half: bool = False
    ) -> None:
        kind = {"Content-Type": "application/json; charset=utf-8"}
        self._send(status, json.dumps(told).encode(), kind | (headers or {}), half)

    def _send(self, status: int, body: bytes, headers: dict[str, str], half: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-Request-Id", "fake")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.wfile.flush()
        if half:
            self._drop()


def _operation_name(prepared: Prepared) -> str | None:
    return prepared.operation.name.value if prepared.operation.name else None
