"""Deliveries as WooCommerce would make them, for the replay tool and the tests."""

import json
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.roles import Recorded, StandIn
from integrations.signature import signature


def stand_in() -> StandIn:
    """A store with an address and a secret of its own."""
    address, secret = secrets.token_urlsafe(16), secrets.token_hex(20)
    return StandIn(address, "https://shop.example", "EUR", secret=secret)


def recorded(file: Path) -> Recorded | None:
    """A request as it was captured; None for a file that holds anything else."""
    told = json.loads(file.read_bytes())
    request = told.get("request") if isinstance(told, dict) else None
    if not isinstance(request, dict):
        return None
    headers = {name: value for name, value in request["headers"] if name.lower().startswith("x-wc-")}
    lower = {name.lower(): value for name, value in headers.items()}
    topic = lower.get("x-wc-webhook-topic", "")
    return Recorded(topic, request["body"].encode(), {**headers, "Content-Type": "application/json"})


def sign(body: bytes, secret: str, topic: str, **ids: str) -> dict[str, str]:
    """The headers of a delivery. `ids` may give webhook_id, delivery_id and
    source; a delivery id not given is fresh."""
    resource, _, event = topic.partition(".")
    return {
        "Content-Type": "application/json",
        "User-Agent": "WooCommerce/9.9.5 Hookshot (WordPress/6.9)",
        "X-WC-Webhook-Source": ids.get("source", "https://shop.example/"),
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": signature(body, secret),
        "X-WC-Webhook-ID": ids.get("webhook_id", "1"),
        "X-WC-Webhook-Delivery-ID": ids.get("delivery_id") or uuid.uuid4().hex,
    }


def rebase(payload: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The payload with all its dates moved by one span, so that the newest
    modified date is `now`. Local dates move with their UTC twins, so each pair
    keeps its offset."""
    dates = list(_dates("", payload))
    newest = max((at for key, at in dates if key == "date_modified_gmt"), default=None)
    newest = newest or max((at for key, at in dates if key.endswith("_gmt")), default=None)
    if newest is None:
        return payload
    moment = now.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    moved: dict[str, Any] = _moved("", payload, moment - newest)
    return moved


def _dates(key: str, node: Any) -> list[tuple[str, datetime]]:
    if isinstance(node, dict):
        return [found for name, one in node.items() for found in _dates(name, one)]
    if isinstance(node, list):
        return [found for one in node for found in _dates(key, one)]
    at = _as_date(key, node)
    return [(key, at)] if at else []


def _moved(key: str, node: Any, by: timedelta) -> Any:
    if isinstance(node, dict):
        return {name: _moved(name, one, by) for name, one in node.items()}
    if isinstance(node, list):
        return [_moved(key, one, by) for one in node]
    at = _as_date(key, node)
    return (at + by).isoformat(timespec="seconds") if at else node


def _as_date(key: str, node: Any) -> datetime | None:
    if not isinstance(node, str) or not key.startswith("date_"):
        return None
    try:
        at = datetime.fromisoformat(node)
    except ValueError:
        return None
    return None if at.tzinfo else at
