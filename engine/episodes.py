"""Episodes: whether a cart that had its trip may have another."""

from sqlalchemy import and_, bindparam, exists, or_, select

from core.actions import Enrol
from core.models.tables import effects, enrolments
from core.reasons import Reason
from core.statements import Asked, Statement
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


_SENT = and_(
    effects.c.enrolment_id == enrolments.c.id,
    effects.c.kind == "send_message",
    or_(*(effects.c.state == state for state in DONE)),
)
# Both modes are named so that the index is of use.
_OF_CART = Statement(
    select(
        enrolments.c.id,
        enrolments.c.person_id,
        enrolments.c.mode,
        enrolments.c.state,
        enrolments.c.reason,
        enrolments.c.episode,
        exists().where(_SENT).label("wrote"),
    ).where(
        enrolments.c.merchant_id == bindparam("whose"),
        enrolments.c.flow == bindparam("flow"),
        or_(enrolments.c.mode == "live", enrolments.c.mode == "shadow"),
        enrolments.c.subject == "cart",
        enrolments.c.subject_id == bindparam("cart"),
    )
)


def trips_of_cart(case: Deciding) -> Asked:
    """To be asked: every trip of this flow that the cart has had, whoever was meant."""
    return _OF_CART, {"whose": case.merchant.id, "flow": case.flow.key, "cart": case.subject.id}


def next_episode(case: Deciding, action: Enrol) -> int | None:
    """The number of this cart's next trip; None where it has had its trip. One
    that ended before anything was sent, for a reason that no longer holds,
    has not been one to the person."""
    assert action.subject_id == case.subject.id, "a flow enrols the cart it was asked about"
    earlier = [trip for trip in case.cart_trips if trip.mode == case.saved.mode]
    if all(trip.state == "exited" and trip.reason in MENDED and not trip.wrote for trip in earlier):
        return max((trip.episode + 1 for trip in earlier), default=action.episode)
    return None
