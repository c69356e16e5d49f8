"""A recorded webhook made ready to be sent again: edited, rebased, signed."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from integrations.roles import Recorded


class CannotReplay(Exception):
    """What the developer has to change."""


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
    platform, recorded = _recorded(Path(given.file), given.topic or "")
    signing, body = SIGNING[platform], recorded.body
    row = _connection(machine, platform, given.merchant)
    if given.edits or given.rebase:
        body = _edited(signing, recorded.body, given, now + clock.offset(row))
    headers: Mapping[str, str] = recorded.headers
    if given.sign or not headers:
        headers = _signed(machine, signing, row, recorded, body)
    path = f"/webhooks/{platform}"
    if not machine.shops[platform].app_secrets(machine.config):
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


def _recorded(file: Path, topic: str) -> tuple[str, Recorded]:
    """The platform that knows the file for its own, and what it reads there; the given topic counts."""
    for platform, signing in SIGNING.items():
        found: Recorded | None = signing.recorded(file)
        if found is not None and (topic or found.topic):
            return platform, replace(found, topic=topic or found.topic)
    raise CannotReplay(f"{file.name} tells no topic; name one with --topic")


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
        .order_by(merchants.c.id.desc())
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
    shared = machine.shops[row.platform].app_secrets(machine.config)
    secret = shared[0] if shared else _own_secret(machine, row)
    ids = {"shop": row.domain} if shared else {}
    headers: Mapping[str, str] = signing.sign(body, secret, recorded.topic, **ids)
    return headers


def _own_secret(machine: Machine, row: Any) -> str:
    binding = f"connection:{row.merchant_id}:webhook_secret"
    return machine.vault.open(row.webhook_secret, binding).decode()
