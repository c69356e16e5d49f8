"""From which address a shop's mails go out: the operator's, or one of her own that she has proven."""

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core import clock
from core.db import reading
from core.errors import Permanent
from core.models import Merchant
from engine import mail_servers, senders
from engine.sender_records import Record
from engine.shop_settings import ShopSettings, shop_settings
from integrations.mime import address as as_sent
from web.i18n import gettext as _
from web.pages import machine
from web.session import current_member, current_merchant
from web.signing_in import is_address

bp = Blueprint("sender", __name__, url_prefix="/m/<key>/sender")


@dataclass(frozen=True, slots=True)
class Seen:
    """Her own address as it stands, if she has entered one; `waits` for its code."""

    shop: ShopSettings
    row: Any | None
    waits: bool
    records: list[Record] = field(default_factory=list)


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    return render_template(
        "sender/page.html",
        merchant=merchant,
        seen=look(merchant),
        offered=senders.is_offered(machine().config),
        ours=machine().config.mail_from,
        offset=clock.offset(merchant),
        may_have_account=machine().may_have_account(merchant.platform),
        account=_account(merchant),
    )


@bp.post("/address")
def enter(key: str) -> Response:
    merchant, typed = current_merchant(key), request.form.get("address", "").strip()
    address = usable(typed)
    if address is None or not senders.is_offered(machine().config):
        flash(_("This is no e-mail address."), "error")
        return _back(key)
    told = {
        "sent": _("A code is on its way to %(address)s.", address=address),
        "ours": _("Nobody but the operator writes from this domain. Enter an address of your own domain."),
        "too_many": _("Codes were mailed too often today. Try again tomorrow."),
        "refused": _("The mail server takes nothing for this address. Check how it is written."),
        "busy": _("The mail server does not take the code now. Try again in a few minutes."),
    }
    outcome = senders.ask(machine(), merchant, address, current_member())
    flash(told[outcome], "message" if outcome == "sent" else "error")
    return _back(key)


@bp.post("/code")
def prove(key: str) -> Response:
    merchant = current_merchant(key)
    typed = senders.prove(machine(), merchant.id, request.form.get("code", "")[:20])
    if typed == "right":
        return _told_of(key, senders.look(machine(), merchant.id))
    flash(not_the_code(typed), "error")
    return _back(key)


def not_the_code(typed: str) -> str:
    """Why a mailed code proved nothing."""
    told = {
        "wrong": _("This is not the code. Look again at the newest mail."),
        "late": _("This code holds no more: it is too old, or was tried too often. Have another one sent."),
        "none": _("No code is asked for at the moment."),
    }
    return told[typed]


@bp.post("/look")
def look_again(key: str) -> Response:
    return _told_of(key, senders.look(machine(), current_merchant(key).id))


@bp.post("/forget")
def forget(key: str) -> Response:
    senders.forget(machine(), current_merchant(key).id)
    flash(_("From now on your mails go out from the operator's address."))
    return _back(key)


def _account(merchant: Merchant) -> Any | None:
    """Her own account at a mail server, where her mails go out by it."""
    with reading(machine().db) as db:
        row = mail_servers.of(db, merchant.id)
    return row if row is not None and row.in_use else None


def look(merchant: Merchant) -> Seen:
    with reading(machine().db) as db:
        row, shop = senders.of(db, merchant.id), shop_settings(db, merchant.id)
    if row is None or not row.address:
        return Seen(shop, None, waits=False)
    waits = row.code is not None and row.code_ends_at > clock.now()
    return Seen(shop, row, waits, senders.records_of(row))


def usable(typed: str) -> str | None:
    """As mail servers write it, domain in ASCII; None for no address."""
    try:
        return as_sent(typed) if is_address(typed) else None
    except Permanent:
        return None


def _told_of(key: str, looked: senders.Looked) -> Response:
    told = {
        "right": _("All is found. From now on your mails go out from your own address."),
        "not_yet": _("Not everything is found yet. New records can take a while until all see them."),
        "busy": _("The name servers do not answer now. Kontor looks again by itself."),
        "wait": _("Kontor has just looked. Wait a moment and try again."),
    }
    flash(told[looked], "message" if looked == "right" else "error")
    return _back(key)


def _back(key: str) -> Response:
    return redirect(url_for(".page", key=key), 303)
