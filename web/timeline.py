"""The time line: each decision with the messages that came of it.

A page costs a few questions to the database, however much is on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    Table,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from core.models.tables import addresses, carts, decisions, effects, enrolments, products, sign_ups, variants
from engine import awaiting
from web import objections
from web.filters import BEGAN, Wanted, conditions

PAGE = 25
SHOWN_OF_HELD = 10


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect, of a trip for the most part; `kept` says that its message can still be read,
    `in_doubt` that a member may have it sent again.

    `wake_at` is real time, the others the merchant's.
    """

    id: int
    enrolment_id: int | None
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
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision; `wanted` is what the person waits for. `effects` stand with
    the decision that planned them, and objections passed on with the last decision before them."""

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
    wanted: str | None
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


def page(session: Session, merchant_id: int, wanted: Wanted, size: int = PAGE) -> Page:
    """The newest decisions first, `size` of them."""
    query = _entries(merchant_id).where(*conditions(merchant_id, wanted))
    query = query.order_by(decisions.c.at.desc(), decisions.c.id.desc()).limit(size + 1)
    rows = session.execute(query).all()
    shown = rows[:size]
    planned = effects_of(session, merchant_id, [r.enrolment_id for r in shown if r.kind in BEGAN])
    passed_on = passed_on_with(session, merchant_id, shown)
    entries = tuple(entry(row, planned, passed_on) for row in shown)
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
        select(
            effects,
            effects.c.content.is_not(None).label("kept"),
            func.coalesce(and_(*awaiting.IN_DOUBT), false()).label("in_doubt"),
        )
        .where(effects.c.merchant_id == merchant_id, effects.c.enrolment_id.in_(set(enrolment_ids)))
        .order_by(effects.c.step, effects.c.id)
    )
    found: dict[int, list[Effect]] = defaultdict(list)
    for row in session.execute(query):
        found[row.enrolment_id].append(_effect(row, in_doubt=bool(row.in_doubt)))
    return {trip: tuple(rows) for trip, rows in found.items()}


def passed_on_with(
    session: Session, merchant_id: int, rows: Iterable[Any]
) -> Mapping[int, tuple[Effect, ...]]:
    """The objections passed on to the shop, by the decision each stands with."""
    found: dict[int, list[Effect]] = defaultdict(list)
    for row in objections.of_people(session, merchant_id, [one.person_id for one in rows]):
        found[row.decision_id].append(_effect(row))
    return {decision_id: tuple(effects) for decision_id, effects in found.items()}


def kept(session: Session, merchant_id: int, effect_id: int) -> Any | None:
    """Key and sealed content of an effect whose message is still kept."""
    query = select(effects.c.key, effects.c.content).where(
        effects.c.merchant_id == merchant_id, effects.c.id == effect_id, effects.c.content.is_not(None)
    )
    return session.execute(query).one_or_none()


def coming_up(session: Session, merchant_id: int, most: int = 5) -> list[tuple[Effect, str | None]]:
    """What waits, the next first, and for whom."""
    query = (
        select(effects, literal(False).label("kept"), _masked(effects.c.person_id))
        .outerjoin(enrolments, enrolments.c.id == effects.c.enrolment_id)
        .outerjoin(carts, _its_cart(enrolments))
        .outerjoin(sign_ups, _its_wish(enrolments))
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
    ranked = (
        select(
            enrolments.c.flow,
            _masked(enrolments.c.person_id),
            func.row_number().over(partition_by=enrolments.c.flow, order_by=enrolments.c.id).label("place"),
            func.count().over(partition_by=enrolments.c.flow).label("held"),
        )
        .outerjoin(carts, _its_cart(enrolments))
        .outerjoin(sign_ups, _its_wish(enrolments))
        # The state stands in the statement itself: else no partial index answers.
        .where(enrolments.c.merchant_id == merchant_id, enrolments.c.state == literal_column("'held'"))
        .subquery()
    )
    shown = select(ranked).where(ranked.c.place <= SHOWN_OF_HELD).order_by(ranked.c.flow, ranked.c.place)
    by_flow: dict[str, list[Any]] = defaultdict(list)
    for row in session.execute(shown):
        by_flow[row.flow].append(row)
    return [Held(flow, rows[0].held, tuple(r.masked for r in rows)) for flow, rows in by_flow.items()]


def entry(
    row: Any, planned: Mapping[int, tuple[Effect, ...]], passed_on: Mapping[int, tuple[Effect, ...]]
) -> Entry:
    own = planned.get(row.enrolment_id, ()) if row.kind in BEGAN else ()
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
        wanted=", ".join(part for part in (row.product, row.variant) if part) or None,
        effects=own + passed_on.get(row.id, ()),
    )


def _effect(row: Any, *, in_doubt: bool = False) -> Effect:
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
        in_doubt=in_doubt,
    )


def _entries(merchant_id: int) -> Select[Any]:
    return (
        select(
            decisions,
            _masked(decisions.c.person_id),
            carts.c.total_minor,
            carts.c.currency,
            products.c.title.label("product"),
            variants.c.title.label("variant"),
        )
        .outerjoin(carts, _its_cart(decisions))
        .outerjoin(sign_ups, _its_wish(decisions))
        .outerjoin(variants, variants.c.id == sign_ups.c.variant_id)
        .outerjoin(products, products.c.id == variants.c.product_id)
        .where(decisions.c.merchant_id == merchant_id)
    )


def _its_cart(of: Table) -> ColumnElement[bool]:
    mine = carts.c.merchant_id == of.c.merchant_id
    return and_(of.c.subject == "cart", carts.c.id == of.c.subject_id, mine)


def _its_wish(of: Table) -> ColumnElement[bool]:
    mine = sign_ups.c.merchant_id == of.c.merchant_id
    return and_(of.c.subject == "sign_up", sign_ups.c.id == of.c.subject_id, mine)


def _masked(person_id: ColumnElement[Any]) -> Label[str | None]:
    """The person's address as pages show it: the cart's own, if it is still
    that person's, else the first that was known."""
    mine = and_(addresses.c.person_id == person_id, addresses.c.channel == "email")
    known = select(addresses.c.masked).where(mine)
    its_own = known.where(addresses.c.id == func.coalesce(carts.c.address_id, sign_ups.c.address_id))
    first = known.order_by(addresses.c.id).limit(1)
    found = [one.correlate_except(addresses).scalar_subquery() for one in (its_own, first)]
    return func.coalesce(*found).label("masked")
