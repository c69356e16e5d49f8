"""The doors through which a merchant comes from her platform's admin."""

import hmac
import re
import secrets

from flask import Blueprint, Response, abort, make_response, redirect, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.errors import NeedsMerchant, Permanent, Retryable
from integrations import ADMINS
from integrations.admins import Admin, Granted
from web import arriving, frame
from web.pages import machine

bp = Blueprint("install", __name__)

PLATFORM = f"/<any({', '.join(ADMINS)}):platform>"
STATE = "kontor-install"
STATE_SECONDS = 600
OWN_PATH = re.compile(r"[A-Za-z0-9_~.-]+(/[A-Za-z0-9_~.-]+)*/?")


@bp.get(PLATFORM, strict_slashes=False)
def home(platform: str) -> Response:
    """Kontor's address in the admin. There is no other sign that somebody has
    installed it than that she comes by."""
    found = frame.framed()
    if found is None or found.admin.key != platform:
        frame.ask_again()
        abort(401)
    row = frame.shop_of(found)
    if row is None:
        arriving.connect_now(found)
        row = frame.shop_of(found)
    assert row is not None
    return _to(url_for("activity.index", key=row.key))


@bp.get(f"{PLATFORM}/<path:rest>")
def deeper(platform: str, rest: str) -> Response:
    """A page of ours, as the admin opens it below the app's own address."""
    if not OWN_PATH.fullmatch(rest):
        abort(404)
    query = request.query_string.decode("ascii", "ignore")
    return _to(f"/{rest}" + (f"?{query}" if query else ""))


@bp.get(f"{PLATFORM}/again")
def again(platform: str) -> Response:
    """The admin's script alone: it asks for the page again, with a fresh proof."""
    return frame.made(_admin(platform).patch_page(frame.this_visit()))


@bp.get(f"{PLATFORM}/install")
def begin(platform: str) -> Response:
    """The grant screen, for whoever does not come through the admin."""
    admin = _admin(platform)
    shop = admin.asked_by(frame.this_visit()) or abort(400)
    if frame.is_inside_a_frame():
        # The grant screen refuses to be framed, and the state's cookie would be lost.
        own = machine().config.app_url + request.full_path
        return frame.made(admin.exit_page(shop, own, secrets.token_urlsafe(16)))
    state = secrets.token_urlsafe(24)
    answer = _to(admin.grant_url(shop, state, f"{machine().config.app_url}/{platform}/callback"))
    secure = machine().config.app_url.startswith("https://")
    kept = str(_states().dumps([platform, shop, state]))
    options = {"path": f"/{platform}", "secure": secure, "httponly": True, "samesite": "Lax"}
    answer.set_cookie(STATE, kept, STATE_SECONDS, **options)  # type: ignore[arg-type]
    return answer


@bp.get(f"{PLATFORM}/callback")
def finish(platform: str) -> Response:
    """Back from the grant screen: what the platform signed must answer what this browser asked."""
    admin = _admin(platform)
    granted = admin.granted(frame.this_visit())
    if granted is None or not _is_asked_here(platform, granted):
        abort(400)
    try:
        arriving.connect(admin, granted.shop, admin.redeem(granted))
    except (Retryable, Permanent, NeedsMerchant) as error:
        arriving.not_connected(platform, error)
    answer = _to(admin.inside(granted.shop, "/"))
    answer.delete_cookie(STATE, path=f"/{platform}")
    return answer


def _is_asked_here(platform: str, granted: Granted) -> bool:
    try:
        asked = _states().loads(request.cookies.get(STATE, ""), max_age=STATE_SECONDS)
    except BadSignature:
        return False
    same_state = hmac.compare_digest(str(asked[2]).encode(), granted.state.encode())
    return asked[:2] == [platform, granted.shop] and same_state


def _states() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(machine().config.secret_key, salt=STATE)


def _admin(platform: str) -> Admin:
    return frame.admins()[platform]


def _to(address: str) -> Response:
    return make_response(redirect(address))
