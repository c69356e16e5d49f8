"""A shop's own account at a mail server: entered, tried by a mail to herself, and taken out again."""

import re
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core import clock
from core.db import reading
from core.models import Merchant
from engine import mail_servers
from engine.mail_servers import PORTS, Typed
from web.i18n import gettext as _
from web.pages import machine
from web.sender import not_the_code, usable
from web.session import current_member, current_merchant

bp = Blueprint("mail_server", __name__, url_prefix="/m/<key>/mail-server")

HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE
)
UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
LONGEST = 254


@dataclass
class Form:
    """What stands in the fields, but for the password, and what is wrong with them."""

    host: str = ""
    port: int = PORTS[0]
    user: str = ""
    sender: str = ""
    faults: dict[str, str] = field(default_factory=dict)


@bp.get("")
def page(key: str) -> str:
    merchant = _allowed(key)
    row = _row(merchant)
    form = Form(row.host, row.port, row.login, row.sender) if row is not None else Form()
    return _drawn(merchant, row, form)


@bp.post("/account")
def enter(key: str) -> Response | tuple[str, int]:
    merchant = _allowed(key)
    typed, form = _read()
    if typed is None:
        return _drawn(merchant, _row(merchant), form), 422
    tried = mail_servers.try_out(machine(), merchant, typed, current_member())
    if tried == "sent":
        flash(
            _("Your server has taken a mail to %(address)s. Type the code in it here.", address=typed.sender)
        )
        return _back(key)
    told = {
        "refused_account": _("The server refuses this user name, password or sender address."),
        "unreachable": _(
            "The server can't be reached safely. Check name and port; it must be open to the public and"
            " offer TLS with a valid certificate."
        ),
        "refused_mail": _("The server refuses a mail to %(address)s.", address=typed.sender),
        "busy": _("Other accounts are being tried right now. Try again in a minute."),
        "too_many": _("Too many accounts were tried. Wait an hour and try again."),
    }
    form.faults["account"] = told[tried]
    return _drawn(merchant, _row(merchant), form), 422


@bp.post("/code")
def prove(key: str) -> Response:
    merchant = _allowed(key)
    typed = mail_servers.prove(machine(), merchant.id, request.form.get("code", "")[:20])
    if typed == "right":
        flash(_("It works. From now on your mails go out by your own server."))
    else:
        flash(not_the_code(typed), "error")
    return _back(key)


@bp.post("/forget")
def forget(key: str) -> Response:
    mail_servers.forget(machine(), _allowed(key).id)
    flash(_("The account is taken out and its password is forgotten. Your mails go out by our server again."))
    return _back(key)


def _allowed(key: str) -> Merchant:
    """Not for a shop that only ever writes to a mailbox of ours."""
    merchant = current_merchant(key)
    if not machine().may_have_account(merchant.platform):
        abort(404)
    return merchant


def _row(merchant: Merchant) -> Any | None:
    with reading(machine().db) as db:
        return mail_servers.of(db, merchant.id)


def _read() -> tuple[Typed | None, Form]:
    given = {name: request.form.get(name, "").strip() for name in ("host", "port", "user", "sender")}
    password, sender = request.form.get("password", ""), usable(given["sender"])
    port = int(given["port"]) if given["port"] in {str(one) for one in PORTS} else 0
    form = Form(given["host"][:LONGEST], port or PORTS[0], given["user"][:LONGEST], given["sender"][:LONGEST])
    plain = _("Letters with accents are not possible here: not every mail server understands them.")
    checks = {
        "host": (HOST.fullmatch(given["host"]), _("This is no name of a server, as smtp.example.com.")),
        "port": (port, _("Choose one of the ports.")),
        "user": (_is_word(given["user"]), _("Enter the user name of the account.")),
        "password": (_is_word(password), _("Enter the password of the account; it is kept encrypted.")),
        "sender": (sender, _("This is no e-mail address.")),
    }
    form.faults = {name: plain for name in ("user", "password") if not request.form.get(name, "").isascii()}
    form.faults |= {name: told for name, (is_right, told) in checks.items() if not is_right}
    if form.faults or sender is None:
        return None, form
    return Typed(given["host"].lower(), port, given["user"], password, sender), form


def _is_word(text: str) -> bool:
    return 0 < len(text) <= LONGEST and not UNSEEN.search(text)


def _drawn(merchant: Merchant, row: Any | None, form: Form) -> str:
    waits = row is not None and row.code is not None and row.code_ends_at > clock.now()
    return render_template(
        "mail_server/page.html",
        merchant=merchant,
        row=row,
        form=form,
        waits=waits,
        ports=PORTS,
        offset=clock.offset(merchant),
    )


def _back(key: str) -> Response:
    return redirect(url_for(".page", key=key), 303)
