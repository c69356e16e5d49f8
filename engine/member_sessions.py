"""Signed-in members: sessions that are short, known as rows, and ended at once."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.sql import ColumnElement

from core import clock
from core.config import Config
from core.db import reading, transaction
from core.models.tables import member_sessions, members
from engine.machine import Machine

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
# How exactly it is known when somebody was seen: a page seen is not a row written each time.
SEEN_EVERY = timedelta(minutes=5)


def begin(machine: Machine, merchant_id: int, member_id: int) -> str:
    """The secret that the browser keeps; we keep its hash alone."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    row = member_sessions.insert().values(
        merchant_id=merchant_id,
        member_id=member_id,
        secret=hashed(machine.config, "session", secret),
        began_at=now,
        seen_at=now,
        ends_at=now + LONGEST,
    )
    with transaction(machine.db) as session:
        session.execute(row)
    return secret


def hashed(config: Config, purpose: str, secret: str) -> str:
    """Each purpose has a key of its own, made of SECRET_KEY."""
    key = hmac.digest(config.secret_key.encode(), f"kontor.{purpose}".encode(), "sha256")
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def whose(machine: Machine, secret: str) -> tuple[int, int] | None:
    """The merchant's and the member's number, if the session lasts."""
    now, mine = clock.now(), member_sessions.c.secret == hashed(machine.config, "session", secret)
    with reading(machine.db) as session:
        row = session.execute(select(member_sessions).where(mine, *_lasting())).one_or_none()
    if row is None:
        return None
    if row.seen_at < now - SEEN_EVERY:
        with transaction(machine.db) as session:
            session.execute(update(member_sessions).where(mine).values(seen_at=now))
    return row.merchant_id, row.member_id


def listing(machine: Machine, merchant_id: int) -> list[Any]:
    """Who is signed in at this merchant's, seen last first."""
    found = (
        select(member_sessions, members.c.name)
        .join(members, members.c.id == member_sessions.c.member_id)
        .where(member_sessions.c.merchant_id == merchant_id, *_lasting())
    )
    with reading(machine.db) as session:
        return list(session.execute(found.order_by(member_sessions.c.seen_at.desc())))


def end(machine: Machine, merchant_id: int, session_id: int) -> bool:
    return _ended(machine, member_sessions.c.merchant_id == merchant_id, member_sessions.c.id == session_id)


def end_all(machine: Machine, merchant_id: int, member_id: int) -> bool:
    """Sign a member out everywhere."""
    mine = member_sessions.c.member_id == member_id
    return _ended(machine, member_sessions.c.merchant_id == merchant_id, mine)


def end_own(machine: Machine, secret: str) -> bool:
    """Sign this browser out."""
    return _ended(machine, member_sessions.c.secret == hashed(machine.config, "session", secret))


def _lasting() -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        member_sessions.c.ended_at.is_(None),
        member_sessions.c.ends_at > now,
        member_sessions.c.seen_at > now - IDLE,
    )


def _ended(machine: Machine, *which: ColumnElement[bool]) -> bool:
    ended = update(member_sessions).where(*which, member_sessions.c.ended_at.is_(None))
    with transaction(machine.db) as session:
        done = session.execute(ended.values(ended_at=clock.now()))
        return bool(done.rowcount)  # type: ignore[attr-defined]
