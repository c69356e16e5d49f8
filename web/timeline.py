"""The time line: each decision with the messages that came of it.

A page costs three questions to the database, however much is on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from core.models.tables import addresses, carts, decisions, effects, enrolments, orders
from core.vault import Vault

PAGE = 25

# What one can filter by: kinds of decisions, and states of the messages that came of them.
DECIDED = ("enrolled", "refused", "exited")
BECAME = {
    "waiting": ("pending", "claimed", "acting"),
    "sent": ("done",),
    "left_out": ("skipped",),
    "failed": ("failed",),
    "in_doubt": ("unknown",),
    "held": ("held",),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for; `before` is the last decision already seen."""

    flow: str = ""
    outcome: str = ""
    reason: str = ""
    search: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a trip; `kept` says that its message can still be read.

    `wake_at` is real time, the others the merchant's.
    """

    id: int
    enrolment_id: int
    kind: str
    step: int
    content: str
    state: str
    mode: str
    reason: str | None
    due_at: datetime
    wake_at: datetime | None
    acted_at: datetime | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision; `effects` stand with the decision that planned them."""

    id: int
    flow: str
    mode: str
    kind: str
    reasons: tuple[str, ...]
    at: datetime
    times: int
    enrolment_id: int | None
    masked: str | None
    total_minor: int | None
    currency: str | None
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Page:
    entries: tuple[Entry, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A blast that waits for the merchant: how many, and ten of them."""

    flow: str
    count: int
    people: tuple[str, ...]


def page(session: Session, vault: Vault, merchant_id: int, wanted: Wanted, size: int = PAGE) -> Page:
    """The newest decisions first, `size` of them."""
    query = _entries(merchant_id).where(*_conditions(vault, merchant_id, wanted))
    query = query.order_by(decisions.c.at.desc(), decisions.c.id.desc()).limit(size + 1)
    rows = session.execute(query).all()
    shown = rows[:size]
    planned = effects_of(session, merchant_id, [r.enrolment_id for r in shown if r.kind == "enrolled"])
    entries = tuple(entry(row, planned) for row in shown)
    return Page(entries, shown[-1].id if len(rows) > size else None)


def one(session: Session, merchant_id: int, decision_id: int) -> Any | None:
    """One decision's row, for its own page."""
    return session.execute(_entries(merchant_id).where(decisions.c.id == decision_id)).one_or_none()


def about_the_same(session: Session, merchant_id: int, row: Any) -> list[Any]:
    """All decisions about the same cart or trip, oldest first."""
    same = and_(
        decisions.c.flow == row.flow,
        decisions.c.subject == row.subject,
        decisions.c.subject_id == row.subject_id,
    )
    trip = decisions.c.enrolment_id == row.enrolment_id
    query = _entries(merchant_id).where(or_(same, trip) if row.enrolment_id else same)
    return list(session.execute(query.order_by(decisions.c.at, decisions.c.id)).all())


def effects_of(
    session: Session, merchant_id: int, enrolment_ids: Iterable[int | None]
) -> Mapping[int, tuple[Effect, ...]]:
    """The effects of these trips, in the order of their steps."""
    query = (
        select(effects, effects.c.content.is_not(None).label("kept"))
        .where(effects.c.merchant_id == merchant_id, effects.c.enrolment_id.in_(set(enrolment_ids)))
        .order_by(effects.c.step, effects.c.id)
    )
    found: dict[int, list[Effect]] = defaultdict(list)
    for row in session.execute(query):
        found[row.enrolment_id].append(_effect(row))
    return {trip: tuple(rows) for trip, rows in found.items()}


def kept(session: Session, merchant_id: int, effect_id: int) -> Any | None:
    """Key and sealed content of an effect whose message is still kept."""
    query = select(effects.c.key, effects.c.content).where(
        effects.c.merchant_id == merchant_id, effects.c.id == effect_id, effects.c.content.is_not(None)
    )
    return session.execute(query).one_or_none()


def coming_up(session: Session, merchant_id: int, most: int = 5) -> list[tuple[Effect, str | None]]:
    """What waits, the next first, and for whom."""
    query = (
        select(effects, literal(False).label("kept"), addresses.c.masked)
        .outerjoin(enrolments, enrolments.c.id == effects.c.enrolment_id)
        .outerjoin(carts, carts.c.id == enrolments.c.subject_id)
        .outerjoin(addresses, addresses.c.id == carts.c.address_id)
        .where(
            effects.c.merchant_id == merchant_id,
            effects.c.state == "pending",
            effects.c.wake_at.is_not(None),
        )
        .order_by(effects.c.wake_at)
        .limit(most)
    )
    return [(_effect(row), row.masked) for row in session.execute(query)]


def held_blasts(session: Session, merchant_id: int) -> list[Held]:
    """Trips that were held because they were unusually many, by flow."""
    place = func.row_number().over(partition_by=enrolments.c.flow, order_by=enrolments.c.id)
    count = func.count().over(partition_by=enrolments.c.flow)
    ranked = (
        select(enrolments.c.flow, addresses.c.masked, place.label("place"), count.label("count"))
        .outerjoin(carts, carts.c.id == enrolments.c.subject_id)
        .outerjoin(addresses, addresses.c.id == carts.c.address_id)
        .where(enrolments.c.merchant_id == merchant_id, enrolments.c.state == "held")
        .subquery()
    )
    rows = session.execute(
        select(ranked).where(ranked.c.place <= 10).order_by(ranked.c.flow, ranked.c.place)
    ).all()
    return [
        Held(
            flow,
            next(r.count for r in rows if r.flow == flow),
            tuple(r.masked for r in rows if r.flow == flow),
        )
        for flow in dict.fromkeys(row.flow for row in rows)
    ]


def entry(row: Any, planned: Mapping[int, tuple[Effect, ...]]) -> Entry:
    return Entry(
        id=row.id,
        flow=row.flow,
        mode=row.mode,
        kind=row.kind,
        reasons=tuple(row.reasons),
        at=row.at,
        times=row.times,
        enrolment_id=row.enrolment_id,
        masked=row.masked,
        total_minor=row.total_minor,
        currency=row.currency,
        effects=planned.get(row.enrolment_id, ()) if row.kind == "enrolled" else (),
    )


def _effect(row: Any) -> Effect:
    is_message = row.kind == "send_message"
    return Effect(
        id=row.id,
        enrolment_id=row.enrolment_id,
        kind=row.kind,
        step=row.step,
        content=str(row.payload.get("content", row.kind)) if is_message else row.kind,
        state=row.state,
        mode=row.mode,
        reason=row.reason,
        due_at=row.due_at,
        wake_at=row.wake_at,
        acted_at=row.acted_at,
        kept=bool(row.kept),
    )


def _entries(merchant_id: int) -> Select[Any]:
    return (
        select(decisions, addresses.c.masked, carts.c.total_minor, carts.c.currency)
        .outerjoin(carts, and_(carts.c.id == decisions.c.subject_id, carts.c.merchant_id == merchant_id))
        .outerjoin(addresses, and_(addresses.c.id == carts.c.address_id))
        .where(decisions.c.merchant_id == merchant_id)
    )


def _conditions(vault: Vault, merchant_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.flow:
        found.append(decisions.c.flow == wanted.flow)
    if wanted.outcome in DECIDED:
        found.append(decisions.c.kind == wanted.outcome)
    elif wanted.outcome in BECAME:
        found += [decisions.c.kind == "enrolled", _has_effect(effects.c.state.in_(BECAME[wanted.outcome]))]
    if wanted.reason:
        found.append(_for_reason(wanted.reason))
    if wanted.search:
        found.append(_about(vault, merchant_id, wanted.search))
    if wanted.before is not None:
        found.append(_after_cursor(merchant_id, wanted.before))
    return found


def _for_reason(slug: str) -> ColumnElement[bool]:
    listed = (literal(",") + decisions.c.reasons_key + ",").contains(f",{slug},", autoescape=True)
    became = _has_effect(effects.c.reason == slug)
    return or_(listed, and_(decisions.c.kind == "enrolled", became))


def _has_effect(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(effects.c.enrolment_id == decisions.c.enrolment_id, condition)


def _about(vault: Vault, merchant_id: int, search: str) -> ColumnElement[bool]:
    """Everything about one person, by e-mail address or by an order's number."""
    if "@" in search:
        print_ = vault.fingerprint(merchant_id, search.strip().lower())
        person = select(addresses.c.person_id).where(
            addresses.c.merchant_id == merchant_id,
            addresses.c.channel == "email",
            addresses.c.fingerprint == print_,
        )
        return decisions.c.person_id.in_(person)
    number = search.strip().lstrip("#")
    order = and_(
        orders.c.merchant_id == merchant_id,
        or_(orders.c.name.in_((number, f"#{number}")), orders.c.ref == number),
    )
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
