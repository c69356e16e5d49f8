"""The platforms' own doors: verify, write down, answer, ring. Nothing else."""

import threading
import time
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, current_app, request
from sqlalchemy import select
from werkzeug.exceptions import RequestEntityTooLarge

from core.db import reading
from core.errors import WebhookRejected
from core.models.tables import connections
from engine.inbox import WritingDown
from engine.machine import Machine
from integrations.roles import Request, Shop

bp = Blueprint("doors", __name__)

LARGEST_BODY = 2 * 1024 * 1024
REMEMBERED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """A connection the door knows, with its secrets opened."""

    merchant_id: int
    secrets: tuple[str, ...]


class Addresses:
    """Which connection lies behind an address; known ones are remembered for
    seconds, so that a rotated secret or a removed shop soon counts. A shop
    that has left is still heard: its order to erase everything comes days later."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, Known]] = {}

    def find(self, platform: str, address: str) -> Known | None:
        key = (platform, address)
        entry = self._known.get(key)
        if entry is not None and time.monotonic() < entry[0]:
            return entry[1]
        found = self._load(platform, address)
        with self._lock:
            self._known.pop(key, None)
            if found is not None:
                self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, found)
        return found

    def _load(self, platform: str, address: str) -> Known | None:
        columns = (connections.c.merchant_id, connections.c.webhook_secret, connections.c.previous_secret)
        found = select(*columns).where(connections.c.platform == platform, connections.c.address == address)
        with reading(self._machine.db) as session:
            row = session.execute(found).one_or_none()
        if row is None:
            return None
        names = {"webhook_secret": row.webhook_secret, "previous_secret": row.previous_secret}
        opened = (self._open(row.merchant_id, name, sealed) for name, sealed in names.items() if sealed)
        return Known(row.merchant_id, tuple(opened))

    def _open(self, merchant_id: int, name: str, sealed: bytes) -> str:
        return self._machine.vault.open(sealed, f"connection:{merchant_id}:{name}").decode()


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
        try:
            return _knock(self, platform, heard)
        except WebhookRejected as refused:
            return Response(f"{refused}\n", refused.status, content_type="text/plain; charset=utf-8")


@bp.post("/webhooks/<platform>")
@bp.post("/webhooks/<platform>/<address>")
def receive(platform: str, address: str = "") -> Response:
    """The raw body is taken first: a form parser would empty it."""
    try:
        body = _body()
    except WebhookRejected as refused:
        return Response(f"{refused}\n", refused.status, content_type="text/plain; charset=utf-8")
    headers = {name.lower(): value for name, value in request.headers}
    return _door().knock(platform, Request(headers, body, address, request.method))


def knock(machine: Machine, platform: str, heard: Request) -> Response:
    """The same door for the sandbox, which delivers without a network."""
    assert _door().machine is machine
    return _door().knock(platform, heard)


def _door() -> Door:
    return cast(Door, current_app.extensions["kontor.door"])


def _body() -> bytes:
    try:
        if (request.content_length or 0) > LARGEST_BODY:
            raise WebhookRejected(413, "the body is larger than 2 MB")
        request.max_content_length = LARGEST_BODY
        return request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge as error:
        raise WebhookRejected(413, "the body is larger than 2 MB") from error


def _knock(door: Door, platform: str, heard: Request) -> Response:
    shop = door.machine.shops.get(platform)
    address = shop.identify(heard) if shop is not None else None
    if shop is None or address is None or "\0" in address:
        raise WebhookRejected(404, "nobody lives here")
    known = door.addresses.find(platform, address)
    app_secrets = shop.app_secrets(door.machine.config)
    if known is None and not app_secrets:
        raise WebhookRejected(404, "nobody lives here")
    if shop.is_ping(heard):
        return Response("", 200)
    shop.verify(heard, app_secrets or (known.secrets if known else ()))
    if known is not None:
        _write_down(door, shop, known.merchant_id, heard)
    # A signed body for a shop we don't know is answered and not kept.
    return Response("", 200)


def _write_down(door: Door, shop: Shop, merchant_id: int, heard: Request) -> None:
    if door.writing.write(merchant_id, shop.envelope(heard), heard.body):
        door.machine.bells.inbox()
