"""Looking back: what a flow would have done in the last thirty days, before it goes live."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.db import reading
from core.models import Merchant
from engine import changes, holdout, looking_back
from engine.shop_settings import flow_settings
from flows.flow import Flow
from web.i18n import gettext as _
from web.i18n import locale
from web.pages import machine
from web.session import current_member, current_merchant

bp = Blueprint("look_back", __name__, url_prefix="/m/<key>/flows/<flow>/look-back")


@bp.get("")
def page(key: str, flow: str) -> str:
    merchant, looked = current_merchant(key), _flow(flow)
    with reading(machine().db) as db:
        row = looking_back.newest(db, merchant.id, looked.key)
        compared = holdout.compare(db, merchant.id, looked.key)
        saved = flow_settings(db, merchant.id, looked)
    return render_template(
        "look_back/page.html",
        merchant=merchant,
        flow=looked,
        row=row,
        days=looking_back.SPAN.days,
        moving=row is not None and row.state == "waiting",
        so_far=_percent(row),
        outdated=row is not None and row.settings_rev != merchant.settings_rev,
        told=_told(merchant, row),
        policy_name=policy_name,
        limits=_limits(merchant),
        compared=compared,
        percent=saved.settings.holdout,
    )


@bp.post("")
def ask(key: str, flow: str) -> Response:
    merchant, looked = current_merchant(key), _flow(flow)
    looking_back.ask(machine(), merchant.id, looked, current_member())
    return redirect(url_for(".page", key=key, flow=flow), 303)


@bp.post("/leave-out")
def leave_out(key: str, flow: str) -> Response:
    """Ten of a hundred by one click, or nobody; other shares are typed with the settings."""
    merchant, looked = current_merchant(key), _flow(flow)
    percent = 10 if request.form.get("percent") == "10" else 0
    with reading(machine().db) as db:
        saved = flow_settings(db, merchant.id, looked)
    data = saved.settings.model_dump(mode="json") | {"holdout": percent}
    try:
        changes.save_flow(machine(), merchant.id, looked, data, current_member(), saved.version)
    except changes.ChangedMeanwhile:
        flash(_("Somebody has saved meanwhile, so nothing was changed. Press once more."), "error")
    else:
        flash(_("Saved. It holds from now on.") if percent else _("Saved. From now on nobody is left out."))
    return redirect(url_for(".page", key=key, flow=flow), 303)


def policy_name(policy: str) -> str:
    """Whom a consent policy lets a shop write to."""
    words = {
        "opted_in": _("Only people who agreed"),
        "existing_customers": _("People who agreed, and existing customers"),
        "platform": _("As the shop platform says"),
    }
    return words.get(policy, policy)


def _flow(key: str) -> Flow:
    """Only carts can be looked back at: what was asked for is told, come what may."""
    flow = machine().flows.get(key)
    return flow if flow is not None and flow.subject == "cart" else abort(404)


def _percent(row: Any | None) -> int:
    """How far it has come; full only when it is done."""
    if row is None or row.state == "done":
        return 100
    return min(99, int(row.people_done) * 100 // max(1, int(row.people)))


def _told(merchant: Merchant, row: Any | None) -> list[tuple[str, dict[str, Any]]]:
    """The tallies in the order in which policies let more people be reached."""
    if row is None or row.state != "done":
        return []
    known = looking_back.policies(machine(), merchant.platform)
    return [(policy, row.told[policy]) for policy in known if policy in row.told]


def _limits(merchant: Merchant) -> str:
    """What the shop's own past can't tell us, said before she believes the figures."""
    connected = machine().connected.get(merchant.platform)
    return connected.past_limits[locale() == "de"] if connected is not None else ""
