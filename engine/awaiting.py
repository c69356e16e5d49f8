"""What waits in the rows until a member has looked at it. The rows are the
truth: whatever ended the last of them, the notice of it ends too."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Exists, exists, func, literal_column, select
from sqlalchemy.orm import Session

from core.db import reading, transaction
from core.models.tables import effects, enrolments, flow_pauses, notices
from core.reasons import Reason
from engine import notices as telling
from engine.machine import Machine

HELD, DOUBT, PAUSED = "held", "doubt", "paused"
Whose = int | ColumnElement[Any]

# A message in doubt for good, about which nobody has decided yet: what its provider
# can still be asked about may settle by itself. The state stands in the statement
# itself: else no partial index answers.
IN_DOUBT = (
    effects.c.state == literal_column("'unknown'"),
    effects.c.kind == "send_message",
    effects.c.mode == "live",
    effects.c.enrolment_id.is_not(None),
    effects.c.lease_until.is_(None),
    func.substr(effects.c.reason, 1, len(Reason.UNKNOWN.value)) == Reason.UNKNOWN.value,
)


def _held(whose: Whose) -> Exists:
    return exists().where(enrolments.c.merchant_id == whose, enrolments.c.state == literal_column("'held'"))


def _doubtful(whose: Whose) -> Exists:
    return exists().where(effects.c.merchant_id == whose, *IN_DOUBT)


def _paused(whose: Whose) -> Exists:
    return exists().where(flow_pauses.c.merchant_id == whose, flow_pauses.c.over_at.is_(None))


# Whether something of a merchant waits, by the kind of its notice.
WAITS: Mapping[str, Callable[[Whose], Exists]] = {HELD: _held, DOUBT: _doubtful, PAUSED: _paused}


def mend_where_over(machine: Machine) -> None:
    """A purchase, a flow switched off, a late answer: what waited can end by
    itself. Then nobody is to be told of it any more, but that it is over."""
    for kind, waits in WAITS.items():
        still = (notices.c.kind == kind, notices.c.mended_at.is_(None))
        over = select(notices.c.merchant_id).where(*still, ~waits(notices.c.merchant_id))
        with reading(machine.db) as session:
            whose = session.execute(over).scalars().all()
        for merchant_id in whose:
            with transaction(machine.db) as session:
                mend_if_over(session, merchant_id, kind)


def mend_if_over(session: Session, merchant_id: int, kind: str) -> None:
    """To come last in a transaction: whoever holds a notice waits for nobody."""
    if not session.execute(select(WAITS[kind](merchant_id))).scalar_one():
        telling.mend(session, merchant_id, kind)
