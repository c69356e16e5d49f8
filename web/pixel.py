"""Where shops' pages tell what was looked at, with the shopper's leave.

They tell it from a sandbox without cookies or signature, so it is believed by nobody: small, of
known shape, counted, and kept for a month.
"""

import json
import re
from typing import Any

from flask import Blueprint, Response, abort, request
from sqlalchemy import select

from core.db import reading
from core.models.tables import merchants
from engine import shop_views
from engine.shop_views import KINDS, Seen
from web.pages import machine

bp = Blueprint("pixel", __name__)

LARGEST = 2 * 1024
# The platforms' own numbers and tokens are of such signs.
NAME = re.compile(r"[A-Za-z0-9_:.=-]{1,100}")


@bp.post("/pixel/<shop>")
def take(shop: str) -> Response:
    """The page may not read the answer, and there is nothing in it."""
    seen = _seen(_told())
    visitor = request.remote_addr or ""
    if not shop_views.keep(machine(), _merchant_id(shop), seen, visitor):
        abort(429)
    return Response(status=204)


def _told() -> Any:
    body = request.get_data(cache=False)
    if len(body) > LARGEST:
        abort(413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        abort(400)


def _seen(told: Any) -> Seen:
    if not isinstance(told, dict) or told.get("kind") not in KINDS:
        abort(400)
    client = _name(told, "client") or abort(400)
    return Seen(told["kind"], client, _name(told, "product"), _name(told, "variant"), _name(told, "cart"))


def _name(told: dict[str, Any], key: str) -> str | None:
    value = told.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not NAME.fullmatch(value):
        abort(400)
    return value


def _merchant_id(key: str) -> int:
    if "\0" in key:
        abort(404)
    found = select(merchants.c.id).where(merchants.c.key == key, merchants.c.uninstalled_at.is_(None))
    with reading(machine().db) as db:
        return int(db.execute(found).scalar_one_or_none() or abort(404))
