"""What all pages share: the machine, the form guard, the words for states."""

from datetime import datetime
from typing import cast

from flask import Flask, current_app
from flask_wtf.csrf import CSRFProtect

from core import clock
from core.models import Merchant
from core.reasons import Reason, sentence
from engine.machine import Machine
from web import errors, headers, i18n
from web.i18n import gettext as _
from web.i18n import locale
from web.timeline import Effect

csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Prepare the app for pages; doors are exempted from `csrf` where they
    are registered."""
    csrf.init_app(app)
    i18n.install(app)
    headers.install(app)
    errors.install(app)
    app.jinja_env.filters |= {"reason": reason, "state": state, "decision": decision, "content": content}
    app.jinja_env.filters["outcome"] = outcome
    app.jinja_env.globals |= {
        "flow_title": flow_title,
        "shown_due": shown_due,
        "sandbox_shown": lambda: machine().config.sandbox_shown,
        "mailbox_shown": lambda: machine().config.smtp_url is None,
    }


def machine() -> Machine:
    return cast(Machine, current_app.extensions["kontor"])


def flow_title(key: str) -> str:
    """The flow's name; its key where it is no longer in the catalogue."""
    flow = machine().flows.get(key)
    return key if flow is None else flow.title[locale() == "de"]


def reason(slug: str | None) -> str:
    """The reason's sentence; what stands behind a colon is a detail of it."""
    base = (slug or "").partition(":")[0]
    known = next((one for one in Reason if one == base), None)
    return "" if known is None else sentence(known, locale())


def decision(kind: str) -> str:
    """What a flow decided, in words for people."""
    words = {
        "enrolled": _("Reminders planned"),
        "refused": _("Nothing planned"),
        "exited": _("Stopped"),
        "replaced": _("Cart replaced by a newer one"),
        "took_over": _("Newer cart taken on"),
    }
    return words.get(kind, kind)


def state(slug: str, mode: str = "live") -> str:
    """What became of a message, in words for people."""
    words = {
        "pending": _("waiting"),
        "claimed": _("being sent"),
        "acting": _("being sent"),
        "done": _("sent") if mode == "live" else _("not sent, only written down"),
        "unknown": _("in doubt"),
        "failed": _("failed"),
        "skipped": _("left out"),
        "held": _("held"),
    }
    return words.get(slug, slug)


def outcome(key: str) -> str:
    """What the time line can be filtered by."""
    words = {
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
        "create_discount": _("Discount code"),
        "remove_discount": _("Discount code taken back"),
        "write_consent": _("Unsubscribing passed on to the shop"),
    }
    return words.get(slug, slug)
