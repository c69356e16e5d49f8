"""Objections passed on to the shop: each stands with the decision about its person that came before it.

They belong to no trip: whoever unsubscribes may have had her last mail long ago.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, select
from sqlalchemy.orm import Session

from core.models.tables import decisions, effects
from engine.consent_writing import KIND

_about = decisions.alias("about")
_HERS = select(_about.c.id).where(
    _about.c.merchant_id == effects.c.merchant_id, _about.c.person_id == effects.c.person_id
)
_BEFORE = _HERS.where(_about.c.at <= effects.c.due_at).order_by(_about.c.at.desc(), _about.c.id.desc())
# A decision that was said again has the time of the last time.
_SINCE = _HERS.order_by(_about.c.at, _about.c.id)
_PLACE = func.coalesce(*(one.limit(1).correlate(effects).scalar_subquery() for one in (_BEFORE, _SINCE)))


def of_people(session: Session, merchant_id: int, people: Iterable[int | None]) -> list[Any]:
    """These people's, with the `decision_id` each stands with."""
    known = {person_id for person_id in people if person_id is not None}
    query = (
        select(effects, literal(False).label("kept"), _PLACE.label("decision_id"))
        .where(effects.c.merchant_id == merchant_id, effects.c.person_id.in_(known), effects.c.kind == KIND)
        .order_by(effects.c.id)
    )
    return list(session.execute(query))


def stands_here(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether such an objection stands with the decision."""
    hers = and_(effects.c.person_id == decisions.c.person_id, effects.c.kind == KIND)
    return exists().where(hers, decisions.c.id == _PLACE, condition)
