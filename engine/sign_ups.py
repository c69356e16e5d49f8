"""Signing up for a variant that is sold out: joining its line, confirming, leaving.

Nobody learns from an answer whether an address is known: what becomes of it
is told in a mail to that address alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact
from core.events import Contact
from core.models import Merchant
from core.models.tables import consents, sign_ups, suppressions, variants
from core.reasons import Reason
from core.statements import Statement
from engine import sign_up_endings, sign_up_letters, stock_news, tallies, waitlist
from engine.attempts import line_of
from engine.built import Inserting
from engine.identity import fingerprint, lock_people, resolve
from engine.machine import Machine
from engine.standing import KONTOR
from engine.tallies import Limit, Try
from engine.waitlist import OPEN, Rules

log = structlog.get_logger()

CONFIRMED_WITHIN = timedelta(days=3)
# A household or an office may share an address of the network.
OF_FORM = Limit("waiting_form", 5, timedelta(days=1))
OF_VISITOR = Limit("waiting_visitor", 30, timedelta(hours=1))
OF_ADDRESS = Limit("waiting_address", 10, timedelta(days=1))
OF_MERCHANT = Limit("waiting_merchant", 1_000, timedelta(hours=1))

Outcome = Literal["waiting", "unconfirmed", "already", "available", "unknown", "too_many", "off"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for; `text` is what she was shown. `visitor` and `form`
    are what the tries are counted by, where they are known."""

    variant_ref: str
    email: str
    locale: str | None
    source: str
    text: str | None
    visitor: str | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """`double` says that whoever joins now has to confirm it, whatever she is."""

    outcome: Outcome
    sign_up_id: int | None = None
    double: bool = False


def join(machine: Machine, merchant: Merchant, wish: Wish) -> Joined:
    """Into the line, or to its door where she has to confirm it first."""
    with reading(machine.db) as session:
        known = session.get_one(Merchant, merchant.id)
        rules = waitlist.rules(machine, session, known)
        stocked = waitlist.stocked(waitlist.item_of(session, merchant.id, wish.variant_ref))
    if rules is None:
        return Joined("off")
    if stocked != "sold_out":
        return Joined(stocked)
    if not tallies.has_room(machine, _tries(machine, merchant.id, wish)):
        log.info("sign_up_too_many", merchant_id=merchant.id)
        return Joined("too_many")
    joined = transact(machine.db, lambda session: _joined(machine, session, known, rules, wish))
    machine.bells.upkeep()
    return joined


def _tries(machine: Machine, merchant_id: int, wish: Wish) -> list[Try]:
    """What is narrowest first: whoever tries too much uses up nobody else's room."""
    vault = machine.vault
    tries = [Try(OF_FORM, vault.fingerprint(0, f"form:{wish.form}"))] if wish.form else []
    if wish.visitor:
        tries.append(Try(OF_VISITOR, vault.fingerprint(0, f"visitor:{line_of(wish.visitor)}")))
    tries.append(Try(OF_ADDRESS, fingerprint(vault, 0, "email", wish.email)))
    return [*tries, Try(OF_MERCHANT, str(merchant_id))]


def _joined(machine: Machine, session: Session, merchant: Merchant, rules: Rules, wish: Wish) -> Joined:
    asked: Outcome = "unconfirmed" if rules.double_opt_in else "waiting"
    if _is_suppressed(machine, session, merchant.id, wish.email):
        # Nothing is kept and nobody is written to, and the answer tells nobody so.
        return Joined(asked, double=rules.double_opt_in)
    found = resolve(session, machine.vault, merchant.id, Contact(email=wish.email), clock.now())
    assert found is not None
    assert found.email_id is not None
    item = _locked(session, merchant.id, wish.variant_ref)
    if item is None:
        return Joined("available")
    known = _open_one(session, merchant.id, item.id, found.email_id)
    if known is not None:
        _again(machine, session, merchant, rules, known)
        return Joined("already", known.id, rules.double_opt_in)
    owner = {"person_id": found.person_id, "address_id": found.email_id}
    sign_up_id = _write(session, merchant, rules, wish, item, owner)
    sign_up_letters.want(session, merchant.id, sign_up_id, "confirm" if rules.double_opt_in else "waiting")
    return Joined(asked, sign_up_id, rules.double_opt_in)


_WHOSE: Any = bindparam("whose")
_SUPPRESSED = Statement(
    select(suppressions.c.id).where(
        suppressions.c.merchant_id == _WHOSE,
        suppressions.c.channel == literal_column("'email'"),
        suppressions.c.fingerprint == bindparam("print"),
    )
)
_SOLD_OUT = Statement(
    select(variants)
    .where(
        variants.c.merchant_id == _WHOSE,
        variants.c.ref == bindparam("ref"),
        variants.c.stock_kind == literal_column("'none'"),
    )
    .with_for_update(read=True)
)


def _is_suppressed(machine: Machine, session: Session, merchant_id: int, email: str) -> bool:
    print_ = fingerprint(machine.vault, merchant_id, "email", email)
    return bool(_SUPPRESSED.rows(session, {"whose": merchant_id, "print": print_}))


def _locked(session: Session, merchant_id: int, variant_ref: str) -> Any | None:
    """The variant, kept sold out until the sign-up is written: news that it is back
    comes before it or finds it there. None where it is back already."""
    found = _SOLD_OUT.records(session, {"whose": merchant_id, "ref": variant_ref})
    return found[0] if found else None


def _with_ref() -> Any:
    """Sign-ups, each with what its variant is called at the shop."""
    return select(sign_ups, variants.c.ref).join(variants, variants.c.id == sign_ups.c.variant_id)


# As the index of open ones says it.
_OPEN = sign_ups.c.state.in_([literal_column(f"'{state}'") for state in OPEN])
_HERS = Statement(
    _with_ref().where(
        sign_ups.c.merchant_id == _WHOSE,
        sign_ups.c.variant_id == bindparam("variant"),
        sign_ups.c.address_id == bindparam("address"),
        _OPEN,
    )
)


def _open_one(session: Session, merchant_id: int, variant_id: int, address_id: int) -> Any | None:
    hers = {"whose": merchant_id, "variant": variant_id, "address": address_id}
    found = _HERS.records(session, hers)
    return found[0] if found else None


def _again(machine: Machine, session: Session, merchant: Merchant, rules: Rules, row: Any) -> None:
    """She asked once more: her place stays, and a mail tells her which it is."""
    if row.state == "unconfirmed" and rules.double_opt_in:
        ends_at = clock.now(merchant) + CONFIRMED_WITHIN
        session.execute(update(sign_ups).where(sign_ups.c.id == row.id).values(ends_at=ends_at))
        return sign_up_letters.want_again(session, merchant.id, row.id, "confirm")
    if row.state == "unconfirmed":
        _let_in(machine, session, merchant, rules, row)
    return sign_up_letters.want_again(session, merchant.id, row.id, "waiting")


def _let_in(machine: Machine, session: Session, merchant: Merchant, rules: Rules, row: Any) -> None:
    at = clock.now(merchant)
    values = {"state": "waiting", "confirmed_at": at, "ends_at": at + timedelta(days=rules.keep_days)}
    session.execute(update(sign_ups).where(sign_ups.c.id == row.id).values(**values))
    _act(session, merchant.id, row.address_id, row.ref, "opted_in", at, row.source, row.text)
    # It may have come back while she looked for the mail.
    stock_news.joined(machine, session, merchant, row.ref)


_ADD = Inserting(sign_ups, lambda row: row.returning(sign_ups.c.id))
_AGREE = Inserting(consents, lambda row: row.on_conflict_do_nothing())


def _write(
    session: Session, merchant: Merchant, rules: Rules, wish: Wish, item: Any, owner: dict[str, int]
) -> int:
    at = clock.now(merchant)
    waits = not rules.double_opt_in
    ends_at = at + (timedelta(days=rules.keep_days) if waits else CONFIRMED_WITHIN)
    row = {
        "merchant_id": merchant.id,
        "variant_id": item.id,
        **owner,
        "state": "waiting" if waits else "unconfirmed",
        "episode": 1,
        "locale": wish.locale,
        "source": wish.source,
        "text": wish.text,
        "price_minor": item.price_minor,
        "place_at": at,
        "ends_at": ends_at,
        "confirmed_at": at if waits else None,
        "created_at": clock.now(),
    }
    agreed = "opted_in" if waits else "pending"
    _act(session, merchant.id, owner["address_id"], item.ref, agreed, at, wish.source, wish.text)
    return int(_ADD.rows(session, row)[0][0])


def _act(
    session: Session,
    merchant_id: int,
    address_id: int,
    variant_ref: str,
    state: str,
    at: datetime,
    source: str,
    text: str | None,
) -> None:
    """What she agreed to is this alone, whatever she has said about newsletters."""
    row = {
        "merchant_id": merchant_id,
        "address_id": address_id,
        "channel": "email",
        "purpose": waitlist.purpose_of(variant_ref),
        "state": state,
        "act_at": at,
        "source": source,
        "text": text,
        "recorded_at": clock.now(),
    }
    _AGREE.tell(session, row)


def confirm(machine: Machine, merchant_id: int, sign_up_id: int) -> bool:
    """From now on she waits, at the place she had on signing up; false where there
    is nothing (any more) to confirm."""
    return transact(machine.db, lambda session: _confirmed(machine, session, merchant_id, sign_up_id))


def _confirmed(machine: Machine, session: Session, merchant_id: int, sign_up_id: int) -> bool:
    merchant = session.get_one(Merchant, merchant_id)
    rules, row = waitlist.rules(machine, session, merchant), _hers(session, merchant_id, sign_up_id)
    if rules is None or row is None or row.state != "unconfirmed" or row.ends_at <= clock.now(merchant):
        return False
    _let_in(machine, session, merchant, rules, row)
    return True


def leave(machine: Machine, merchant_id: int, sign_up_id: int) -> bool:
    """Out of the line; who never confirmed is forgotten. False where she was in none."""
    return transact(machine.db, lambda session: _left(session, merchant_id, sign_up_id))


def _left(session: Session, merchant_id: int, sign_up_id: int) -> bool:
    row = _hers(session, merchant_id, sign_up_id)
    if row is None or row.state not in OPEN:
        return False
    if row.state == "unconfirmed":
        sign_up_endings.forget(session, [row.id])
        return True
    at = clock.now(session.get_one(Merchant, merchant_id))
    sign_up_endings.end(session, [row.id], Reason.LEFT_LINE, at)
    _act(session, merchant_id, row.address_id, row.ref, "opted_out", at, KONTOR, "waitlist_page")
    return True


def _hers(session: Session, merchant_id: int, sign_up_id: int) -> Any | None:
    """The sign-up; its person is locked."""
    hers = _with_ref().where(sign_ups.c.merchant_id == merchant_id, sign_ups.c.id == sign_up_id)
    row = session.execute(hers).one_or_none()
    if row is None:
        return None
    lock_people(session, merchant_id, [row.person_id])
    return session.execute(hers).one_or_none()
