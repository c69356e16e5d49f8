"""Who arrives from her platform's admin: the first visit connects the shop, a later one mends what broke."""

import structlog
from flask import abort, g
from sqlalchemy import select

from core import clock
from core.db import insert, reading, transaction
from core.errors import NeedsMerchant, Permanent, Retryable
from core.models import Merchant
from core.models.tables import members
from engine import connecting, exchanging
from engine.connecting import Whom
from engine.exchanging import Turn
from integrations.admins import Admin
from integrations.live import Tokens
from integrations.roles import Access, ShopIdentity
from web import frame
from web.frame import Framed
from web.pages import machine

log = structlog.get_logger()

# The member who stands for the shop: notices go to the address it gives.
SHOP_ITSELF = "shop"


def member_in_frame(key: str) -> tuple[Merchant, int] | None:
    """The merchant and the member who looks from inside her shop's admin; None
    for whoever does not. Of other shops she learns nothing."""
    found = frame.framed()
    if found is None:
        if frame.brings_no_good_proof():
            frame.ask_again(key)
            abort(401)
        return None
    if "member_in_frame" not in g:
        g.member_in_frame = _member_of(found, key)
    return g.member_in_frame  # type: ignore[no-any-return]


def _member_of(found: Framed, key: str) -> tuple[Merchant, int]:
    row = frame.shop_of(found)
    if row is None or row.key != key:
        abort(404)
    if row.state != "active" or row.token is None:
        _mend(found, row.state)
    with reading(machine().db) as db:
        merchant = db.get_one(Merchant, row.id)
    return merchant, _member(row.id, found)


def _mend(found: Framed, state: str) -> None:
    """Her visit brings a new token. Where none is given she can read what is
    here all the same, unless the app is gone from her shop."""
    try:
        why = "" if _exchanged(found) else "the proof is too old"
    except (Retryable, Permanent, NeedsMerchant) as error:
        why = "" if _is_connected(found) else str(error)
    if not why:
        return
    log.warning("connection_not_mended", platform=found.admin.key, why=why)
    if state == "uninstalled":
        abort(503)


def _member(merchant_id: int, found: Framed) -> int:
    """Whoever works in the shop's admin is a member from her first visit on."""
    user = found.viewer.user
    mine = select(members.c.id).where(members.c.merchant_id == merchant_id, members.c.platform_user == user)
    with reading(machine().db) as db:
        known: int | None = db.execute(mine).scalar_one_or_none()
    if known is not None:
        return known
    with transaction(machine().db) as db:
        name = f"{found.admin.title} #{user}"
        row = {"merchant_id": merchant_id, "platform_user": user, "name": name, "role": "owner"}
        made = insert(members, db).values(**row, created_at=clock.now())
        db.execute(made.on_conflict_do_nothing())
        return int(db.execute(mine).scalar_one())


def connect_now(found: Framed) -> None:
    try:
        if not _exchanged(found):
            answer = found.admin.again(frame.this_visit(), found.viewer.shop)
            abort(frame.made(answer) if answer else 401)
    except (Retryable, Permanent, NeedsMerchant) as error:
        if not _is_connected(found):
            not_connected(found.admin.key, error)


def _exchanged(found: Framed) -> bool:
    """The shop is connected by this visit, or by another that came at the same
    moment: a second exchange would end the first one's tokens. False where the
    proof is too old."""
    with exchanging.turn(machine(), found.admin.key, found.viewer.shop) as turn:
        if _is_connected(found):
            return True
        tokens = found.admin.tokens(found.viewer)
        if tokens is not None:
            connect(found.admin, found.viewer.shop, tokens, turn)
        return tokens is not None


def _is_connected(found: Framed) -> bool:
    row = frame.shop_of(found)
    return row is not None and row.state == "active" and row.token is not None


def not_connected(platform: str, error: Exception) -> None:
    log.error("shop_not_connected", platform=platform, why=str(error))
    abort(503)


def connect(admin: Admin, shop: str, tokens: Tokens, turn: Turn) -> None:
    asked = Access(0, ShopIdentity(shop, None, ""), tokens.access, {})
    profile = machine().connected[admin.key].profile(asked)
    if profile.domain != shop:
        raise Permanent("the shop calls itself by another name")
    whom = Whom(SHOP_ITSELF, profile.name or shop, profile.meta.get("contact_email") or None)
    connecting.connect(machine(), admin.key, profile, tokens, whom, turn=turn)
