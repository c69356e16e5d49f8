"""What Kontor stores, about whom, why and how long: said once, for the merchant's
page, for the public ones and for the tests. The spans are those that retention keeps."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Table

from core.models import tables as t
from engine.member_sessions import LONGEST
from engine.retention import ATTEMPTS_KEPT, BODIES_KEPT, MESSAGES_KEPT, VIEWS_KEPT

WORDS = Path(__file__).parent.parent / "templates" / "data_list.toml"
Whose = Literal["shopper", "member", "shop", "visitor", "nobody"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data and the tables it lies in; without a span it stays
    until somebody erases it."""

    key: str
    whose: Whose
    tables: tuple[Table, ...]
    span: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The same in words."""

    key: str
    whose: Whose
    what: str
    why: str
    until: str


LIST: Sequence[Kept] = (
    Kept("people", "shopper", (t.people, t.addresses)),
    Kept("consents", "shopper", (t.consents,)),
    Kept("never_again", "shopper", (t.suppressions, t.bounces)),
    Kept("carts", "shopper", (t.carts, t.orders, t.lines)),
    Kept("waiting", "shopper", (t.sign_ups, t.sign_up_letters)),
    Kept("decisions", "shopper", (t.enrolments, t.effects, t.decisions, t.clicks, t.discount_codes)),
    Kept("words", "shopper", (t.mailbox_messages,), MESSAGES_KEPT),
    Kept("reported", "shopper", (t.inbound, t.inbound_people, t.look_ups), BODIES_KEPT),
    Kept("views", "shopper", (t.shop_views,), VIEWS_KEPT),
    Kept("requests", "shopper", (t.data_requests,)),
    Kept("members", "member", (t.members, t.summary_wishes)),
    Kept("sessions", "member", (t.member_sessions,), LONGEST),
    Kept("links", "member", (t.sign_in_links, t.letter_wishes), ATTEMPTS_KEPT),
    Kept("told", "member", (t.notices, t.summaries, t.trial_mails), MESSAGES_KEPT),
    Kept(
        "shop",
        "shop",
        (
            *(t.merchants, t.connections, t.companions, t.hooks, t.readings, t.products, t.variants, t.work),
            *(t.sandbox_records, t.sender_addresses, t.mail_servers),
        ),
    ),
    Kept("settings", "shop", (t.settings_versions, t.data_acts)),
    Kept(
        "figures",
        "shop",
        (
            *(t.daily_figures, t.daily_takings, t.counted_days, t.late_days, t.look_backs),
            *(t.mail_days, t.flow_pauses, t.restocks),
        ),
    ),
    Kept("acts", "shop", (t.legal_acts,)),
    Kept("visitors", "visitor", (t.connecting, t.exchanges, t.tallies, t.spent_proofs), ATTEMPTS_KEPT),
    Kept("running", "nobody", (t.heartbeats, t.remote_hosts)),
)


def said(language: str, *whose: Whose) -> Iterator[Said]:
    """The list in words, of these alone."""
    for one in LIST:
        if one.whose in whose:
            words = _words()[one.key][language]
            until = words["until"].format(days=_days(one.span, language))
            yield Said(one.key, one.whose, words["what"], words["why"], until)


def _days(span: timedelta | None, language: str) -> str:
    if span is None:
        return ""
    one, many = {"en": ("one day", "days"), "de": ("einen Tag", "Tage")}[language]
    return one if span.days == 1 else f"{span.days} {many}"


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text())
