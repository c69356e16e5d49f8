"""Mail that is refused, one message after the other: the merchant must know.

The rule: the messages to the last three people were refused, each for good or
for an hour on end, within two days, and none was accepted since the first of
them. One dead mailbox is nothing of the kind, nor is a server away for minutes.
It is over once a message, or a member's test to herself, was accepted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import effects, trial_mails
from core.models.tables import notices as told
from core.reasons import Reason
from engine import notices
from engine.machine import Machine

log = structlog.get_logger()

REFUSED = "refused"
PEOPLE = 3
# Each try waits twice as long as the one before: the sixth comes after an hour.
TRIES = 6
WITHIN = timedelta(days=2)
# A message may go out so long after it was due.
LATEST = timedelta(days=14)

_LIVE = (effects.c.kind == "send_message", effects.c.mode == "live")
_FOR_GOOD = and_(effects.c.state == "failed", effects.c.reason == Reason.PROVIDER_REFUSED.value)
_ON_END = and_(
    effects.c.state == "pending",
    effects.c.reason == Reason.PROVIDER_BUSY.value,
    effects.c.attempts >= TRIES,
)
# When it was refused last.
_AT = case((effects.c.state == "failed", effects.c.settled_at), else_=effects.c.claimed_at)


def is_one(row: Any, outcome: Any) -> bool:
    """Whether this message was refused for good, or for long."""
    if row.kind != "send_message" or row.mode != "live":
        return False
    if outcome.state == "failed":
        return bool(outcome.reason == Reason.PROVIDER_REFUSED.value)
    on_end = outcome.state == "pending" and outcome.reason == Reason.PROVIDER_BUSY.value
    return bool(on_end and outcome.attempts >= TRIES)


def look(session: Session, merchant: Merchant) -> None:
    """One more was refused: with it it may be time to tell. Whoever is told
    already is asked nothing more, however many there are."""
    mine = (told.c.merchant_id == merchant.id, told.c.kind == REFUSED, told.c.mended_at.is_(None))
    if session.execute(select(told.c.id).where(*mine)).first() is not None:
        return
    moments = _last_refusals(session, merchant)
    if len(moments) == PEOPLE and not session.execute(select(_accepted(merchant, min(moments)))).scalar_one():
        log.error("mail_refused", merchant_id=merchant.id)
        notices.raise_notice(session, merchant.id, REFUSED)


def mend_where_over(machine: Machine) -> None:
    """Accepted since: whoever was told of it is told that too."""
    still = select(told.c.merchant_id, told.c.raised_at).where(
        told.c.kind == REFUSED, told.c.mended_at.is_(None)
    )
    with reading(machine.db) as session:
        rows = session.execute(still).all()
    for row in rows:
        with transaction(machine.db) as session:
            merchant = session.get_one(Merchant, row.merchant_id)
            if session.execute(select(_accepted(merchant, row.raised_at))).scalar_one():
                notices.mend(session, merchant.id, REFUSED)


def _last_refusals(session: Session, merchant: Merchant) -> Sequence[datetime]:
    """When the last people were refused; each counts once."""
    at = func.max(_AT)
    found = (
        select(at)
        .where(
            effects.c.merchant_id == merchant.id,
            *_LIVE,
            effects.c.due_at > clock.now(merchant) - WITHIN,
            or_(_FOR_GOOD, _ON_END),
        )
        .group_by(effects.c.person_id)
        .order_by(at.desc())
        .limit(PEOPLE)
    )
    return session.execute(found).scalars().all()


def _accepted(merchant: Merchant, since: datetime) -> Any:
    """Whether the mail server took anything of hers since then."""
    message = exists().where(
        effects.c.merchant_id == merchant.id,
        *_LIVE,
        effects.c.due_at > clock.now(merchant) - LATEST,
        effects.c.state == "done",
        effects.c.settled_at > since,
    )
    test = exists().where(
        trial_mails.c.merchant_id == merchant.id, trial_mails.c.outcome == "sent", trial_mails.c.at > since
    )
    return or_(message, test)
