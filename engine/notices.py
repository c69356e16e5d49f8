"""Notices: what the merchant must know or do, told once, again after three
days, and when it is mended.

Each telling is a round. Whom it has reached is written down letter by letter,
so that one full mailbox is tried again and nobody else is told twice.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.models import Merchant
from core.models.tables import connections, members, notices
from engine import notice_letters
from engine.built import Inserting
from engine.machine import Machine

log = structlog.get_logger()

AGAIN = timedelta(days=3)
LEASE = timedelta(minutes=10)
# Told, and told again: what stays undone until she does it.
TIMES = 2
REMINDED = frozenset(
    {"reconnect", "data_request", "held", "doubt", "paused", "sender", "refused", "mail_server"}
)
_NEXT_ROUND: dict[str, Any] = {"round": notices.c.round + 1, "reached": []}
_OPEN = Inserting(notices, lambda row: row.on_conflict_do_nothing())


def raise_notice(session: Session, merchant_id: int, kind: str, detail: str = "") -> None:
    """Open a notice, unless one of its kind is open: then nothing is written,
    and nobody waits to hear so."""
    row = {
        "merchant_id": merchant_id,
        "kind": kind,
        "detail": detail,
        "raised_at": clock.now(),
        "tell_at": clock.now(),
        "told": 0,
        "claim": 0,
        "round": 0,
        "reached": [],
    }
    _OPEN.tell(session, row)


def mend(session: Session, merchant_id: int, kind: str) -> None:
    """It is over; whoever was told of it is told that too."""
    now, mine = clock.now(), (notices.c.merchant_id == merchant_id, notices.c.kind == kind)
    still = select(notices).where(*mine, notices.c.mended_at.is_(None)).with_for_update()
    row = session.execute(still).one_or_none()
    if row is not None:
        values = {"mended_at": now, "tell_at": now if row.told or row.reached else None}
        session.execute(update(notices).where(notices.c.id == row.id).values(**values, **_NEXT_ROUND))


def mend_silently(session: Session, merchant_id: int, kind: str | None = None) -> None:
    """Nothing of it, or of one kind, matters any more, and nobody is told."""
    mine = [notices.c.merchant_id == merchant_id, notices.c.mended_at.is_(None)]
    if kind is not None:
        mine.append(notices.c.kind == kind)
    session.execute(update(notices).where(*mine).values(mended_at=clock.now(), tell_at=None))


def raise_again(session: Session, merchant_id: int, kind: str, detail: str = "") -> None:
    """Open a notice, or tell of the open one anew: there is more of it.
    Whoever is telling it this moment tells the old, and settles nothing."""
    raise_notice(session, merchant_id, kind, detail)
    mine = (notices.c.merchant_id == merchant_id, notices.c.kind == kind, notices.c.mended_at.is_(None))
    anew = {"told": 0, "tell_at": clock.now(), "detail": detail, "claim": notices.c.claim + 1}
    session.execute(update(notices).where(*mine).values(**anew, **_NEXT_ROUND))


def open_notices(session: Session, merchant_id: int) -> list[Any]:
    """What the pages show, oldest first."""
    mine = select(notices).where(notices.c.merchant_id == merchant_id, notices.c.mended_at.is_(None))
    return list(session.execute(mine.order_by(notices.c.raised_at)))


def run(machine: Machine, most: int = 50) -> int:
    """Write to the merchants what is due to be told; how many notices."""
    done = 0
    while done < most and not machine.stopping.is_set() and _tell_next(machine):
        done += 1
    return done


def _tell_next(machine: Machine) -> bool:
    row = _claim(machine)
    if row is None:
        return False
    if _all_told(machine, row):
        _settle(machine, row)
    return True


def _claim(machine: Machine) -> Any | None:
    """Its time is set ahead first: who dies here has it told by somebody else."""
    now = clock.now()
    with transaction(machine.db) as session:
        due = select(notices.c.id).where(notices.c.tell_at <= now).order_by(notices.c.tell_at).limit(1)
        found = session.execute(due.with_for_update(skip_locked=True)).scalar_one_or_none()
        if found is None:
            return None
        taken = update(notices).where(notices.c.id == found)
        values = {"claim": notices.c.claim + 1, "tell_at": now + LEASE}
        return session.execute(taken.values(**values).returning(*notices.c)).one()


def _all_told(machine: Machine, row: Any) -> bool:
    """False where somebody's mailbox is to be tried again."""
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, row.merchant_id)
        whom = _whom(machine, session, merchant.id)
        session.expunge(merchant)
    reached: list[int] = list(row.reached)
    for number, email in whom:
        if number not in reached and _told(machine, merchant, row, number, email):
            reached.append(number)
            _write_down(machine, row, reached)
    return len(reached) >= len(whom)


def _told(machine: Machine, merchant: Merchant, row: Any, number: int, email: str) -> bool:
    letter = notice_letters.letter(machine.config, merchant, row, email, number)
    try:
        machine.channel_for(merchant.platform).send(letter, merchant.id)
    except (Retryable, Permanent, InDoubt) as error:
        log.warning("notice_not_sent", notice_id=row.id, member_id=number, why=str(error))
        # The page tells it all the same; a second try would end like the first.
        return not isinstance(error, Retryable)
    return True


def _write_down(machine: Machine, row: Any, reached: Sequence[int]) -> None:
    mine = (notices.c.id == row.id, notices.c.claim == row.claim, notices.c.round == row.round)
    with transaction(machine.db) as session:
        session.execute(update(notices).where(*mine).values(reached=list(reached)))


def _whom(machine: Machine, session: Session, merchant_id: int) -> list[tuple[int, str]]:
    """Every member whose address is known; where none is, the address that
    the shop itself gives for such mail."""
    theirs = select(members.c.id, members.c.email).where(
        members.c.merchant_id == merchant_id, members.c.email.is_not(None)
    )
    binding = f"member:{merchant_id}:email"
    rows = session.execute(theirs.order_by(members.c.id)).all()
    if rows:
        return [(row.id, machine.vault.open(row.email, binding).decode()) for row in rows]
    mine = connections.c.merchant_id == merchant_id
    meta = session.execute(select(connections.c.meta).where(mine)).scalar_one_or_none() or {}
    return [(0, meta["contact_email"])] if meta.get("contact_email") else []


def _settle(machine: Machine, row: Any) -> None:
    """What was mended while it was told of is to be told of once more."""
    told, now = row.told + 1, clock.now()
    again = row.mended_at is None and told < TIMES and row.kind in REMINDED
    mine = (notices.c.id == row.id, notices.c.claim == row.claim)
    still = notices.c.mended_at.is_(None) if row.mended_at is None else notices.c.mended_at.is_not(None)
    values = {"told": told, "tell_at": now + AGAIN if again else None}
    with transaction(machine.db) as session:
        same = session.execute(update(notices).where(*mine, still).values(**values, **_NEXT_ROUND))
        if not same.rowcount:  # type: ignore[attr-defined]
            session.execute(update(notices).where(*mine).values(told=told, tell_at=now))
