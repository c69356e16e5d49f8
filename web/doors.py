"""The platforms' own doors: verify, write down, answer, ring. Nothing else."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, current_app
from sqlalchemy import select
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from core.db import reading
from core.errors import WebhookRejected
from core.models.tables import companions, connections
from engine.companions import binding
from engine.inbox import WritingDown
from engine.machine import Machine
from integrations.roles import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PLAIN = "text/plain; charset=utf-8"
GUARDS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
LARGEST_BODY = 2 * 1024 * 1024
REMEMBERED_SECONDS = 10.0
FORGOTTEN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Known:
    """A connection the door knows, with its secrets opened."""

    merchant_id: int
    secrets: tuple[str, ...]


class Addresses:
    """Which connection lies behind an address; known ones are remembered for
    seconds, so that a rotated secret or a removed shop soon counts. A shop
    that has left is still heard: its order to erase everything comes days later.

    One thread looks again, the others meanwhile go by what was known: a busy
    shop's webhooks don't all ask at the same moment.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, Known]] = {}

    def find(self, platform: str, address: str) -> Known | None:
        entry = self._known.get((platform, address))
        if entry is None or time.monotonic() - entry[0] > FORGOTTEN_SECONDS:
            return self._look(platform, address)
        age = time.monotonic() - entry[0]
        if age > REMEMBERED_SECONDS and self._looking.acquire(blocking=False):
            try:
                return self._look(platform, address)
            finally:
                self._looking.release()
        return entry[1]

    def _look(self, platform: str, address: str) -> Known | None:
        key, found = (platform, address), self._load(platform, address)
        with self._lock:
            self._known.pop(key, None)
            if found is not None:
                self._known[key] = (time.monotonic(), found)
        return found

    def _load(self, platform: str, address: str) -> Known | None:
        columns = (connections.c.merchant_id, connections.c.webhook_secret, connections.c.previous_secret)
        found = select(*columns, companions.c.secret.label("companion")).join(
            companions, companions.c.merchant_id == connections.c.merchant_id, isouter=True
        )
        found = found.where(connections.c.platform == platform, connections.c.address == address)
        with reading(self._machine.db) as session:
            row = session.execute(found).one_or_none()
        if row is None:
            return None
        names = {"webhook_secret": row.webhook_secret, "previous_secret": row.previous_secret}
        opened = [self._open(row.merchant_id, name, sealed) for name, sealed in names.items() if sealed]
        if row.companion is not None:
            opened.append(self._machine.vault.open(row.companion, binding(row.merchant_id)).decode())
        return Known(row.merchant_id, tuple(opened))

    def _open(self, merchant_id: int, name: str, sealed: bytes) -> str:
        return self._machine.vault.open(sealed, f"connection:{merchant_id}:{name}").decode()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str = ""


@dataclass(frozen=True)
class Door:
    """What the doors of one process share."""

    machine: Machine
    addresses: Addresses
    writing: WritingDown

    @classmethod
    def of(cls, machine: Machine) -> "Door":
        return cls(machine, Addresses(machine), WritingDown(machine.db, machine.vault))

    def knock(self, platform: str, heard: Request) -> Response:
        """Answer one webhook, whoever brought it."""
        answer = self.answer(platform, lambda: heard)
        return Response(answer.text, answer.status, content_type=PLAIN)

    def answer(self, platform: str, hear: Callable[[], Request]) -> Answer:
        try:
            _knock(self, platform, hear())
        except WebhookRejected as refused:
            return Answer(refused.status, f"{refused}\n")
        return Answer(200)


class DoorsFirst:
    """Answers webhooks before Flask prepares what only pages need: session,
    language, form guard."""

    def __init__(self, app: Flask, pages: "WSGIApplication") -> None:
        self._app = app
        self._pages = pages

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """`/webhooks/PLATFORM` or `/webhooks/PLATFORM/ADDRESS`, and nothing below."""
        parts = environ.get("PATH_INFO", "").split("/")
        if parts[1:2] != ["webhooks"] or not 3 <= len(parts) <= 4 or environ["REQUEST_METHOD"] != "POST":
            return self._pages(environ, start_response)
        door = cast(Door, self._app.extensions["kontor.door"])
        answer = door.answer(parts[2], lambda: _heard(environ, "".join(parts[3:])))
        body = answer.text.encode()
        headers = [("Content-Type", PLAIN), ("Content-Length", str(len(body))), *GUARDS]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [body]


def install(app: Flask) -> None:
    app.wsgi_app = DoorsFirst(app, app.wsgi_app)  # type: ignore[method-assign]


def knock(machine: Machine, platform: str, heard: Request) -> Response:
    """The same door for the sandbox, which delivers without a network."""
    door = cast(Door, current_app.extensions["kontor.door"])
    assert door.machine is machine
    return door.knock(platform, heard)


def _heard(environ: "WSGIEnvironment", address: str) -> Request:
    """The raw body: a form parser would empty it."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_", "CONTENT_"))
    }
    return Request(headers, _body(environ), address)


def _body(environ: "WSGIEnvironment") -> bytes:
    """The limit cuts a body that did not tell its length; so one byte more is
    let in, which tells a body that is too large from one that just fits."""
    try:
        body = get_input_stream(environ, max_content_length=LARGEST_BODY + 1).read()
    except RequestEntityTooLarge as error:
        raise WebhookRejected(413, "the body is larger than 2 MB") from error
    except ClientDisconnected as error:
        raise WebhookRejected(400, "the body ended too soon") from error
    if len(body) > LARGEST_BODY:
        raise WebhookRejected(413, "the body is larger than 2 MB")
    return body


def _knock(door: Door, platform: str, heard: Request) -> None:
    shop = door.machine.shops.get(platform)
    address = shop.identify(heard) if shop is not None else None
    if shop is None or address is None or "\0" in address:
        raise WebhookRejected(404, "nobody lives here")
    known = door.addresses.find(platform, address)
    app_secrets = shop.app_secrets(door.machine.config)
    if known is None and not app_secrets:
        raise WebhookRejected(404, "nobody lives here")
    if shop.is_ping(heard):
        return
    shop.verify(heard, app_secrets or (known.secrets if known else ()))
    # A signed body for a shop we don't know is answered and not kept.
    if known is not None and door.writing.write(known.merchant_id, shop.envelope(heard), heard.body):
        door.machine.bells.inbox()
