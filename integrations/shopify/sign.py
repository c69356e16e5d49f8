"""Deliveries as Shopify would make them, for the replay tool and the tests."""

import json
import secrets
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import clock
from integrations.roles import Recorded, StandIn
from integrations.shopify import API_VERSION
from integrations.signature import signature

# The shop's number in the recorded payloads, so that they pass unedited.
RECORDED_SHOP_ID = "548380009"


def stand_in() -> StandIn:
    """A shop known by its domain; the app's secret signs for all of them."""
    domain = f"kontor-{secrets.token_hex(4)}.myshopify.com"
    return StandIn(domain, domain, "USD", shop_id=RECORDED_SHOP_ID)


def recorded(file: Path) -> Recorded | None:
    """A bare body, whose file may be named after its topic; None for a captured request."""
    text = file.read_bytes()
    told = json.loads(text)
    if isinstance(told, dict) and isinstance(told.get("request"), dict):
        return None
    return Recorded(_topic_of(file.stem), text)


def _topic_of(stem: str) -> str:
    """checkouts_create → checkouts/create, orders_partially_fulfilled →
    orders/partially_fulfilled."""
    for ending in ("partially_fulfilled", "data_request"):
        if stem.endswith(ending):
            return f"{stem.removesuffix('_' + ending)}/{ending}"
    subject, _, event = stem.rpartition("_")
    return f"{subject}/{event}" if subject else ""


def sign(body: bytes, secret: str, topic: str, **ids: str) -> dict[str, str]:
    """The headers of a delivery. `ids` may give shop, webhook_id, event_id and
    triggered_at; ids not given are fresh."""
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signature(body, secret),
        "X-Shopify-Shop-Domain": ids.get("shop", "kontor-test.myshopify.com"),
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": ids.get("webhook_id") or str(uuid.uuid4()),
        "X-Shopify-Event-Id": ids.get("event_id") or str(uuid.uuid4()),
        "X-Shopify-Triggered-At": ids.get("triggered_at") or clock.now().isoformat(),
    }


def rebase(payload: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The payload with all its dates moved by one span, so that the newest
    "updated" date is `now`; each keeps its offset and its way of writing."""
    dates = list(_dates("", payload))
    newest = max((at for key, at in dates if key.endswith("updated_at")), default=None)
    newest = newest or max((at for _, at in dates), default=None)
    if newest is None:
        return payload
    moved: dict[str, Any] = _moved("", payload, now.replace(microsecond=0) - newest)
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
    return _written(at + by, like=node) if at else node


def _as_date(key: str, node: Any) -> datetime | None:
    if not isinstance(node, str) or not key.endswith(("_at", "_on", "_by", "occurredAt")):
        return None
    try:
        at = datetime.fromisoformat(node)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _written(at: datetime, like: str) -> str:
    text = at.isoformat(timespec="milliseconds" if "." in like else "seconds")
    return text.replace("+00:00", "Z") if like.endswith("Z") else text
