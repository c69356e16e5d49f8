"""The merchant's time line: what Kontor decided and did, and why or why not."""

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core import clock
from core.db import reading
from core.models import Merchant
from core.reasons import Reason
from engine import blast, calendar, doubt
from engine.kept_messages import kept_message
from engine.rendering import Rendered
from web import chain, filters, timeline, unheard
from web.i18n import gettext as _
from web.i18n import ngettext
from web.mailview import mail_answer
from web.pages import machine
from web.session import current_member, current_merchant

bp = Blueprint("activity", __name__, url_prefix="/shops/<key>/activity")


@bp.get("")
def index(key: str) -> str:
    merchant = current_merchant(key)
    wanted = _wanted(merchant)
    with reading(machine().db) as db:
        page = timeline.page(db, merchant.id, wanted)
        found = filters.whom(db, merchant.id, wanted.search)
        held = timeline.held_blasts(db, merchant.id)
        alone = wanted.search and not page.entries and wanted == filters.Wanted(search=wanted.search)
        unheard_of = unheard.said(db, merchant, wanted.search) if alone else []
    return render_template(
        "activity/index.html",
        merchant=merchant,
        page=page,
        held=held,
        found=found,
        unheard_of=unheard_of,
        wanted=wanted,
        filtered=any((wanted.flow, wanted.outcome, wanted.reason, wanted.search, wanted.mode, wanted.since)),
        narrowed={"mode": wanted.mode or None, "since": request.args.get("since") if wanted.since else None},
        flows=list(machine().flows),
        outcomes=(*filters.DECIDED, *filters.BECAME),
        reasons=sorted(Reason),
    )


@bp.post("")
def look_for(key: str) -> Response:
    """What was typed goes into the next address as a mark that only we can
    make: addresses of pages end up in logs and histories."""
    merchant = current_merchant(key)
    mark = filters.mark_of(machine().vault, merchant.id, request.form.get("q", ""))
    mark = mark or filters.as_mark(request.form.get("mark", ""))
    asked: dict[str, Any] = {name: request.form.get(name) or None for name in ("flow", "outcome", "reason")}
    return redirect(url_for(".index", key=key, q=mark or None, **asked))


@bp.get("/<int(max=9223372036854775807):decision_id>")
def detail(key: str, decision_id: int) -> str:
    """One decision with its chain: webhook, event, decision, effects."""
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        row = timeline.one(db, merchant.id, decision_id) or abort(404)
        told = timeline.about_the_same(db, merchant.id, row)
        effects = timeline.effects_of(db, merchant.id, {one.enrolment_id for one in told})
        passed_on = timeline.passed_on_with(db, merchant.id, told)
        ids = [effect.id for trip in effects.values() for effect in trip]
        links = chain.of(db, merchant.id, row, [one.inbound_id for one in told], ids)
    return render_template(
        "activity/detail.html",
        merchant=merchant,
        row=timeline.entry(row, effects, passed_on),
        told=[timeline.entry(one, effects, passed_on) for one in told],
        links=links,
        inbound_of={one.id: one.inbound_id for one in told},
        version_of={one.id: one.settings_version for one in told},
    )


@bp.get("/messages/<int(max=9223372036854775807):effect_id>")
def message(key: str, effect_id: int) -> str:
    """A message as it was written, sent or not."""
    merchant = current_merchant(key)
    mail = _kept(merchant.id, effect_id)
    return render_template("activity/message.html", merchant=merchant, mail=mail, effect_id=effect_id)


@bp.get("/messages/<int(max=9223372036854775807):effect_id>/html")
def message_html(key: str, effect_id: int) -> Response:
    return mail_answer(_kept(current_merchant(key).id, effect_id).html)


@bp.post("/held/<flow>/<any(release, discard):act>")
def look_at_held(key: str, flow: str, act: str) -> Response:
    merchant = current_merchant(key)
    if flow not in machine().flows:
        abort(404)
    if act == "release":
        count = blast.release(machine(), merchant.id, flow, by=current_member())
        flash(ngettext("%(num)d person goes on.", "%(num)d people go on.", count))
    else:
        count = blast.discard(machine(), merchant.id, flow, by=current_member())
        flash(ngettext("%(num)d person gets nothing.", "%(num)d people get nothing.", count))
    return redirect(url_for(".index", key=key))


@bp.post("/doubt/<int(max=9223372036854775807):effect_id>/<any(again, leave):act>")
def decide_on_doubt(key: str, effect_id: int, act: str) -> Response:
    merchant, by = current_merchant(key), current_member()
    decide = doubt.send_again if act == "again" else doubt.leave
    verdict = decide(machine(), merchant.id, effect_id, by)
    told = {
        "decided": _("This message is not in doubt any more, or somebody has decided already."),
        "late": _("It is too late for this message: it would make no sense any more."),
        "again": _("It goes once more, if the person may still be written to and has not bought."),
        "leave": _("Noted. It stays as it is, and asks for you no more."),
    }
    flash(told[act if verdict == "done" else verdict], "message" if verdict == "done" else "error")
    decision_id = _cursor(request.form.get("decision", ""))
    if decision_id is None:
        return redirect(url_for(".index", key=key), 303)
    return redirect(url_for(".detail", key=key, decision_id=decision_id), 303)


def _kept(merchant_id: int, effect_id: int) -> Rendered:
    """The rendered message, for as long as it is kept."""
    with reading(machine().db) as db:
        row = timeline.kept(db, merchant_id, effect_id) or abort(404)
    return kept_message(machine(), row.key, row.content)


def _wanted(merchant: Merchant) -> filters.Wanted:
    """What the address asks for; what is none of ours is not asked."""
    since = _midnight(request.args.get("since", ""), merchant)
    return filters.Wanted(
        flow=_one_of("flow", machine().flows),
        outcome=_one_of("outcome", (*filters.DECIDED, *filters.BECAME)),
        reason=_one_of("reason", [reason.value for reason in Reason]),
        search=request.args.get("q", "").strip().replace("\0", "")[:64],
        before=_cursor(request.args.get("before", "")),
        mode=_one_of("mode", ("live", "shadow")),
        since=since,
        until=clock.now(merchant) if since is not None else None,
    )


def _midnight(text: str, merchant: Merchant) -> datetime | None:
    """When that day began in the shop; None where it is no day at all."""
    try:
        return calendar.at_hour(date.fromisoformat(text), time(0), ZoneInfo(merchant.timezone))
    except (ValueError, OverflowError):
        return None


def _one_of(name: str, known: Collection[str]) -> str:
    asked = request.args.get(name, "")
    return asked if asked in known else ""


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
