"""People left out to compare with: always the same ones, chosen by their numbers alone."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import case, distinct, exists, func, literal_column, select
from sqlalchemy.orm import Session

from core.models.tables import enrolments, orders

STATE = "held_out"
# Written out: a database groups by what it can see to be the same.
_LEFT_OUT = enrolments.c.state == literal_column(f"'{STATE}'")


@dataclass(frozen=True, slots=True)
class Side:
    """How many people, and how many of them bought after they had left their cart."""

    people: int = 0
    bought: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """People who entered and people left out, from the day on which the first was left out."""

    entered: Side
    left_out: Side


def is_left_out(merchant_id: int, flow: str, person_id: int, percent: int) -> bool:
    """Whoever is left out at a low percentage is so at every higher one."""
    mark = hashlib.sha256(f"{merchant_id}:{flow}:{person_id}".encode()).digest()
    return int.from_bytes(mark[:8]) % 10_000 < percent * 100


def compare(session: Session, merchant_id: int, flow: str) -> Comparison | None:
    """Both sides of a live flow; None where nobody has been left out."""
    mine = (enrolments.c.merchant_id == merchant_id, enrolments.c.flow == flow, enrolments.c.mode == "live")
    first = select(func.min(enrolments.c.enrolled_at)).where(*mine, enrolments.c.state == STATE)
    bought = exists().where(
        orders.c.merchant_id == merchant_id,
        orders.c.person_id == enrolments.c.person_id,
        orders.c.placed_at >= enrolments.c.since,
        orders.c.bought,
        orders.c.test.is_(False),
    )
    who = enrolments.c.person_id
    query = (
        select(_LEFT_OUT, func.count(distinct(who)), func.count(distinct(case((bought, who)))))
        .where(*mine, enrolments.c.enrolled_at >= first.scalar_subquery())
        .group_by(_LEFT_OUT)
    )
    sides = {bool(row[0]): Side(row[1], row[2]) for row in session.execute(query)}
    return Comparison(sides.get(False, Side()), sides[True]) if True in sides else None
