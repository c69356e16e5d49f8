"""What the time line can be searched and filtered by."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from core.models.tables import addresses, carts, decisions, effects, orders
from core.vault import Vault
from engine.identity import fingerprint
from web import objections

# As many letters as an address's keyed hash has, and more than any order's number.
PRINT = 64
# The decisions that a trip began with.
BEGAN = ("enrolled", "called", "again")
# What one can filter by: kinds of decisions, and states of the messages that came of them.
DECIDED = ("enrolled", "called", "refused", "exited")
WAITS = ("pending", "claimed", "acting", "held")
BECAME = {
    "due": (*WAITS, "done", "skipped", "failed", "unknown"),
    "waiting": WAITS,
    "sent": ("done",),
    "left_out": ("skipped",),
    "failed": ("failed",),
    "in_doubt": ("unknown",),
    "held": ("held",),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for; `search` is an order's number or the mark of
    an address, `before` the last decision already seen. With `since`, what
    became of it counts where a message was due from then until `until`."""

    flow: str = ""
    outcome: str = ""
    reason: str = ""
    search: str = ""
    before: int | None = None
    mode: str = ""
    since: datetime | None = None
    until: datetime | None = None


def mark_of(vault: Vault, merchant_id: int, typed: str) -> str:
    """What stands for the search in an address: of an e-mail address only its
    keyed hash, which names nobody to anybody else."""
    clean = typed.strip().replace("\0", "")[:254]
    return fingerprint(vault, merchant_id, "email", clean) if "@" in clean else clean[:63]


def as_mark(given: str) -> str:
    """The mark of an address that a page has handed on, or nothing."""
    return given if is_print(given) else ""


def whom(session: Session, merchant_id: int, search: str) -> str:
    """The search in words: the masked address, or the order's number."""
    if not is_print(search):
        return search
    found = select(addresses.c.masked).where(address_of(merchant_id, search))
    return session.execute(found).scalar_one_or_none() or ""


def is_print(search: str) -> bool:
    """Whether the search is for an address, by its mark."""
    return len(search) == PRINT and all(letter in "0123456789abcdef" for letter in search)


def address_of(merchant_id: int, print_: str) -> ColumnElement[bool]:
    """The address that a mark stands for."""
    mine = and_(addresses.c.merchant_id == merchant_id, addresses.c.channel == "email")
    return and_(mine, addresses.c.fingerprint == print_)


def order_named(merchant_id: int, search: str) -> ColumnElement[bool]:
    """The order of this number, as people write it or as the shop does."""
    number = search.strip().lstrip("#")
    named = or_(orders.c.name.in_((number, f"#{number}")), orders.c.ref == number)
    return and_(orders.c.merchant_id == merchant_id, named)


def conditions(merchant_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.flow:
        found.append(decisions.c.flow == wanted.flow)
    if wanted.mode:
        found.append(decisions.c.mode == wanted.mode)
    if wanted.outcome in DECIDED:
        found.append(decisions.c.kind == wanted.outcome)
    elif wanted.outcome in BECAME:
        found.append(_became(wanted))
    if wanted.reason:
        found.append(_for_reason(wanted.reason))
    if wanted.search:
        found.append(_about(merchant_id, wanted.search))
    if wanted.before is not None:
        found.append(_after_cursor(merchant_id, wanted.before))
    return found


def _became(wanted: Wanted) -> ColumnElement[bool]:
    """One of the trip's effects became that, and for that reason if one is asked for."""
    became = [effects.c.state.in_(BECAME[wanted.outcome]), *_due(wanted)]
    if wanted.reason:
        became.append(_has_reason(wanted.reason))
    planned = and_(decisions.c.kind.in_(BEGAN), _has_effect(and_(*became)))
    # What was passed on to the shop was not sent to anybody.
    return planned if wanted.outcome == "sent" else or_(planned, objections.stands_here(and_(*became)))


def _due(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The messages that figures count."""
    if wanted.since is None:
        return []
    due = [effects.c.kind == "send_message", effects.c.due_at >= wanted.since]
    return due if wanted.until is None else [*due, effects.c.due_at <= wanted.until]


def _has_reason(slug: str) -> ColumnElement[bool]:
    """What stands behind a colon is a detail of the reason."""
    return or_(effects.c.reason == slug, effects.c.reason.startswith(f"{slug}:", autoescape=True))


def _for_reason(slug: str) -> ColumnElement[bool]:
    listed = (literal(",") + decisions.c.reasons_key + ",").contains(f",{slug},", autoescape=True)
    why = _has_reason(slug)
    return or_(listed, and_(decisions.c.kind.in_(BEGAN), _has_effect(why)), objections.stands_here(why))


def _has_effect(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(effects.c.enrolment_id == decisions.c.enrolment_id, condition)


def _about(merchant_id: int, search: str) -> ColumnElement[bool]:
    """Everything about one person, by an address's mark or by an order's number."""
    if is_print(search):
        person = select(addresses.c.person_id).where(address_of(merchant_id, search))
        return decisions.c.person_id.in_(person)
    order = order_named(merchant_id, search)
    its_cart = select(carts.c.id).where(
        carts.c.merchant_id == merchant_id, carts.c.ref.in_(select(orders.c.cart_ref).where(order))
    )
    by_person = decisions.c.person_id.in_(select(orders.c.person_id).where(order))
    return or_(by_person, and_(decisions.c.subject == "cart", decisions.c.subject_id.in_(its_cart)))


def _after_cursor(merchant_id: int, before: int) -> ColumnElement[bool]:
    cursor = (
        select(decisions.c.at, decisions.c.id)
        .where(decisions.c.merchant_id == merchant_id, decisions.c.id == before)
        .subquery()
    )
    place = tuple_(decisions.c.at, decisions.c.id)
    return place < select(cursor.c.at, cursor.c.id).scalar_subquery()
