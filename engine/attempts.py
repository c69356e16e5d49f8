"""A store on its way to being connected: found, sent to approve, keys handed over, confirmed or dropped.

Whoever begins a connection knows its state, and the store's owner may be led
to approve somebody else's. So keys stay provisional: the browser that began
must come back and confirm, and where another browser comes back with the same
state, everything is dropped. That other one comes within a moment of the
keys, so they are not confirmed sooner.
"""

import base64
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from core import clock
from core.db import reading, transaction
from core.models.tables import connecting
from engine.machine import Machine
from engine.member_sessions import hashed

# She may have to look for her password first.
APPROVED_WITHIN = timedelta(minutes=30)
CONFIRMED_WITHIN = timedelta(minutes=10)
SETTLING = timedelta(seconds=3)
COUNTED = timedelta(hours=1)
MOST_OF_VISITOR = 12
MOST_OF_STORE = 24


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, opened; `token` is None until the store handed over its keys."""

    id: int
    platform: str
    domain: str
    found: Mapping[str, str]
    email: str
    token: str | None = field(repr=False)
    settles_in: timedelta


@dataclass(frozen=True, slots=True)
class Begun:
    """What goes to the store and what stays with the browser; each is kept as a hash."""

    state: str
    browser: str = field(repr=False)


def count(machine: Machine, platform: str, domain: str, visitor: str) -> int | None:
    """The number of a new attempt; None where this visitor, or whoever asks
    for this store, has made too many."""
    since, who = clock.now() - COUNTED, machine.vault.fingerprint(0, f"visitor:{line_of(visitor)}")
    recent = select(func.count()).select_from(connecting).where(connecting.c.began_at > since)
    mine = connecting.c.found["visitor"].as_string() == who
    row = connecting.insert().values(
        platform=platform,
        state=secrets.token_hex(16),
        browser="",
        domain=domain,
        found={"visitor": who},
        began_at=clock.now(),
        over_at=clock.now(),
    )
    with transaction(machine.db) as session:
        if session.execute(recent.where(mine)).scalar_one() >= MOST_OF_VISITOR:
            return None
        if session.execute(recent.where(connecting.c.domain == domain)).scalar_one() >= MOST_OF_STORE:
            return None
        return int(session.execute(row.returning(connecting.c.id)).scalar_one())


def line_of(visitor: str) -> str:
    """Whoever has a line of IPv6 has all addresses of a network behind it."""
    try:
        address = ipaddress.ip_address(visitor)
    except ValueError:
        return visitor
    if isinstance(address, ipaddress.IPv4Address):
        return visitor
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def begin(
    machine: Machine, attempt_id: int, domain: str, found: Mapping[str, str], email: str, former: str | None
) -> Begun:
    """The store was found: its owner may approve. What the same browser had
    begun before is over."""
    begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    sealed = base64.b64encode(machine.vault.seal(email, f"connecting:{attempt_id}:email")).decode()
    with transaction(machine.db) as session:
        if former:
            _drop(session, connecting.c.browser == _hash(machine, "browser", former))
        mine = connecting.c.id == attempt_id
        visitor = session.execute(select(connecting.c.found).where(mine)).scalar_one()["visitor"]
        told = {**found, "visitor": visitor, "email": sealed}
        values = {"domain": domain, "found": told, "began_at": clock.now(), "over_at": None}
        values |= {"state": _hash(machine, "state", begun.state)}
        values |= {"browser": _hash(machine, "browser", begun.browser)}
        session.execute(update(connecting).where(mine).values(**values))
    return begun


def hand_over(machine: Machine, platform: str, state: str, token: str) -> bool:
    """Keep the keys, sealed; false where nobody waits for them (any more). A
    state is good for one hand-over."""
    with transaction(machine.db) as session:
        waiting = select(connecting.c.id).where(
            connecting.c.platform == platform,
            connecting.c.state == _hash(machine, "state", state),
            connecting.c.over_at.is_(None),
            connecting.c.handed_at.is_(None),
            connecting.c.began_at > clock.now() - APPROVED_WITHIN,
        )
        found = session.execute(waiting.with_for_update()).scalar_one_or_none()
        if found is None:
            return False
        values = {"token": machine.vault.seal(token, f"connecting:{found}:token"), "handed_at": clock.now()}
        session.execute(update(connecting).where(connecting.c.id == found).values(**values))
    return True


def of_browser(machine: Machine, browser: str | None) -> Attempt | None:
    """What this browser has begun and what is still open."""
    if not browser:
        return None
    mine = connecting.c.browser == _hash(machine, "browser", browser)
    with reading(machine.db) as session:
        row = session.execute(select(connecting).where(mine, *_open())).one_or_none()
    return None if row is None or _is_late(row) else _opened(machine, row)


def came_with(machine: Machine, state: str, browser: str | None) -> Literal["own", "foreign", "unknown"]:
    """Whether the browser that came back from the store is the one that
    began. Another one drops what was begun: its owner may have been misled."""
    mine = connecting.c.state == _hash(machine, "state", state)
    with transaction(machine.db) as session:
        row = session.execute(select(connecting).where(mine, *_open())).one_or_none()
        if row is None:
            return "unknown"
        if browser and row.browser == _hash(machine, "browser", browser):
            return "own"
        _drop(session, connecting.c.id == row.id)
    return "foreign"


def end(machine: Machine, attempt_id: int) -> bool:
    """It is over, well or not, and nothing secret stays; false where it was before."""
    with transaction(machine.db) as session:
        return _drop(session, connecting.c.id == attempt_id) > 0


def drop_late(machine: Machine) -> None:
    """What nobody confirmed in time is emptied; what was counted goes after an hour."""
    now = clock.now()
    late = connecting.c.handed_at <= now - CONFIRMED_WITHIN
    unapproved = connecting.c.handed_at.is_(None) & (connecting.c.began_at <= now - APPROVED_WITHIN)
    with transaction(machine.db) as session:
        _drop(session, late | unapproved)
        session.execute(
            delete(connecting).where(connecting.c.over_at.is_not(None), connecting.c.began_at < now - COUNTED)
        )


def _open() -> tuple[ColumnElement[bool], ...]:
    return (connecting.c.over_at.is_(None), connecting.c.browser != "")


def _is_late(row: Any) -> bool:
    now = clock.now()
    if row.handed_at is not None:
        return bool(row.handed_at <= now - CONFIRMED_WITHIN)
    return bool(row.began_at <= now - APPROVED_WITHIN)


def _opened(machine: Machine, row: Any) -> Attempt:
    vault, told = machine.vault, dict(row.found)
    email = vault.open(base64.b64decode(told.pop("email")), f"connecting:{row.id}:email").decode()
    token = vault.open(row.token, f"connecting:{row.id}:token").decode() if row.token else None
    settles_in = max((row.handed_at or clock.now()) + SETTLING - clock.now(), timedelta())
    return Attempt(row.id, row.platform, row.domain, told, email, token, settles_in)


def _drop(session: Session, which: ColumnElement[bool]) -> int:
    """How many. The visitor's print stays for an hour: it is what is counted."""
    dropped, still = 0, connecting.c.over_at.is_(None)
    for row in session.execute(select(connecting).where(which, still)).all():
        values = {"token": None, "over_at": clock.now(), "found": {"visitor": row.found.get("visitor")}}
        done = session.execute(update(connecting).where(connecting.c.id == row.id, still).values(**values))
        dropped += done.rowcount  # type: ignore[attr-defined]
    return dropped


def _hash(machine: Machine, purpose: str, secret: str) -> str:
    return hashed(machine.config, f"connecting.{purpose}", secret)
