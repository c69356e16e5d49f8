"""The page of stored data: what, about whom, why and how long; to be taken along or erased."""

import json
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.db import reading
from core.models import Merchant
from engine import data_acts, data_list, data_requests
from web import filters, session
from web.i18n import gettext as _
from web.i18n import locale, ngettext
from web.pages import machine
from web.session import current_member, current_member_id, current_merchant

bp = Blueprint("data", __name__, url_prefix="/m/<key>/data")

# An address of a page names a person by a mark that only we can make, as on the activity page.
PERSON = "/people/<mark>"


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        acts = data_acts.listing(db, merchant.id)
        waiting = data_requests.open_requests(db, merchant.id)
    kept = list(data_list.said(locale(), "shopper", "member", "shop"))
    return render_template(
        "data/page.html", merchant=merchant, kept=kept, acts=acts, act_name=_act_name, requests=waiting
    )


@bp.post("/look")
def look(key: str) -> AnyResponse:
    merchant = current_merchant(key)
    mark = filters.mark_of(machine().vault, merchant.id, request.form.get("email", ""))
    if filters.is_print(mark):
        return redirect(url_for(".person", key=key, mark=mark), 303)
    flash(_("This is no e-mail address."), "error")
    return redirect(url_for(".page", key=key), 303)


@bp.get(PERSON)
def person(key: str, mark: str) -> str:
    merchant = _of(key, mark)
    found = data_acts.look_at_person(machine(), merchant.id, mark, locale())
    names = {"consent_name": _consent_name, "waiting_name": _waiting_name}
    return render_template("data/person.html", merchant=merchant, people=found, mark=mark, **names)


@bp.post(f"{PERSON}/export")
def export_person(key: str, mark: str) -> Response:
    merchant = _of(key, mark)
    found = data_acts.export_person(machine(), merchant.id, mark, current_member())
    return _download(_written(found), "application/json", "person.json")


@bp.get(f"{PERSON}/erase")
def ask_to_erase_person(key: str, mark: str) -> str:
    merchant = _of(key, mark)
    with reading(machine().db) as db:
        masked = filters.whom(db, merchant.id, mark)
    return render_template("data/erase_person.html", merchant=merchant, masked=masked, mark=mark)


@bp.post(f"{PERSON}/erase")
def erase_person(key: str, mark: str) -> AnyResponse:
    merchant = _of(key, mark)
    count = data_acts.erase_person(machine(), merchant.id, mark, current_member())
    if count:
        flash(ngettext("Erased: %(num)d person.", "Erased: %(num)d people.", count))
    else:
        flash(_("Nobody was known by this address. It is not written to from now on."))
    return redirect(url_for(".page", key=key), 303)


@bp.post("/export")
def export_shop(key: str) -> Response:
    """Sent as it is read: a large shop takes minutes, not memory."""
    merchant = current_merchant(key)
    return _download(
        data_acts.export_shop(machine(), merchant.id, current_member()), "application/zip", "kontor.zip"
    )


@bp.get("/erase")
def ask_to_erase_shop(key: str) -> str:
    return _confirm(current_merchant(key))


@bp.post("/erase")
def erase_shop(key: str) -> AnyResponse | tuple[str, int]:
    """Only for whoever types the shop's name; afterwards nobody is signed in any more."""
    merchant, member_id = current_merchant(key), current_member_id(key)
    if " ".join(request.form.get("name", "").split()) != " ".join(merchant.name.split()):
        return _confirm(merchant, wrong=True), 422
    undone = data_acts.erase_shop(machine(), merchant.id, member_id)
    page = render_template("data/erased.html", shop=merchant.name, undone=undone)
    return session.end(Response(page))


def _confirm(merchant: Merchant, *, wrong: bool = False) -> str:
    return render_template("data/erase_shop.html", merchant=merchant, wrong=wrong)


def _of(key: str, mark: str) -> Merchant:
    merchant = current_merchant(key)
    return merchant if filters.is_print(mark) else abort(404)


def _written(told: Any) -> str:
    return json.dumps(told, indent=2, default=str, ensure_ascii=False)


def _download(content: Any, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _act_name(kind: str) -> str:
    words = {
        data_acts.PERSON_EXPORTED: _("exported everything about a person"),
        data_acts.SHOP_EXPORTED: _("exported everything about the shop"),
        data_acts.PERSON_ERASED: _("erased a person"),
    }
    return words.get(kind, kind)


def _consent_name(state: str) -> str:
    words = {
        "opted_in": _("agreed"),
        "opted_out": _("objected"),
        "pending": _("asked, not answered yet"),
    }
    return words.get(state, state)


def _waiting_name(state: str) -> str:
    words = {
        "unconfirmed": _("signed up, not confirmed yet"),
        "waiting": _("in line"),
        "called": _("a message is on its way"),
        "told": _("was told"),
        "over": _("not in line any more"),
    }
    return words.get(state, state)
