"""Loading what flows need to know, for a whole batch in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from core.events import Line, Stock
from core.models.tables import (
    addresses,
    carts,
    consents,
    effects,
    enrolments,
    lines,
    orders,
    people,
    suppressions,
    variants,
)
from core.money import Money
from core.reasons import Reason
from core.statements import Asked, Statement, one_found, one_of, records_of
from engine.known import Loaded, Planned, Slot, Subject
from engine.standing import Act
from engine.waiting import load_wishes


def load(
    session: Session,
    merchant_id: int,
    subjects: Sequence[Subject],
    now: datetime,
    also: Sequence[Asked] = (),
) -> Loaded:
    """Load everything about these subjects; `now` is the merchant's time. What
    is `also` asked is heard with the rest."""
    loaded = Loaded(now)
    whose = {"whose": merchant_id}
    people_meant = whose | {"people": sorted({s.person_id for s in subjects if s.person_id is not None})}
    carts_meant = whose | {"carts": sorted({s.id for s in subjects if s.kind == "cart"})}
    # People first: what is read after their version is at least as new as it says.
    asked = [(one, people_meant) for one in (_PEOPLE, _ADDRESSES, _TRIPS, _MESSAGES)]
    asked += [(one, carts_meant) for one in (_CARTS, _LINES)]
    asked.append((_ORDERS, people_meant | carts_meant))
    found = records_of(session, [*asked, *also])
    persons, names, trips, messages, in_carts, in_lines, loaded.orders, *loaded.also = found
    _keep_people(loaded, persons, names)
    _keep_carts(loaded, in_carts, in_lines)
    _keep_trips(loaded, trips, messages)
    load_wishes(session, merchant_id, subjects, loaded)
    return loaded


_WHOSE: BindParameter[int] = bindparam("whose")
_CARTS = Statement(select(carts).where(carts.c.merchant_id == _WHOSE, one_of(carts.c.id, "carts")))
# What is in the carts, and what is known of its stock.
_LINES = Statement(
    select(lines, carts.c.currency, variants.c.stock_kind, variants.c.stock_units)
    .join(carts, carts.c.id == lines.c.cart_id)
    .outerjoin(
        variants, and_(variants.c.merchant_id == lines.c.merchant_id, variants.c.ref == lines.c.variant_ref)
    )
    .where(lines.c.merchant_id == _WHOSE, one_of(lines.c.cart_id, "carts"))
    .order_by(lines.c.cart_id, lines.c.position)
)


def _keep_carts(loaded: Loaded, found: Sequence[Any], in_them: Sequence[Any]) -> None:
    loaded.carts = {row.id: row for row in found}
    for row in in_them:
        loaded.lines[row.cart_id].append(_line(row))
        if row.stock_kind is not None:
            loaded.stock[row.variant_ref] = Stock(row.stock_kind, row.stock_units)


def _line(row: Any) -> Line:
    return Line(
        product_ref=row.product_ref,
        variant_ref=row.variant_ref,
        title=row.title,
        quantity=row.quantity,
        price=Money(row.price_minor, row.currency),
        variant_title=row.variant_title,
        sku=row.sku,
        image_url=row.image_url,
        url=row.url,
    )


def _named(column: ColumnElement[Any]) -> Select[Any]:
    """By what an order says which cart it was."""
    return select(column).where(carts.c.merchant_id == _WHOSE, one_of(carts.c.id, "carts"))


# Orders of these people or of these carts, whoever placed them.
_ORDERS = Statement(
    select(
        orders.c.person_id,
        orders.c.address_id,
        orders.c.ref,
        orders.c.cancelled_at,
        orders.c.cart_ref,
        orders.c.cart_token,
        orders.c.phone_fingerprint,
        orders.c.placed_at,
        orders.c.paid_at,
        orders.c.bought,
    ).where(
        orders.c.merchant_id == _WHOSE,
        or_(
            one_of(orders.c.person_id, "people"),
            one_found(orders.c.cart_ref, _named(carts.c.ref)),
            one_found(orders.c.cart_token, _named(carts.c.token)),
            one_found(orders.c.cart_token, _named(carts.c.ref)),
            one_found(orders.c.phone_fingerprint, _named(carts.c.phone_fingerprint)),
        ),
        orders.c.test.is_(False),
    )
)


# Each person's newest cart, also where it was emptied: an older one that it
# had replaced does not come back.
_NEWEST = (
    select(carts.c.id)
    .where(carts.c.merchant_id == _WHOSE, carts.c.person_id == people.c.id, carts.c.test.is_(False))
    .order_by(carts.c.activity_at.desc(), carts.c.ref.desc())
    .limit(1)
    .scalar_subquery()
)
_PEOPLE = Statement(
    select(people, _NEWEST.label("newest")).where(
        people.c.merchant_id == _WHOSE, one_of(people.c.id, "people")
    )
)
_STOPPED = and_(
    suppressions.c.merchant_id == addresses.c.merchant_id,
    suppressions.c.channel == addresses.c.channel,
    suppressions.c.fingerprint == addresses.c.fingerprint,
)
_ACTS = and_(
    consents.c.address_id == addresses.c.id,
    consents.c.purpose == "marketing",
    consents.c.channel == "email",
)
# Each address once for every act of consent or objection, at least once.
_ADDRESSES = Statement(
    select(addresses, suppressions.c.reason, consents.c.state, consents.c.act_at, consents.c.source)
    .outerjoin(suppressions, _STOPPED)
    .outerjoin(consents, _ACTS)
    # The sum keeps SQLite from walking through all addresses of a large shop.
    .where(addresses.c.merchant_id + 0 == _WHOSE, one_of(addresses.c.person_id, "people"))
    .order_by(addresses.c.id)
)


def _keep_people(loaded: Loaded, persons: Sequence[Any], told: Sequence[Any]) -> None:
    loaded.persons = {row.id: row for row in persons}
    loaded.newest = {row.id: row.newest for row in loaded.persons.values() if row.newest is not None}
    for row in {row.id: row for row in told}.values():
        loaded.names[row.person_id].append(row)
        if row.channel == "email":
            loaded.addresses[row.id] = row
        if row.reason is not None:
            loaded.suppressed[row.fingerprint] = Reason(row.reason)
    for row in told:
        if row.act_at is not None:
            loaded.acts[row.id].append(Act(row.state, row.act_at, row.source))


_TRIPS = Statement(
    select(enrolments).where(enrolments.c.merchant_id == _WHOSE, one_of(enrolments.c.person_id, "people"))
)
_OF_THEM = select(enrolments.c.id).where(
    enrolments.c.merchant_id == _WHOSE, one_of(enrolments.c.person_id, "people")
)
_MESSAGES = Statement(
    select(
        effects.c.id,
        effects.c.enrolment_id,
        effects.c.person_id,
        effects.c.step,
        effects.c.state,
        effects.c.flow,
        effects.c.mode,
        effects.c.due_at,
        effects.c.wake_at,
        effects.c.acted_at,
        effects.c.slot_day,
        effects.c.kind,
    ).where(
        effects.c.merchant_id + 0 == _WHOSE,
        one_found(effects.c.enrolment_id, _OF_THEM),
        effects.c.kind == "send_message",
    )
)


def _keep_trips(loaded: Loaded, trips: Sequence[Any], messages: Sequence[Any]) -> None:
    for trip in trips:
        loaded.trips[(trip.person_id, trip.flow, trip.mode)].append(trip)
    for row in messages:
        loaded.steps[row.enrolment_id].append(row)
        if row.slot_day is not None:
            loaded.slots[row.person_id].append(Slot(row.slot_day, row.id, row.flow))
        if row.mode == "live" and row.state in ("pending", "claimed"):
            loaded.planned[row.person_id].append(Planned(row.flow, row.due_at, row.wake_at))
