"""One visit at a time gets a shop its tokens.

Two tabs may both be the first. Each exchange ends the refresh token of the one
before it, so whoever stored second might store the dead pair. Hence a lease
per shop: no transaction is open while the platform is asked, and the pair is
stored under the lease's number alone.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transaction
from core.errors import Retryable
from core.models.tables import exchanges
from engine.machine import Machine

# Longer than the proof of a page is good for: whoever oversleeps the lease is refused by the platform.
LEASE = timedelta(seconds=90)
PATIENCE = timedelta(seconds=15)
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    platform: str
    domain: str
    number: int


@contextmanager
def turn(machine: Machine, platform: str, domain: str) -> Iterator[Turn]:
    """This visit's turn, for which it waits; then it should look whether
    another's tokens have come meanwhile. Raises Retryable where that takes too long."""
    mine = Turn(platform, domain, _number(machine, platform, domain))
    try:
        yield mine
    finally:
        with transaction(machine.db) as session:
            end(session, mine)


def end(session: Session, turn: Turn) -> bool:
    """False where the turn has become another's: then nothing may be stored."""
    mine = (exchanges.c.platform == turn.platform, exchanges.c.domain == turn.domain)
    ended = update(exchanges).where(*mine, exchanges.c.claim == turn.number).values(lease_until=None)
    return bool(session.execute(ended).rowcount)  # type: ignore[attr-defined]


def _number(machine: Machine, platform: str, domain: str) -> int:
    until = clock.now() + PATIENCE
    while (number := _taken(machine, platform, domain)) is None:
        if clock.now() > until:
            raise Retryable("another visit is connecting this shop")
        time.sleep(PAUSE_SECONDS)
    return number


def _taken(machine: Machine, platform: str, domain: str) -> int | None:
    """The number under which we may exchange; None while somebody else does."""
    now = clock.now()
    values: dict[str, Any] = {"began_at": now, "lease_until": now + LEASE}
    free = or_(exchanges.c.lease_until.is_(None), exchanges.c.lease_until < now)
    with transaction(machine.db) as session:
        row = insert(exchanges, session).values(platform=platform, domain=domain, claim=1, **values)
        again = values | {"claim": exchanges.c.claim + 1}
        taken = row.on_conflict_do_update(index_elements=["platform", "domain"], set_=again, where=free)
        number: int | None = session.execute(taken.returning(exchanges.c.claim)).scalar_one_or_none()
    return number
