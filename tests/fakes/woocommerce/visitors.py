"""Those who come to the shop: an app with its key, an owner with a browser, and what they saw."""

import base64
import http.client
import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.fakes.woocommerce.receiver import Receiver
from tests.fakes.woocommerce.records import Key
from tests.fakes.woocommerce.store import OWNER, Store, woocommerce_store

PAYLOADS = Path(__file__).parents[2] / "payloads" / "woocommerce"
SECRET = "a1b2c3d4"
EVE = "eve@example.test"
TOPICS = ("order.created", "order.updated", "order.deleted", "product.updated")
WANTED = {
    "app_name": "Kontor",
    "scope": "read_write",
    "user_id": "tenant-42~nonce.abc",
    "return_url": "http://localhost:9/back?tab=2",
    "callback_url": "https://localhost:9/callback",
}


@dataclass
class Said:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass
class Caller:
    """Somebody with a key, or with none."""

    store: Store
    key: Key | None = None
    in_query: bool = False

    def get(self, route: str, **params: str) -> Said:
        return self.ask("GET", f"/wp-json/wc/v3/{route}", params)

    def post(self, route: str, **content: Any) -> Said:
        return self.ask("POST", f"/wp-json/wc/v3/{route}", {}, content)

    def put(self, route: str, **content: Any) -> Said:
        return self.ask("PUT", f"/wp-json/wc/v3/{route}", {}, content)

    def delete(self, route: str, **params: str) -> Said:
        return self.ask("DELETE", f"/wp-json/wc/v3/{route}", params)

    def ask(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        content: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Said:
        given, headers = dict(params or {}), dict(headers or {})
        if self.key and self.in_query:
            given |= {"consumer_key": self.key.consumer_key, "consumer_secret": self.key.consumer_secret}
        elif self.key:
            pair = f"{self.key.consumer_key}:{self.key.consumer_secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        body = content if isinstance(content, str) or content is None else json.dumps(content)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        query = f"?{urlencode(given)}" if given else ""
        return send(self.store, method, f"{self.store.site.path}{path}{query}", headers, body)


def send(store: Store, method: str, target: str, headers: dict[str, str], body: str | None) -> Said:
    line: http.client.HTTPConnection
    if store.site.plain_http:
        line = http.client.HTTPConnection("127.0.0.1", store.site.port, timeout=20)
    else:
        trusted = ssl.create_default_context(cafile=store.ca_file)
        line = http.client.HTTPSConnection("localhost", store.site.port, timeout=20, context=trusted)
    try:
        line.request(method, target, body, headers)
        answer = line.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Said(answer.status, told, answer.read().decode())
    finally:
        line.close()


class Browser:
    """The owner's: follows nothing by itself and keeps one cookie."""

    def __init__(self, store: Store) -> None:
        self.visitor, self.cookie = Caller(store), ""

    def open(self, url: str, form: str | None = None) -> Said:
        parts = urlsplit(url)
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}
        said = send(self.visitor.store, "POST" if form else "GET", f"{parts.path}?{parts.query}", kind, form)
        self.cookie = said.headers.get("set-cookie", self.cookie).partition(";")[0]
        return said

    def sign_in(self, **wanted: str) -> str:
        """From the app's link to the consent page, whose text is returned."""
        start = f"{self.visitor.store.url}/wc-auth/v1/authorize?{urlencode({**WANTED, **wanted})}"
        login = self.open(start).headers["location"]
        assert "/wc-auth/v1/login/" in login
        assert "password" in self.open(login).text
        form = urlencode({"username": OWNER[1], "password": OWNER[2], "login": "Login"})
        return self.open(self.open(login, form).headers["location"]).text

    def click(self, text: str, kind: str) -> Said:
        link = re.search(rf"href='([^']*)' class='button wc-auth-{kind}'", text)
        assert link
        return self.open(unescape(link[1]))


@contextmanager
def selling() -> Iterator[Store]:
    """A shop with ten mugs, whose time stands still."""
    with woocommerce_store() as one:
        one.add_product("Blue Mug", "MUG-1", "12.50", 10, low_stock_amount=3)
        one.clock.stop()
        yield one


def listen(app: Caller, ear: Receiver, *topics: str) -> None:
    for topic in topics or TOPICS:
        said = app.post("webhooks", topic=topic, delivery_url=f"{ear.url}/knock", secret=SECRET)
        assert said.status == 201
    ear.front.asked.clear()


def heard(ear: Receiver) -> list[tuple[str, Any]]:
    """Topic and body of every delivery, pings left out."""
    signed = [one for one in ear.came if "x-wc-webhook-topic" in one.headers]
    return [(one.headers["x-wc-webhook-topic"], json.loads(one.body)) for one in signed]


def captured(name: str) -> dict[str, Any]:
    request: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())["request"]
    return request


def shape(value: Any) -> Any:
    """Names, their order and the kinds of what they hold."""
    if isinstance(value, dict):
        return [(name, shape(one)) for name, one in value.items()]
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return "text or nothing" if value is None or isinstance(value, str) else type(value).__name__
