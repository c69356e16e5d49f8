"""An objection passed on to the shop stands on the activity page, with what became of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import addresses, effects
from core.reasons import Reason, sentence
from engine.consent import opt_out
from engine.machine import Bells, Machine
from tests.web.browsing import Visitor
from tests.web.test_activity import entries, leaves_a_cart


@pytest.fixture
def line(merchant: Merchant) -> str:
    return f"/shops/{merchant.key}/activity"


class KeepsConsent:
    """A shop to which objections are passed on."""

    keeps_consent = True


def objects(machine: Machine, merchant: Merchant, **became: Any) -> None:
    """Whoever is known by the last address unsubscribes at Kontor; what became
    of passing that on to the shop."""
    keeping: Any = {"sandbox": KeepsConsent()}
    quiet = replace(machine, connected=keeping, bells=Bells())
    with reading(machine.db) as session:
        now = clock.now(session.get_one(Merchant, merchant.id))
        known = select(addresses.c.id).where(addresses.c.merchant_id == merchant.id)
        hers = session.execute(known.where(addresses.c.channel == "email").order_by(addresses.c.id.desc()))
        address = hers.scalars().first()
    assert address is not None
    assert opt_out(quiet, merchant.id, address, "page", now)
    with transaction(machine.db) as session:
        session.execute(update(effects).where(effects.c.kind == "write_consent").values(**became))


AT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
BECAME = [
    ({"state": "done", "acted_at": AT, "wake_at": None}, ("done", "erledigt")),
    ({"state": "failed", "reason": "provider_refused", "wake_at": None}, ("failed", "gescheitert")),
    ({"state": "pending", "reason": "shop_unreachable"}, ("waiting", "wartet")),
    ({"state": "acting", "wake_at": None}, ("under way", "läuft")),
    ({"state": "held", "reason": "needs_merchant", "wake_at": None}, ("held", "angehalten")),
]
PASSED_ON = ("Unsubscribing passed on to the shop", "Abmeldung an den Shop weitergegeben")
STOPPED = ("Stopped", "Beendet")


@pytest.mark.parametrize(("became", "said"), BECAME, ids=[said[0] for _, said in BECAME])
def test_an_objection_passed_on_to_the_shop_stands_where_the_trip_ended(
    visitor: Visitor,
    machine: Machine,
    merchant: Merchant,
    line: str,
    became: dict[str, Any],
    said: tuple[str, str],
) -> None:
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    leaves_a_cart(visitor, "otto@example.com", "opt_in")
    visitor.press("Fast-forward 1 h")
    objects(machine, merchant, **became)
    for number, language in enumerate(("en", "de")):
        what, why = PASSED_ON[number], sentence_of(became.get("reason"), language)
        card = card_with(visitor.open(f"{line}?lang={language}").text, what)
        shown = {"waiting": "planned for", "wartet": "geplant für"}.get(said[number], said[number])
        assert f"{what} : {shown}" in card
        assert all(word in card for word in ("o…@example.com", STOPPED[number], why))
        (link,) = re.findall(rf"{line}/\d+", card)
        chain = words(visitor.open(f"{link}?lang={language}").text)
        assert f"{what}: {said[number]}" in chain
        assert why in chain


def sentence_of(slug: str | None, language: str) -> str:
    return sentence(Reason(slug), language) if slug else ""


def card_with(text: str, what: str) -> str:
    """The words of the only entry that says so, and the address of its page."""
    cards = re.findall(r'<article class="entry">.*?</article>', text, re.DOTALL)
    (card,) = [one for one in cards if what in one]
    return words(re.sub(r'<a href="([^"?]+)[^"]*">', r"\1 ", card))


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_who_unsubscribes_after_the_last_mail_is_found_by_what_became_of_passing_it_on(
    visitor: Visitor, machine: Machine, merchant: Merchant, line: str
) -> None:
    """Her trip is over, so no decision ends it: it stands with the last that was made about her."""
    leaves_a_cart(visitor, "anna@example.com", "opt_in")
    leaves_a_cart(visitor, "otto@example.com", "opt_in")
    visitor.press("Pay now")
    objects(machine, merchant, state="failed", reason="provider_refused")
    for query, fitting in (("outcome=failed", 1), ("reason=provider_refused", 1), ("outcome=sent", 0)):
        assert (query, entries(visitor.open(f"{line}?{query}"))) == (query, fitting)
    card = card_with(visitor.open(f"{line}?outcome=failed").text, PASSED_ON[0])
    assert "Stopped o…@example.com" in card
    assert "bought" in card or "Bought" in card
