"""What needs the merchant, each with the page on which she can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from core.models import Merchant
from core.models.tables import effects
from core.reasons import Reason
from engine import awaiting, ceiling, mail_days, mail_servers, notices, pauses, refusals, senders
from engine.daily import Told
from engine.notice_letters import title_of, words_of
from web import paused, timeline
from web.i18n import gettext as _
from web.i18n import locale, ngettext
from web.pages import flow_title, machine
from web.shop_health import Brief

# Where a notice is mended, if not by the connection; and what keeps messages from going out.
PAGES = {
    senders.NOTICE: "sender.page",
    mail_servers.NOTICE: "mail_server.page",
    refusals.REFUSED: "activity.index",
}
GRAVE = ("reconnect", refusals.REFUSED, mail_servers.NOTICE)


@dataclass(frozen=True, slots=True)
class Need:
    """`grave` is what keeps messages from going out."""

    title: str
    said: Sequence[str]
    button: str
    address: str
    grave: bool = False


def of(db: Session, merchant: Merchant, health: Brief | None, week: Told) -> list[Need]:
    """The gravest first; `week` are the figures of the last days."""
    # What waits in rows is told from the rows themselves, with how many they are.
    told = [row for row in notices.open_notices(db, merchant.id) if row.kind not in awaiting.WAITS]
    found = [_notice(merchant, row) for row in told]
    if health is not None and health.state != "active" and not any(row.kind == "reconnect" for row in told):
        found.append(_cut_off(merchant))
    found += [_paused(merchant, one) for one in pauses.open_pauses(db, merchant.id)]
    found += [_held(merchant, one) for one in timeline.held_blasts(db, merchant.id)]
    found += _ceiling(db, merchant)
    found += _doubtful(merchant, _in_doubt(db, merchant.id)) + _failed(merchant, week)
    return sorted(found, key=lambda need: not need.grave)


def _notice(merchant: Merchant, row: Any) -> Need:
    words = words_of(row.kind, locale(), mended=False)
    told = {"shop": merchant.name, "detail": row.detail, "operator": machine().config.operator_name}
    said = [part.format_map(told) for part in words["body"].strip().split("\n\n")]
    return Need(
        title_of(merchant, row, locale()),
        said,
        words["button"],
        _place(merchant, row.kind),
        row.kind in GRAVE,
    )


def _place(merchant: Merchant, kind: str) -> str:
    if kind in PAGES:
        return url_for(PAGES[kind], key=merchant.key)
    anchor = "requests" if kind == "data_request" else None
    return url_for("connection.page", key=merchant.key, _anchor=anchor)


def _cut_off(merchant: Merchant) -> Need:
    return Need(
        _("Your shop is disconnected"),
        [_("Kontor hears nothing and sends nothing. What was remembered stays for when you come back.")],
        _("See the connection"),
        url_for("connection.page", key=merchant.key),
        grave=True,
    )


def _paused(merchant: Merchant, pause: Any) -> Need:
    title = _("Kontor has paused “%(flow)s”", flow=flow_title(pause.flow))
    address = url_for("flow.page", key=merchant.key, flow=pause.flow)
    return Need(title, [paused.why(pause)], _("Look, then decide"), address, grave=True)


def _held(merchant: Merchant, held: timeline.Held) -> Need:
    said = _(
        "%(flow)s was about to write to unusually many people at once. Nobody gets anything until you have"
        " looked.",
        flow=flow_title(held.flow),
    )
    title = ngettext("%(num)d person is held", "%(num)d people are held", held.count)
    address = url_for("activity.index", key=merchant.key, _anchor=f"held-{held.flow}")
    return Need(title, [said], _("Look, then decide"), address, grave=True)


def _ceiling(db: Session, merchant: Merchant) -> list[Need]:
    """Nothing is to be done, but she should know why nothing goes out."""
    config, sent = machine().config, mail_days.sent(db, merchant)
    count = _waiting_for_tomorrow(db, merchant.id) if ceiling.is_reached(config, sent) else 0
    if not count:
        return []
    title = ngettext(
        "%(num)d message waits for tomorrow: today's limit is reached",
        "%(num)d messages wait for tomorrow: today's limit is reached",
        count,
    )
    most = {"most": ceiling.at_most(config, sent)}
    told = (
        _("Your shop sends at most %(most)d messages a day.", **most)
        if sent.known
        else _(
            "In its first week your shop sends at most %(most)d messages a day: mail servers trust a sender"
            " they have come to know.",
            **most,
        )
    )
    goes_on = _("It goes on by itself at midnight, your shop's time. What is too late by then is left out.")
    address = url_for("activity.index", key=merchant.key, reason=Reason.DAILY_CEILING.value)
    return [Need(title, [told, goes_on], _("See which"), address)]


def _waiting_for_tomorrow(db: Session, merchant_id: int) -> int:
    waiting = (effects.c.state == literal_column("'pending'"), effects.c.wake_at.is_not(None))
    mine = (effects.c.merchant_id == merchant_id, effects.c.reason == Reason.DAILY_CEILING.value)
    counted = select(func.count()).select_from(effects).where(*mine, *waiting)
    return int(db.execute(counted.where(effects.c.kind == "send_message")).scalar_one())


def _in_doubt(db: Session, merchant_id: int) -> int:
    mine = effects.c.merchant_id == merchant_id
    counted = select(func.count()).select_from(effects).where(mine, *awaiting.IN_DOUBT)
    return int(db.execute(counted).scalar_one())


def _doubtful(merchant: Merchant, count: int) -> list[Need]:
    if not count:
        return []
    title = ngettext("%(num)d message is in doubt", "%(num)d messages are in doubt", count)
    said = _("The line broke while they were sent: they may have arrived. Nothing is sent twice on a guess.")
    address = url_for("activity.index", key=merchant.key, outcome="in_doubt")
    return [Need(title, [said], _("See which"), address)]


def _failed(merchant: Merchant, week: Told) -> list[Need]:
    count = week.of_all().failed
    if not count:
        return []
    title = ngettext(
        "%(num)d message failed in the last 7 days", "%(num)d messages failed in the last 7 days", count
    )
    said = _("The receiving mail server refused them for good, so they are not tried again.")
    since = week.days[0].isoformat()
    address = url_for("activity.index", key=merchant.key, outcome="failed", since=since, mode="live")
    return [Need(title, [said], _("See why"), address)]
