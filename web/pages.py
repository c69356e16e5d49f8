"""What all pages share: the machine, the form guard, the words for states."""

import re
from datetime import datetime
from typing import cast

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect

from core import clock
from core.db import reading
from core.models import Merchant
from core.reasons import BY_A_MEMBER, Reason, sentence
from engine import notices
from engine.machine import Machine
from engine.notice_letters import words_of
from integrations.sandbox.shop import SANDBOX
from web import errors, frame, headers, i18n, self_hosted
from web.i18n import gettext as _
from web.i18n import locale
from web.timeline import Effect


class FormGuard(CSRFProtect):  # type: ignore[misc]
    """A form is ours by the token that belongs to this browser's cookie; in an
    admin's frame, where there is none, by the proof of who sends it."""

    def protect(self, apply_exemptions: bool = False) -> None:
        key = (request.view_args or {}).get("key")
        # Pages that name a merchant go by the proof alone, whatever cookies there are.
        if key is not None and frame.framed() is not None:
            return
        if key is not None and frame.brings_no_good_proof():
            frame.ask_again(key)
        super().protect(apply_exemptions)


csrf = FormGuard()


def install(app: Flask) -> None:
    """Prepare the app for pages; doors are exempted from `csrf` where they
    are registered."""
    csrf.init_app(app)
    i18n.install(app)
    frame.install(app)
    self_hosted.install(app)
    headers.install(app)
    errors.install(app)
    app.jinja_env.filters |= {"reason": reason, "state": state, "decision": decision, "content": content}
    app.jinja_env.filters["outcome"] = outcome
    app.jinja_env.globals |= {
        "flow_title": flow_title,
        "shown_due": shown_due,
        "navigation": navigation,
        "notices_of": notices_of,
        "sandbox_shown": lambda: machine().config.sandbox_shown,
    }


def machine() -> Machine:
    return cast(Machine, current_app.extensions["kontor"])


def navigation(merchant: Merchant) -> list[tuple[str, str, dict[str, str]]]:
    """The merchant's pages in their order: endpoint, title and what the address names."""
    hers = {"key": merchant.key}
    pages = [
        ("overview.page", _("Overview"), hers),
        ("activity.index", _("Activity"), hers),
        ("demand.page", _("Demand"), hers),
        ("settings.page", _("Settings"), hers),
    ]
    if machine().config.smtp_url is None:
        pages.append(("mailbox.index", _("Mailbox"), hers))
    if merchant.platform in machine().connected:
        pages.append(("connection.page", _("Connection"), hers))
    if merchant.platform == SANDBOX.key and machine().config.sandbox_shown:
        pages.insert(0, ("sandbox.page", _("Sandbox"), {}))
    return pages


def notices_of(merchant: Merchant) -> list[dict[str, str]]:
    """What the merchant must do before anything goes on, in her language."""
    with reading(machine().db) as db:
        found = [row for row in notices.open_notices(db, merchant.id) if row.kind == "reconnect"]
    told = {"shop": merchant.name, "operator": machine().config.operator_name}
    words = [(words_of(row.kind, locale(), mended=False), told | {"detail": row.detail}) for row in found]
    return [{name: text.format_map(said) for name, text in one.items()} for one, said in words]


def flow_title(key: str) -> str:
    """The flow's name; its key where it is no longer in the catalogue."""
    flow = machine().flows.get(key)
    return key if flow is None else flow.title[locale() == "de"]


# Behind a member's name: which message a decision was about.
NUMBER = r"#\d+$"


def reason(slug: str | None) -> str:
    """The reason's sentence; what stands behind a colon is a detail of it."""
    base, _colon, detail = (slug or "").partition(":")
    known = next((one for one in Reason if one == base), None)
    if known is None:
        return ""
    named = f" ({re.sub(NUMBER, '', detail)})" if known in BY_A_MEMBER and detail else ""
    return sentence(known, locale()) + named


def decision(kind: str) -> str:
    """What a flow decided, in words for people."""
    words = {
        "enrolled": _("Reminders planned"),
        "called": _("Message planned"),
        "refused": _("Nothing planned"),
        "exited": _("Stopped"),
        "replaced": _("Cart replaced by a newer one"),
        "took_over": _("Newer cart taken on"),
        "again": _("Sent once more"),
    }
    return words.get(kind, kind)


def state(slug: str, mode: str = "live", kind: str = "send_message") -> str:
    """What became of a message, or of something done in the shop, in words for people."""
    is_message = kind == "send_message"
    words = {
        "pending": _("waiting"),
        "claimed": _("being sent") if is_message else _("under way"),
        "acting": _("being sent") if is_message else _("under way"),
        "done": _done(mode, is_message),
        "unknown": _("in doubt"),
        "failed": _("failed"),
        "skipped": _("left out"),
        "held": _("held"),
    }
    return words.get(slug, slug)


def _done(mode: str, is_message: bool) -> str:
    if mode != "live":
        return _("not sent, only written down") if is_message else _("not done, only written down")
    return _("sent") if is_message else _("done")


def outcome(key: str) -> str:
    """What the time line can be filtered by."""
    words = {
        "due": _("Something was due"),
        "waiting": _("Something waits"),
        "sent": _("Something was sent"),
        "left_out": _("Something was left out"),
        "failed": _("Something failed"),
        "in_doubt": _("Something is in doubt"),
        "held": _("Something is held"),
    }
    return words.get(key) or decision(key)


def shown_due(effect: Effect, merchant: Merchant) -> datetime:
    """When a waiting effect is up, by the merchant's clock: it may have been
    put off since it was planned."""
    return effect.due_at if effect.wake_at is None else effect.wake_at + clock.offset(merchant)


def content(slug: str) -> str:
    """What a message is about."""
    words = {
        "reminder": _("Reminder"),
        "answers": _("Answers to questions"),
        "incentive": _("Offer"),
        "last_call": _("Last call"),
        "back": _("It is back"),
        "release_wave": _("Looking who in line can be told"),
        "create_discount": _("Discount code"),
        "remove_discount": _("Discount code taken back"),
        "write_consent": _("Unsubscribing passed on to the shop"),
    }
    return words.get(slug, slug)
