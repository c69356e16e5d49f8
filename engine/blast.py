"""The blast guard: unusually many enrolments at once are held until the
merchant has looked at them."""

import math
import sys
from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import transaction
from core.models import Merchant
from core.models.tables import effects, enrolments
from core.reasons import Reason, noted
from core.statements import Asked, Statement
from engine import awaiting, notices, restocks
from engine.deciding import Deciding
from engine.machine import Machine
from engine.trips import end_trip
from engine.work import announce, recount

log = structlog.get_logger()

TIMES_USUAL = 5
AT_LEAST = 50
USUAL_OVER = timedelta(days=7)
HOUR = timedelta(hours=1)


def would_be(case: Deciding) -> bool:
    """Whether one more enrolment makes this hour a blast. Shadow does nothing
    to anybody, so it is never held."""
    if case.saved.mode != "live":
        return False
    this_hour = case.enrolled_lately
    if this_hour < AT_LEAST:
        return False
    week = _count(case) - this_hour
    usual_hour = week / (USUAL_OVER / HOUR)
    return this_hour >= max(AT_LEAST, TIMES_USUAL * usual_hour)


def room(session: Session, merchant_id: int, flow: str, mode: str, now: datetime) -> int:
    """How many more may be enrolled this hour before it is a blast."""
    if mode != "live":
        return sys.maxsize
    week, hour = (_times(session, _since(merchant_id, flow, now - span)) for span in (USUAL_OVER, HOUR))
    usual_hour = (week - hour) / (USUAL_OVER / HOUR)
    return max(0, math.ceil(max(AT_LEAST, TIMES_USUAL * usual_hour)) - hour)


def tell(case: Deciding) -> None:
    """The first one held is told of, and all the others with it."""
    tell_of(case.session, case.merchant.id, case.flow.key)


def tell_of(session: Session, merchant_id: int, flow: str) -> None:
    notices.raise_notice(session, merchant_id, awaiting.HELD, flow)


def release(machine: Machine, merchant_id: int, flow: str, by: str) -> int:
    """The merchant has looked: all held trips go on; how many. `by` is the
    member's name."""
    with transaction(machine.db) as session:
        held = _held(session, merchant_id, flow)
        session.execute(
            update(enrolments)
            .where(enrolments.c.merchant_id == merchant_id, enrolments.c.id.in_(held))
            .values(state="active", reason=f"released:{by}")
        )
        session.execute(
            update(effects)
            .where(
                effects.c.merchant_id == merchant_id,
                effects.c.enrolment_id.in_(held),
                effects.c.state == "held",
            )
            .values(state="pending")
        )
        announce(session, merchant_id, clock.now())
        recount(session, merchant_id)
        awaiting.mend_if_over(session, merchant_id, awaiting.HELD)
    machine.bells.due()
    return len(held)


def discard(machine: Machine, merchant_id: int, flow: str, by: str) -> int:
    """The merchant has looked: nobody among the held gets anything; how many.
    `by` is the member's name."""
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        held = _held(session, merchant_id, flow)
        for enrolment_id in held:
            end_trip(session, merchant_id, enrolment_id, Reason.DISCARDED, clock.now(merchant))
        mine = (enrolments.c.merchant_id == merchant_id, enrolments.c.id.in_(held))
        session.execute(update(enrolments).where(*mine).values(reason=noted(Reason.DISCARDED, by)))
        # Nor does anybody else in the line that they were called from.
        restocks.end_all(session, merchant, Reason.DISCARDED, flow)
        awaiting.mend_if_over(session, merchant_id, awaiting.HELD)
    return len(held)


def _held(session: Session, merchant_id: int, flow: str) -> list[int]:
    return list(
        session.execute(
            select(enrolments.c.id).where(
                enrolments.c.merchant_id == merchant_id,
                enrolments.c.flow == flow,
                enrolments.c.state == "held",
            )
        ).scalars()
    )


_ENROLLED = Statement(
    select(func.count().label("times")).where(
        enrolments.c.merchant_id == bindparam("whose"),
        enrolments.c.flow == bindparam("flow"),
        enrolments.c.mode == "live",
        enrolments.c.enrolled_at > bindparam("since"),
    )
)


def lately(case: Deciding) -> Asked:
    """To be asked: how many were enrolled live within the last hour."""
    return _since(case.merchant.id, case.flow.key, case.now - HOUR)


def _count(case: Deciding) -> int:
    """Over the time by which the usual is known."""
    return _times(case.session, _since(case.merchant.id, case.flow.key, case.now - USUAL_OVER))


def _times(session: Session, asked: Asked) -> int:
    statement, wanted = asked
    return int(statement.rows(session, wanted)[0][0])


def _since(merchant_id: int, flow: str, since: datetime) -> Asked:
    return _ENROLLED, {"whose": merchant_id, "flow": flow, "since": since}
