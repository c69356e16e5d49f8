"""What a shop's own pages send on to us: its shoppers' wish to be told when something is back.

The platform has signed which shop it is. All else a shopper may have written herself, so it is judged
as on our own page.
"""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy import select

from core import clock
from core.db import reading
from core.models import Merchant
from core.models.tables import connections, merchants
from integrations import STOREFRONTS
from web import waitlist
from web.pages import machine

bp = Blueprint("storefront", __name__)

WAITLIST = f"/proxy/<any({', '.join(STOREFRONTS)}):platform>/waitlist"


@bp.get(f"{WAITLIST}/form")
def form(platform: str) -> Response:
    """The signed form, once the shopper comes to it."""
    merchant = _whose(platform)
    return _told(*waitlist.given(merchant, request.args))


@bp.post(WAITLIST)
def sign_up(platform: str) -> Response:
    """All come by the platform's own address; it says whom it has heard."""
    merchant = _whose(platform)
    return _told(*waitlist.answer(merchant, request.form, _visitor()))


def _visitor() -> str | None:
    """The shopper's address as the platform tells it, which is believed as its signature
    holds: the last one before that of the platform itself."""
    told = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    before = [one for one in told if one and one != request.remote_addr]
    return before[-1][:45] if before else None


def _whose(platform: str) -> Merchant:
    """The merchant of the shop that the platform has signed for; ends the request where there is none."""
    secrets = machine().shops[platform].app_secrets(machine().config)
    query = request.query_string.decode("ascii", "replace")
    address = STOREFRONTS[platform].shop(query, secrets, clock.now()) or abort(401)
    found = select(Merchant).join(connections, connections.c.merchant_id == Merchant.id)
    here = (connections.c.platform == platform, connections.c.address == address)
    with reading(machine().db) as session:
        merchant = session.scalars(found.where(*here, merchants.c.uninstalled_at.is_(None))).one_or_none()
    return merchant or abort(404)


def _told(status: int, told: dict[str, Any]) -> Response:
    answer = jsonify(told)
    answer.status_code = status
    return answer
