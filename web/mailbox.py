"""The mailbox: every mail that was kept instead of sent, as its reader sees it."""

from flask import Blueprint, Response, abort, render_template
from sqlalchemy import select

from core.db import reading
from core.models.tables import effects, mailbox_messages
from integrations.mailbox import channel
from integrations.mailbox.channel import Opened
from web.mailview import mail_answer
from web.pages import machine
from web.session import current_merchant

bp = Blueprint("mailbox", __name__, url_prefix="/shops/<key>/mailbox")


@bp.get("")
def index(key: str) -> str:
    merchant = current_merchant(key)
    return render_template(
        "mailbox/index.html",
        merchant=merchant,
        entries=channel.listing(machine().runtime, merchant.id),
        times=_times(merchant.id),
        goes_out=machine().config.smtp_url is not None,
    )


@bp.get("/<int(max=9223372036854775807):message_id>")
def message(key: str, message_id: int) -> str:
    merchant = current_merchant(key)
    return render_template(
        "mailbox/message.html",
        merchant=merchant,
        mail=_opened(merchant.id, message_id),
        time=_times(merchant.id).get(message_id),
    )


@bp.get("/<int(max=9223372036854775807):message_id>/html")
def html(key: str, message_id: int) -> Response:
    """The mail's HTML alone."""
    mail = _opened(current_merchant(key).id, message_id)
    return mail_answer(mail.html)


def _opened(merchant_id: int, message_id: int) -> Opened:
    return channel.read(machine().runtime, merchant_id, message_id) or abort(404)


def _times(merchant_id: int) -> dict[int, object]:
    """When each message went by the merchant's clock, by the message's number."""
    query = (
        select(mailbox_messages.c.id, effects.c.acted_at)
        .join(effects, effects.c.key == mailbox_messages.c.key)
        .where(mailbox_messages.c.merchant_id == merchant_id, effects.c.merchant_id == merchant_id)
        .order_by(mailbox_messages.c.id.desc())
        .limit(100)
    )
    with reading(machine().db) as db:
        return {row.id: row.acted_at for row in db.execute(query)}
