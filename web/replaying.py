"""A recorded webhook made ready to be sent again: edited, rebased, signed."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
from sqlalchemy import select

from core import clock
from core.config import Config
from core.db import reading
from core.http import authorities
from core.models.tables import connections, merchants
from engine.machine import Machine
from integrations import SIGNING


class CannotReplay(Exception):
    """What the developer has to change."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payload as it was recorded; `headers` are there for real captures."""

    platform: str
    topic: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    topic: str
    merchant_key: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def prepare(machine: Machine, given: argparse.Namespace, now: datetime) -> Delivery:
    """The delivery that `given` asks for. Raises CannotReplay, OSError and
    json.JSONDecodeError. Unedited bodies are sent byte for byte."""
    recorded = _recorded(Path(given.file), given.topic)
    signing = SIGNING[recorded.platform]
    body = recorded.body
    row = _connection(machine, recorded.platform, given.merchant)
    if given.edits or given.rebase:
        body = _edited(signing, recorded.body, given, now + clock.offset(row))
    headers: Mapping[str, str] = recorded.headers
    if given.sign or not headers:
        headers = _signed(machine, signing, row, recorded, body)
    path = f"/webhooks/{recorded.platform}"
    if not machine.shops[recorded.platform].app_secrets(machine.config):
        path += f"/{row.address}"
    return Delivery(recorded.topic, row.key, path, headers, body)


def post(config: Config, delivery: Delivery) -> int:
    """Send it to the running app; the door's answer."""
    try:
        answer = httpx2.post(
            config.app_url + delivery.path,
            content=delivery.body,
            headers=dict(delivery.headers),
            timeout=10,
            trust_env=False,
            verify=authorities(config.extra_ca_file),
        )
    except httpx2.TransportError as error:
        raise CannotReplay(
            f"nobody listens at {config.app_url} ({error}); start it with: make run"
        ) from error
    return answer.status_code


def _recorded(file: Path, topic: str | None) -> Recorded:
    text = file.read_bytes()
    told = json.loads(text)
    if isinstance(told, dict) and isinstance(told.get("request"), dict):
        request = told["request"]
        headers = {name: value for name, value in request["headers"] if name.lower().startswith("x-wc-")}
        lower = {name.lower(): value for name, value in headers.items()}
        found = topic or lower.get("x-wc-webhook-topic")
        if not found:
            raise CannotReplay(f"{file.name} is no webhook with a topic; name one with --topic")
        headers["Content-Type"] = "application/json"
        return Recorded("woocommerce", found, request["body"].encode(), headers)
    return Recorded("shopify", topic or _topic_of(file.stem), text, {})


def _topic_of(stem: str) -> str:
    """checkouts_create → checkouts/create, orders_partially_fulfilled →
    orders/partially_fulfilled."""
    for ending in ("partially_fulfilled", "data_request"):
        if stem.endswith(ending):
            return f"{stem.removesuffix('_' + ending)}/{ending}"
    subject, _, event = stem.rpartition("_")
    if not subject:
        raise CannotReplay(f"{stem} names no topic; name one with --topic")
    return f"{subject}/{event}"


def _edited(signing: ModuleType, body: bytes, given: argparse.Namespace, now: datetime) -> bytes:
    payload = json.loads(body)
    if not given.keep_dates:
        payload = signing.rebase(payload, now)
    for edit in given.edits:
        path, equals, value = edit.partition("=")
        if not equals:
            raise CannotReplay(f"--set wants PATH=VALUE, not {edit!r}")
        _set(payload, path.split("."), _value(value))
    return json.dumps(payload).encode()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _set(node: Any, path: list[str], value: Any) -> None:
    *parents, last = path
    for step in parents:
        node = _within(node, step)
    key = _key(node, last)
    if isinstance(node, list) and not 0 <= int(key) < len(node):
        raise CannotReplay(f"the list has no place {last}")
    node[key] = value


def _within(node: Any, step: str) -> Any:
    try:
        return node[_key(node, step)]
    except (KeyError, IndexError) as error:
        raise CannotReplay(f"the payload has no {step!r} there") from error


def _key(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return step
    if isinstance(node, list) and step.isdigit():
        return int(step)
    raise CannotReplay(f"{step!r} leads nowhere in the payload")


def _connection(machine: Machine, platform: str, merchant_key: str | None) -> Any:
    found = (
        select(connections, merchants.c.key, merchants.c.clock_offset_ms)
        .join(merchants, merchants.c.id == connections.c.merchant_id)
        .where(merchants.c.platform == platform, merchants.c.uninstalled_at.is_(None))
        .order_by(connections.c.connected_at.desc(), merchants.c.id.desc())
    )
    if merchant_key:
        found = found.where(merchants.c.key == merchant_key)
    with reading(machine.db) as session:
        row = session.execute(found.limit(1)).one_or_none()
    if row is None:
        raise CannotReplay(f"there is no such merchant; make one with: python app.py merchant-add {platform}")
    return row


def _signed(
    machine: Machine, signing: ModuleType, row: Any, recorded: Recorded, body: bytes
) -> Mapping[str, str]:
    shared = machine.shops[recorded.platform].app_secrets(machine.config)
    secret = shared[0] if shared else _own_secret(machine, row)
    ids = {"shop": row.domain} if shared else {}
    headers: Mapping[str, str] = signing.sign(body, secret, recorded.topic, **ids)
    return headers


def _own_secret(machine: Machine, row: Any) -> str:
    binding = f"connection:{row.merchant_id}:webhook_secret"
    return machine.vault.open(row.webhook_secret, binding).decode()
