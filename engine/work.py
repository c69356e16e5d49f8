"""The small table of merchants with work: what waits rings through it."""

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, case, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.models.tables import effects, work
from core.statements import Statement
from engine.built import BuiltOnce

# Later than anything is ever due.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_EARLIEST = (
    select(func.min(effects.c.wake_at))
    .where(
        effects.c.merchant_id == bindparam("whose"),
        effects.c.state == "pending",
        effects.c.wake_at.is_not(None),
    )
    .scalar_subquery()
)
_never = bindparam("never", NEVER, type_=work.c.next_at.type)
_RECOUNT = Statement(
    update(work)
    .where(work.c.merchant_id == bindparam("whose"))
    .values(next_at=func.coalesce(_EARLIEST, _never))
    .returning(work.c.next_at == _never)
)
_FORGET = Statement(work.delete().where(work.c.merchant_id == bindparam("whose")))


def _announcing(session: Session) -> Statement:
    row = insert(work, session).values(
        merchant_id=bindparam("whose"), next_at=bindparam("wake_at"), served_at=bindparam("now")
    )
    earlier = case((row.excluded.next_at < work.c.next_at, row.excluded.next_at), else_=work.c.next_at)
    return Statement(row.on_conflict_do_update(index_elements=["merchant_id"], set_={"next_at": earlier}))


_ANNOUNCE = BuiltOnce(_announcing)


def announce(session: Session, merchant_id: int, wake_at: datetime) -> None:
    """Something of this merchant wakes at `wake_at` (real time); the earlier
    of this and what was announced before counts."""
    _ANNOUNCE(session).tell(session, {"whose": merchant_id, "wake_at": wake_at, "now": clock.now()})


def recount(session: Session | Connection, merchant_id: int) -> None:
    """Set the merchant's entry to the earliest row that waits, or remove it.
    The caller holds the entry's lock or is the sweep."""
    entries = _RECOUNT.rows(session, {"whose": merchant_id})
    if any(is_over for (is_over,) in entries):
        _FORGET.tell(session, {"whose": merchant_id})
