"""A flow that Kontor has paused, in words and numbers."""

from typing import Any

from babel.numbers import format_percent

from engine.deliverability import LIMITS
from web.i18n import gettext as _
from web.i18n import locale


def why(pause: Any) -> str:
    told = {
        "came": pause.came,
        "sent": pause.sent,
        "share": _share(pause.came / pause.sent),
        "most": _share(LIMITS[pause.why].per_mille / 1000),
    }
    if pause.why == "complaint":
        return _(
            "%(came)d of %(sent)d messages were reported as unwanted: %(share)s, where %(most)s is the most"
            " that mail providers bear.",
            **told,
        )
    return _(
        "%(came)d of %(sent)d messages came back for good: %(share)s, where %(most)s is the most that mail"
        " providers bear.",
        **told,
    )


def advice(pause: Any) -> str:
    if pause.why == "complaint":
        return _(
            "Find out first whether these people expected your mails: who has agreed, how often you write,"
            " and whether it is plain who writes."
        )
    return _("Find out first where these addresses come from: carts with made-up addresses, or an old list.")


def _share(share: float) -> str:
    return format_percent(share, format="#,##0.0 %" if locale() == "de" else "#,##0.0%", locale=locale())
