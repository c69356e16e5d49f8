"""Who is this member of which merchant: one guard for every merchant page."""

from typing import Any

from flask import Blueprint, abort, current_app, redirect, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from core.db import reading
from core.models import Merchant
from core.models.tables import members, merchants
from engine import member_sessions
from engine.machine import Machine
from integrations.sandbox.shop import SANDBOX
from web import arriving, frame

bp = Blueprint("session", __name__)


def sign_in(merchant_id: int, member_id: int) -> None:
    """Remember, in the signed cookie, that this browser is that member; nothing of
    whoever used it before but the language."""
    language = session.get("locale")
    session.clear()
    if language:
        session["locale"] = language
    session["member"] = [merchant_id, member_id]


def begin(answer: Response, merchant_id: int, member_id: int) -> Response:
    """The answer with a session of hers: a cookie of its own, whose row can be
    ended. Whoever else was signed in here is so no more."""
    _leave()
    secret = member_sessions.begin(_machine(), merchant_id, member_id)
    lasts = member_sessions.LONGEST
    secure = _by_https()
    answer.set_cookie(cookie_name(), secret, lasts, path="/", secure=secure, httponly=True, samesite="Lax")
    return answer


def end(answer: Response) -> Response:
    """The answer that signs this browser out."""
    _leave()
    answer.delete_cookie(cookie_name(), path="/", secure=_by_https(), httponly=True, samesite="Lax")
    return answer


def _leave() -> None:
    secret = request.cookies.get(cookie_name())
    if secret:
        member_sessions.end_own(_machine(), secret)
    session.pop("member", None)


def cookie_name() -> str:
    """By https a name that no other host or path can set."""
    return "__Host-kontor-member" if _by_https() else "kontor-member"


def _by_https() -> bool:
    return _machine().config.app_url.startswith("https://")


def current_merchant(key: str) -> Merchant:
    """The merchant whom `key` names, if the visitor is one of its members;
    401 for nobody, 404 for a stranger, who learns nothing."""
    return _guarded(key)[0]


def current_member_id(key: str) -> int:
    return _guarded(key)[1]


def current_member() -> str:
    """The signed-in member's name, for records of who did what."""
    merchant, member_id = _guarded(str((request.view_args or {}).get("key", "")))
    with reading(_machine().db) as db:
        mine = select(members.c.name).where(members.c.id == member_id, members.c.merchant_id == merchant.id)
        return str(db.execute(mine).scalar_one())


def _guarded(key: str) -> tuple[Merchant, int]:
    inside = arriving.member_in_frame(key)
    if inside is not None:
        return inside
    who = _signed_in()
    if who is not None:
        found = _merchant_of(*who, key)
        if found is not None:
            return found, who[1]
    open_to_all = _sandbox(key)
    if open_to_all is None:
        if who is None:
            # A page opened outside the admin that it belongs in goes there.
            frame.ask_again(key)
        abort(404 if who else 401)
    return open_to_all, first_member(open_to_all.id)


def _signed_in() -> tuple[int, int] | None:
    """The merchant and the member of the session, or of development's cookie;
    one from an older Kontor may have another shape and is nobody's."""
    secret = request.cookies.get(cookie_name())
    known = member_sessions.whose(_machine(), secret) if secret else None
    if known is not None:
        return known
    match session.get("member"):
        case [int(merchant_id), int(member_id)]:
            return merchant_id, member_id
    return None


def _sandbox(key: str) -> Merchant | None:
    """The sandbox belongs to whoever sees it."""
    if not _machine().config.sandbox_shown:
        return None
    found = select(Merchant).where(merchants.c.key == key, merchants.c.platform == SANDBOX.key)
    with reading(_machine().db) as db:
        return db.scalars(found).one_or_none()


def first_member(merchant_id: int) -> int:
    with reading(_machine().db) as db:
        found = select(members.c.id).where(members.c.merchant_id == merchant_id).order_by(members.c.id)
        return int(db.execute(found.limit(1)).scalar_one())


@bp.get("/dev/sign-in/<key>")
def development_sign_in(key: str) -> Response:
    """Development only: whoever sits at this machine may be any member."""
    if _machine().config.production:
        abort(404)
    with reading(_machine().db) as db:
        merchant_id = db.execute(select(merchants.c.id).where(merchants.c.key == key)).scalar_one_or_none()
    if merchant_id is None:
        abort(404)
    sign_in(merchant_id, first_member(merchant_id))
    return redirect(url_for("activity.index", key=key, lang=_language()))


def _language() -> str | None:
    given = request.args.get("lang")
    return given if given in ("de", "en") else None


def _merchant_of(merchant_id: Any, member_id: Any, key: str) -> Merchant | None:
    found = (
        select(Merchant)
        .join(members, members.c.merchant_id == merchants.c.id)
        .where(merchants.c.id == merchant_id, merchants.c.key == key, members.c.id == member_id)
    )
    with reading(_machine().db) as db:
        return db.scalars(found).one_or_none()


def _machine() -> Machine:
    found = current_app.extensions["kontor"]
    assert isinstance(found, Machine)
    return found
