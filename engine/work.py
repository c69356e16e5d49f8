"""The small table of merchants with work: what waits rings through it."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, case, exists, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.models.tables import effects, work

_WAITING = (
    effects.c.merchant_id == bindparam("whose"),
    effects.c.state == "pending",
    effects.c.wake_at.is_not(None),
)
_RECOUNT = (
    update(work)
    .where(work.c.merchant_id == bindparam("whose"), exists().where(*_WAITING))
    .values(
        next_at=select(func.min(effects.c.wake_at)).where(*_WAITING).scalar_subquery(),
        served_at=func.coalesce(bindparam("served", type_=work.c.served_at.type), work.c.served_at),
    )
    .returning(work.c.next_at)
)


def announce(session: Session, merchant_id: int, wake_at: datetime) -> None:
    """Something of this merchant wakes at `wake_at` (real time); the earlier
    of this and what was announced before counts."""
    row = insert(work, session).values(merchant_id=merchant_id, next_at=wake_at, served_at=clock.now())
    earlier = case((row.excluded.next_at < work.c.next_at, row.excluded.next_at), else_=work.c.next_at)
    session.execute(row.on_conflict_do_update(index_elements=["merchant_id"], set_={"next_at": earlier}))


def recount(session: Session | Connection, merchant_id: int, served_at: datetime | None = None) -> None:
    """Set the merchant's entry to the earliest row that waits, or remove it.
    The caller holds the entry's lock or is the sweep."""
    values = {"whose": merchant_id, "served": served_at}
    set_anew = session.execute(_RECOUNT, values)
    if set_anew.first() is None:
        session.execute(work.delete().where(work.c.merchant_id == merchant_id))
