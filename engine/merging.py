"""Two people found to be one: the elder takes over what the younger had."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.models import Merchant
from core.models.tables import (
    addresses,
    carts,
    decisions,
    effects,
    enrolments,
    inbound_people,
    orders,
    people,
    sign_ups,
)
from core.reasons import Reason
from engine.trips import end_trip, lane_of


def merge(session: Session, merchant_id: int, younger: int, elder: int) -> None:
    """Everything of the younger becomes the elder's. Of two trips in one lane
    the one with the older activity ends: the newer cart took it over."""
    _end_older_lane(session, merchant_id, younger, elder)
    for table in (addresses, carts, orders, enrolments, effects, decisions, sign_ups):
        session.execute(
            update(table)
            .where(table.c.merchant_id == merchant_id, table.c.person_id == younger)
            .values(person_id=elder)
        )
    session.execute(
        update(enrolments)
        .where(enrolments.c.merchant_id == merchant_id, enrolments.c.lane == lane_of(younger))
        .values(lane=lane_of(elder))
    )
    named = select(inbound_people.c.inbound_id).where(inbound_people.c.person_id == younger)
    rows = [
        {"inbound_id": row.inbound_id, "person_id": elder, "merchant_id": merchant_id}
        for row in session.execute(named)
    ]
    if rows:
        session.execute(insert(inbound_people, session).on_conflict_do_nothing(), rows)
    session.execute(people.delete().where(people.c.id == younger, people.c.merchant_id == merchant_id))


def _end_older_lane(session: Session, merchant_id: int, younger: int, elder: int) -> None:
    running = session.execute(
        select(enrolments.c.id, enrolments.c.flow, enrolments.c.mode)
        .where(
            enrolments.c.merchant_id == merchant_id,
            enrolments.c.lane.in_([lane_of(younger), lane_of(elder)]),
            enrolments.c.state.in_(["active", "held"]),
        )
        .order_by(enrolments.c.since.desc(), enrolments.c.id.desc())
    ).all()
    at = clock.now(session.get_one(Merchant, merchant_id)) if running else clock.now()
    kept: set[tuple[str, str]] = set()
    for row in running:
        if (row.flow, row.mode) in kept:
            end_trip(session, merchant_id, row.id, Reason.CART_REPLACED, at)
        kept.add((row.flow, row.mode))
