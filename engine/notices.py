"""Notices: what the merchant must know or do, told once, again after three
days, and when it is mended."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.models import Merchant
from core.models.tables import members, notices
from engine import notice_letters
from engine.machine import Machine

log = structlog.get_logger()

AGAIN = timedelta(days=3)
LEASE = timedelta(minutes=10)
# Told, and told again.
TIMES = 2


def raise_notice(session: Session, merchant_id: int, kind: str, detail: str = "") -> None:
    """Open a notice, unless one of its kind is open."""
    row = insert(notices, session).values(
        merchant_id=merchant_id,
        kind=kind,
        detail=detail,
        raised_at=clock.now(),
        tell_at=clock.now(),
        told=0,
        claim=0,
    )
    session.execute(row.on_conflict_do_nothing())


def mend(session: Session, merchant_id: int, kind: str) -> None:
    """It is over; whoever was told of it is told that too."""
    mine = (notices.c.merchant_id == merchant_id, notices.c.kind == kind, notices.c.mended_at.is_(None))
    now = clock.now()
    session.execute(update(notices).where(*mine, notices.c.told > 0).values(mended_at=now, tell_at=now))
    session.execute(update(notices).where(*mine).values(mended_at=now, tell_at=None))


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
    try:
        _tell(machine, row)
    except Retryable as error:
        log.warning("notice_not_sent", notice_id=row.id, why=str(error))
        return True
    except (Permanent, InDoubt) as error:
        # The page tells it all the same; a second try would end like the first.
        log.warning("notice_not_sent", notice_id=row.id, why=str(error))
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


def _tell(machine: Machine, row: Any) -> None:
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, row.merchant_id)
        theirs = select(members.c.email, members.c.id).where(
            members.c.merchant_id == merchant.id, members.c.email.is_not(None)
        )
        whom = session.execute(theirs.order_by(members.c.id)).all()
        session.expunge(merchant)
    for member in whom:
        email = machine.vault.open(member.email, f"member:{merchant.id}:email").decode()
        letter = notice_letters.letter(machine.config, merchant, row, email, member.id)
        machine.channel_for(merchant.platform).send(letter, merchant.id)


def _settle(machine: Machine, row: Any) -> None:
    told = row.told + 1
    again = row.mended_at is None and told < TIMES
    # What was mended meanwhile is to be told of once more.
    same = notices.c.mended_at.is_(None) if row.mended_at is None else notices.c.mended_at.is_not(None)
    mine = (notices.c.id == row.id, notices.c.claim == row.claim, same)
    values = {"told": told, "tell_at": clock.now() + AGAIN if again else None}
    with transaction(machine.db) as session:
        session.execute(update(notices).where(*mine).values(**values))
