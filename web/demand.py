"""The demand page: what people wait for, and telling them now."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.db import reading
from core.models import Merchant
from engine import cells, demand, restocks
from engine.demand import Wanted
from engine.machine import Machine
from engine.shop_settings import flow_settings
from engine.waitlist import FLOW
from web.i18n import gettext as _
from web.i18n import ngettext
from web.pages import machine
from web.session import current_member, current_merchant

bp = Blueprint("demand", __name__, url_prefix="/m/<key>/demand")

SHOWN = 50
EXPORTED_AT_ONCE = 500
VARIANT = "/<int(max=9223372036854775807):variant_id>/notify"


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    number = _page_number()
    with reading(machine().db) as db:
        variants, people = demand.counted(db, merchant.id)
        found = demand.listing(db, merchant.id, SHOWN, (number - 1) * SHOWN)
        mode = flow_settings(db, merchant.id, machine().flows[FLOW]).mode
    return render_template(
        "demand/page.html",
        merchant=merchant,
        found=found,
        variants=variants,
        people=people,
        number=number,
        more=number * SHOWN < variants,
        mode=mode,
        flow=FLOW,
        app_url=machine().config.app_url,
        state_name=state_name,
    )


@bp.post("/export")
def export(key: str) -> Response:
    """Numbers of things, and no person."""
    merchant = current_merchant(key)
    head = [_("Product"), _("SKU"), _("People waiting"), _("Since"), _("Worth"), _("Currency")]
    answer = Response(_table(machine(), merchant, head), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="demand.csv"'
    return answer


@bp.get(VARIANT)
def ask(key: str, variant_id: int) -> str:
    """Whom it would be, and what there is for them."""
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        one = demand.of_variant(db, merchant.id, variant_id) or abort(404)
        coming = demand.next_in_line(machine(), db, merchant, one)
        mode = flow_settings(db, merchant.id, machine().flows[FLOW]).mode
    return render_template(
        "demand/notify.html",
        merchant=merchant,
        one=one,
        coming=coming,
        mode=mode,
        flow=FLOW,
        proposed=min(one.people, coming.fair or one.people),
        state_name=state_name,
    )


@bp.post(VARIANT)
def notify(key: str, variant_id: int) -> AnyResponse:
    merchant = current_merchant(key)
    people = _number(request.form.get("people", ""))
    if people is None:
        flash(_("Say with a number how many people may be told."), "error")
        return redirect(url_for(".ask", key=key, variant_id=variant_id), 303)
    if restocks.notify_now(machine(), merchant.id, variant_id, people, current_member()):
        flash(
            ngettext(
                "Your shop is asked now. Up to %(num)d person is told, if something is there"
                " and your quiet hours allow it.",
                "Your shop is asked now. Up to %(num)d people are told, if enough is there"
                " and your quiet hours allow it.",
                people,
            )
        )
    else:
        flash(_("Nobody is told: the flow is off, or nobody waits for it any more."), "error")
    return redirect(url_for(".page", key=key), 303)


def state_name(one: Wanted) -> str:
    words = {
        "sold_out": _("sold out"),
        "back": _("back in stock"),
        "being_told": _("back, wave %(number)s under way", number=one.wave)
        if one.wave
        else _("back in stock"),
        "hidden": _("not offered at the moment"),
        "gone": _("removed from the shop"),
        "unknown": _("stock not known"),
    }
    return words[one.state]


def _table(machine: Machine, merchant: Merchant, head: list[str]) -> Iterator[str]:
    """With the mark by which spreadsheets know the alphabet."""
    yield "\ufeff" + cells.lines([head])
    zone, skipped = ZoneInfo(merchant.timezone), 0
    while True:
        with reading(machine.db) as db:
            found = demand.listing(db, merchant.id, EXPORTED_AT_ONCE, skipped)
        if found:
            yield cells.lines(_cells(one, zone) for one in found)
        if len(found) < EXPORTED_AT_ONCE:
            return
        skipped += EXPORTED_AT_ONCE


def _cells(one: Wanted, zone: ZoneInfo) -> list[str]:
    named = [cells.safe(one.name), cells.safe(one.sku or "")]
    since = one.since.astimezone(zone).date().isoformat()
    return [*named, str(one.people), since, str(one.worth.decimal()), one.worth.currency]


def _page_number() -> int:
    return _number(request.args.get("page", "1")) or 1


def _number(text: str) -> int | None:
    """A whole number from one to a million."""
    told = text.strip()
    found = int(told) if told.isascii() and told.isdigit() and len(told) <= 7 else 0
    return found if 1 <= found <= 1_000_000 else None
