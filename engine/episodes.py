"""Episodes: whether a cart that had its trip may have another."""

from typing import Any

from sqlalchemy import and_, exists, select

from core.actions import Enrol
from core.models.tables import effects, enrolments
from core.reasons import Reason
from engine.deciding import Deciding
from engine.facts import DONE

# What may have changed since: the cart is filled again, consent was given, the flow is on,
# the cart has become somebody else's.
MENDED = (
    Reason.CART_EMPTIED,
    Reason.CART_REPLACED,
    Reason.UNSUBSCRIBED,
    Reason.FLOW_OFF,
    Reason.TOO_OLD,
    Reason.OUT_OF_STOCK,
    Reason.OTHER_PERSON,
)


def next_episode(case: Deciding, action: Enrol) -> int | None:
    """The number of this cart's next trip; None where it has had its trip. One
    that ended before anything was sent, for a reason that no longer holds,
    has not been one to the person."""
    earlier = case.session.execute(_trips_of(case, action)).all()
    if all(trip.state == "exited" and trip.reason in MENDED and not trip.wrote for trip in earlier):
        return max((trip.episode + 1 for trip in earlier), default=action.episode)
    return None


def _trips_of(case: Deciding, action: Enrol) -> Any:
    sent = and_(
        effects.c.enrolment_id == enrolments.c.id,
        effects.c.kind == "send_message",
        effects.c.state.in_(DONE),
    )
    return select(
        enrolments.c.state, enrolments.c.reason, enrolments.c.episode, exists().where(sent).label("wrote")
    ).where(
        enrolments.c.merchant_id == case.merchant.id,
        enrolments.c.flow == case.flow.key,
        enrolments.c.mode == case.saved.mode,
        enrolments.c.subject == action.subject,
        enrolments.c.subject_id == action.subject_id,
    )
