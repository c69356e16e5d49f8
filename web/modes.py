"""Switching a flow off, to shadow or live: first a page that says what will happen, and to how many."""

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.db import reading
from core.facts import Mode
from core.settings import declared
from core.steps import steps_of
from engine import changes, outlook, pauses
from engine.shop_settings import ShopSettings, flow_settings, shop_settings
from flows.flow import Flow
from web import flows, paused
from web.history import mode_name
from web.i18n import gettext as _
from web.pages import flow_title, machine
from web.session import current_member, current_merchant
from web.values import Speech, told

bp = Blueprint("flow_mode", __name__, url_prefix="/m/<key>/flows/<flow>/mode")


@bp.get("/<any(off, shadow, live):act>")
def ask(key: str, flow: str, act: str) -> str:
    merchant, known = current_merchant(key), flows.known(flow)
    with reading(machine().db) as db:
        saved = flow_settings(db, merchant.id, known)
        shop = shop_settings(db, merchant.id)
        waiting = outlook.waiting(db, merchant.id, flow, saved.mode)
        pause = pauses.of_flow(db, merchant.id, flow)
        in_line = outlook.in_line(db, merchant.id)
    left_alone = changes.going_live(machine(), merchant.id).open_carts_left_alone
    return render_template(
        "flow/mode.html",
        merchant=merchant,
        flow=known,
        title=flow_title(flow),
        now=saved.mode,
        then=act,
        then_name=mode_name(act),
        waiting=waiting,
        paused=paused.why(pause) if pause else "",
        left_alone=left_alone if act != "off" else 0,
        in_line=in_line,
        settings=saved.settings,
        **_from_then_on(known, saved.settings, shop, Speech.of(merchant.currency)),
    )


@bp.post("/<any(off, shadow, live):act>")
def switch(key: str, flow: str, act: str) -> Response:
    """Only from the mode of which the member was told what would happen."""
    merchant, known = current_merchant(key), flows.known(flow)
    mode, seen = cast(Mode, act), request.form.get("seen", "")
    try:
        changes.set_mode(machine(), merchant.id, known, mode, current_member(), seen)
    except changes.ChangedMeanwhile:
        flash(_("Somebody has switched this flow meanwhile. See how it is now, and decide again."), "error")
        return redirect(url_for("flow.page", key=key, flow=flow), 303)
    flash(_told_of(known, act))
    return redirect(url_for("flow.page", key=key, flow=flow), 303)


def _told_of(flow: Flow, mode: str) -> str:
    if mode == "live" and flow.subject == "sign_up":
        return _("The flow is live. What comes back from this moment on is told of.")
    return {
        "off": _("The flow is off. Nothing is planned and nothing is sent."),
        "shadow": _("The flow runs in shadow. It writes down what it would do, and sends nothing."),
        "live": _("The flow is live. Carts left from this moment on count."),
    }[mode]


def _from_then_on(flow: Flow, settings: Any, shop: ShopSettings, speech: Speech) -> dict[str, Any]:
    """What holds as soon as the flow runs: when it writes, and to whom."""
    policy = declared(ShopSettings)["consent_policy"]
    return {
        "steps": [flows.step_in_words(step, speech) for step in steps_of(settings) if step.on],
        "policy": told(policy, shop.consent_policy, {}, speech),
        "policy_means": speech.say(policy.options[shop.consent_policy].help),
        "shop": shop,
    }
