"""The page of a shop's connection: how it fares, who is in, and how it ends."""

import json
from datetime import timedelta

from babel import dates
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.db import reading
from core.models import Merchant
from engine import checkups, colleagues, companions, data_requests, disconnecting, member_sessions
from integrations import STOREFRONTS
from integrations.self_hosted import SelfHosted
from web import companion_reach, frame, own_pages, self_hosted, session, shop_health
from web.i18n import REGIONS, locale
from web.i18n import gettext as _
from web.pages import machine
from web.session import current_member, current_member_id, current_merchant
from web.shop_health import Health
from web.signing_in import is_address

bp = Blueprint("connection", __name__, url_prefix="/m/<key>/connection")


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        health = shop_health.of(db, merchant.id)
        requests = data_requests.open_requests(db, merchant.id)
        companion = companions.of_merchant(db, merchant.id)
        reach = companion_reach.of(db, merchant)
    platform = _self_hosted(merchant, health)
    return render_template(
        "connection/page.html",
        merchant=merchant,
        health=health,
        platform=platform,
        why=_why(platform, health),
        lag=_length(health.lag) if health and health.lag is not None else "",
        hook_state=_hook_state,
        reading_name=_reading_name,
        requests=requests,
        companion=companion,
        reach=reach,
        may_have_companion=merchant.platform in machine().companions,
        editor=_editor(health),
        snippet=own_pages.snippet(machine().config.app_url, merchant.key),
        **(_people(key, merchant) if platform and frame.framed() is None else {"colleagues": []}),
    )


@bp.post("/disconnect")
def disconnect(key: str) -> AnyResponse:
    """Only what was connected with keys is let go of here; an app is removed where it was installed."""
    merchant = current_merchant(key)
    _demand_keys(merchant)
    if disconnecting.disconnect(machine(), merchant.id):
        flash(_("Your shop is disconnected. Our webhooks are deleted and its keys are forgotten here."))
    else:
        flash(_("Your shop is disconnected, but it did not answer: delete our webhooks there."), "error")
    return _back(key)


@bp.post("/look")
def look(key: str) -> AnyResponse:
    """She has just installed something, and does not want to wait for the next check-up."""
    merchant = current_merchant(key)
    checkups.soon(machine(), merchant.id)
    flash(_("Kontor looks at your shop now. Look again in a minute."))
    return _back(key)


@bp.post("/data-requests/<int(max=9223372036854775807):request_id>")
def data_request(key: str, request_id: int) -> Response:
    """What is known of the person, to be handed to her; with it the request is answered."""
    merchant = current_merchant(key)
    told = data_requests.answer(machine(), merchant.id, request_id, current_member()) or abort(404)
    answer = Response(
        json.dumps(told, indent=2, default=str, ensure_ascii=False), mimetype="application/json"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="data-request-{request_id}.json"'
    return answer


@bp.post("/colleagues")
def invite(key: str) -> AnyResponse:
    merchant = current_merchant(key)
    _demand_keys(merchant)
    email = request.form.get("email", "").strip()
    if not is_address(email):
        flash(_("This is no e-mail address. Type one that your colleague reads regularly."), "error")
    elif colleagues.invite(machine(), merchant.id, email, current_member()):
        flash(_("A link is on its way to %(email)s.", email=email))
    else:
        flash(
            _("The mail to %(email)s could not be sent. Try again later.", email=email),
            "error",
        )
    return _back(key)


@bp.post("/colleagues/<int(max=9223372036854775807):member_id>/remove")
def remove(key: str, member_id: int) -> AnyResponse:
    """Nobody removes herself by mistake: she signs out."""
    merchant = current_merchant(key)
    if member_id == current_member_id(key) or not colleagues.remove(machine(), merchant.id, member_id):
        abort(404)
    flash(_("This person is out, everywhere and at once."))
    return _back(key)


@bp.post("/sessions/<int(max=9223372036854775807):session_id>/end")
def end_session(key: str, session_id: int) -> AnyResponse:
    merchant = current_merchant(key)
    if not member_sessions.end(machine(), merchant.id, session_id):
        abort(404)
    flash(_("This browser is signed out."))
    return _back(key)


@bp.post("/sessions/end")
def end_sessions(key: str) -> AnyResponse:
    merchant = current_merchant(key)
    member_sessions.end_all(machine(), merchant.id, current_member_id(key))
    return session.end(redirect(url_for("signing_in.ask"), 303))


def _editor(health: Health | None) -> str | None:
    """Where she puts our form on her product page, where the platform has such a place."""
    connection = health.connection if health else None
    if connection is None or connection.platform not in STOREFRONTS:
        return None
    return STOREFRONTS[connection.platform].editor(connection.domain, machine().config)


def _people(key: str, merchant: Merchant) -> dict[str, object]:
    own = request.cookies.get(session.cookie_name(), "")
    return {
        "colleagues": colleagues.listing(machine(), merchant.id),
        "sessions": member_sessions.listing(machine(), merchant.id),
        "own_secret": member_sessions.hashed(machine().config, "session", own),
        "me": current_member_id(key),
    }


def _demand_keys(merchant: Merchant) -> None:
    with reading(machine().db) as db:
        health = shop_health.of(db, merchant.id)
    if _self_hosted(merchant, health) is None:
        abort(404)


def _self_hosted(merchant: Merchant, health: Health | None) -> SelfHosted | None:
    """Such a store has given us keys, and its members sign in here."""
    return self_hosted.platforms().get(merchant.platform) if health else None


def _why(platform: SelfHosted | None, health: Health | None) -> str:
    """What the platform says of why the store can't be called; "" where it says nothing."""
    word = health.connection.state_reason if health else None
    met = platform.problem(word) if platform and word else None
    return self_hosted.sentence(met) if met else ""


def _back(key: str) -> AnyResponse:
    return redirect(url_for(".page", key=key), 303)


def _length(span: timedelta) -> str:
    """About how long: "40 seconds"."""
    return dates.format_timedelta(max(span, timedelta(seconds=1)), threshold=1.5, locale=REGIONS[locale()])


def _hook_state(state: str) -> str:
    words = {
        "active": _("active"),
        "declared": _("comes with the app"),
        "disabled": _("switched off by the shop"),
        "missing": _("missing"),
    }
    return words.get(state, state)


def _reading_name(name: str) -> str:
    words = {
        "orders": _("Orders"),
        "checkouts": _("Checkouts"),
        "products": _("Products"),
        "stock": _("Stock"),
        "customers": _("Consent of customers"),
    }
    return words.get(name, name)
