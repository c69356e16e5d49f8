"""Codes that are mailed to an address, so that whoever reads its mail can type them:
six digits, good for a while and for a few tries, and mailed only so often."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock
from core.config import Config
from engine.member_sessions import hashed

HOLDS = timedelta(minutes=30)
MOST_TRIES = 5

# What a typed code comes to; "none" where none is asked for.
Answer = Literal["right", "wrong", "late", "none"]


def fresh() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def kept(config: Config, purpose: str, whose: str, code: str) -> str:
    """What is stored of it. Blanks don't count."""
    return hashed(config, purpose, f"{whose}:{''.join(code.split())}")


def judged(row: Any | None, typed: str) -> Answer:
    """`row` is locked and has `code`, `code_ends_at` and `tries`; `typed` is as `kept`."""
    if row is None or row.code is None:
        return "none"
    if row.code_ends_at <= clock.now() or row.tries >= MOST_TRIES:
        return "late"
    return "right" if hmac.compare_digest(row.code, typed) else "wrong"


def one_more(times: int, since: datetime, most: int, within: timedelta) -> tuple[int, datetime] | None:
    """How often by now and since when, counted anew after `within`; None for too often."""
    now = clock.now()
    if since <= now - within:
        return 1, now
    return (times + 1, since) if times < most else None
