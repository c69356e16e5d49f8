"""A plain client of the fake's, for its tests and for scripts: no library, no retry, a line per call."""

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.shopify import tokens


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Speaks to `shop` at the loopback `port`, trusting only the fake's authority."""

    port: int
    ca_file: Path
    shop: str
    client_id: str
    client_secret: str
    token: str | None = None
    timeout: float = 10.0

    def send(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answered:
        context = ssl.create_default_context(cafile=self.ca_file)
        raw = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        line = http.client.HTTPConnection(self.shop, timeout=self.timeout)
        try:
            line.sock = context.wrap_socket(raw, server_hostname=self.shop)
            line.request(method, path, content, headers or {})
            came = line.getresponse()
            return Answered(came.status, {k.lower(): v for k, v in came.getheaders()}, came.read())
        finally:
            line.close()
            raw.close()

    def post(self, path: str, told: object, headers: dict[str, str] | None = None) -> Answered:
        kind = {"Content-Type": "application/json"}
        return self.send("POST", path, json.dumps(told).encode(), kind | (headers or {}))

    def control(self, action: str, **asked: Any) -> Any:
        return self.post(f"/__fake__/{action}", asked).json()

    def token_endpoint(self, **asked: Any) -> Answered:
        known = {"client_id": self.client_id, "client_secret": self.client_secret}
        return self.post("/admin/oauth/access_token", known | asked)

    def exchange(self, id_token: str, **changed: Any) -> Answered:
        asked = {
            "grant_type": tokens.EXCHANGE,
            "subject_token": id_token,
            "subject_token_type": tokens.ID_TOKEN,
            "requested_token_type": tokens.OFFLINE,
            "expiring": "1",
        }
        return self.token_endpoint(**(asked | changed))

    def refresh(self, refresh_token: str) -> Answered:
        return self.token_endpoint(grant_type="refresh_token", refresh_token=refresh_token)

    def ask(self, query: str, version: str = "2026-10", **variables: Any) -> Answered:
        told = {"query": query, "variables": variables}
        headers = {"X-Shopify-Access-Token": self.token} if self.token else {}
        return self.post(f"/admin/api/{version}/graphql.json", told, headers)

    def data(self, query: str, **variables: Any) -> Any:
        """The data of an answer that must be without errors."""
        told = self.ask(query, **variables).json()
        assert "errors" not in told, told["errors"]
        return told["data"]
