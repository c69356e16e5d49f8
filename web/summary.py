"""The weekly summary: ordered and stopped on the settings page, or stopped from the mail itself.

The signed token of the mail is the whole authority to stop it. Looking at its
page changes nothing; mail gateways look at everything.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.db import reading
from engine import links, sign_in, summaries, trial_mails
from engine.links import Summed
from web.i18n import gettext as _
from web.i18n import locale
from web.pages import machine
from web.session import current_member_id, current_merchant
from web.signing_in import is_address

bp = Blueprint("summary", __name__, url_prefix="/m/<key>/settings/summary")
# What a mail leads to carries its own proof instead of a form token.
mailed = Blueprint("summary_mailed", __name__, url_prefix="/weekly")


@bp.post("/order")
def order(key: str) -> Response:
    merchant, member_id = current_merchant(key), current_member_id(key)
    known = trial_mails.own_address(machine(), merchant.id, member_id)
    if known is not None or _confirming(merchant.id, member_id, request.form.get("email", "").strip()):
        summaries.order(machine(), merchant.id, member_id, locale())
    if known is not None:
        flash(_("Ordered. The first summary comes next Monday morning."))
    return _back(key)


def _confirming(merchant_id: int, member_id: int, email: str) -> bool:
    """Nobody is sent a summary who has not shown that she reads this mailbox."""
    if not is_address(email):
        flash(_("This is no e-mail address. Type one that you read regularly."), "error")
        return False
    if not sign_in.send_confirmation(machine(), merchant_id, member_id, email):
        flash(_("The mail to %(email)s could not be sent. Try again later.", email=email), "error")
        return False
    flash(_("A link is on its way to %(email)s. Follow it, and the summary comes each Monday.", email=email))
    return True


@bp.post("/stop")
def give_up(key: str) -> Response:
    merchant, member_id = current_merchant(key), current_member_id(key)
    summaries.stop(machine(), merchant.id, member_id)
    flash(_("You get no weekly summary any more."))
    return _back(key)


def _back(key: str) -> Response:
    return redirect(url_for("settings.page", key=key, _anchor="summary"), 303)


@mailed.get("/<token>")
def ask(token: str) -> tuple[str, int]:
    asked = links.open_summary(machine().config, token)
    if asked is None:
        return _told("gone"), 404
    return _told("ask" if _is_ordered(asked) else "stopped"), 200


@mailed.post("/<token>")
def stop(token: str) -> tuple[str, int]:
    """By the button there, or by the mail program's (RFC 8058)."""
    asked = links.open_summary(machine().config, token)
    if asked is None:
        return _told("gone"), 404
    summaries.stop(machine(), asked.merchant_id, asked.member_id)
    return _told("stopped"), 200


def _is_ordered(asked: Summed) -> bool:
    with reading(machine().db) as db:
        return summaries.ordered(db, asked.merchant_id, asked.member_id) is not None


def _told(outcome: str) -> str:
    return render_template("summary/page.html", outcome=outcome)
