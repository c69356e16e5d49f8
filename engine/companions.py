"""Companions: our own pieces in shops are found, told who we are, and forgotten with the shop."""

import secrets
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable, Unreadable
from core.models.tables import companions, merchants
from engine.machine import Machine
from integrations.companions import Companion, Introduction
from integrations.roles import Access

log = structlog.get_logger()

FAILURES = (NeedsMerchant, Permanent, Retryable, InDoubt, Unreadable)
WORDS = Path(__file__).parent.parent / "templates" / "agreement.toml"


def look_after(machine: Machine, connection: Any, access: Access, door: str) -> None:
    """Whatever is wrong with a companion, the shop itself gets its check-up."""
    try:
        _look_after(machine, connection, access, door)
    except FAILURES as error:
        log.warning("companion_not_reached", merchant_id=connection.merchant_id, why=str(error))


def _look_after(machine: Machine, connection: Any, access: Access, door: str) -> None:
    """Say what should be, then make it so: a companion that knows us as we are is told nothing."""
    role = machine.companions.get(connection.platform)
    found = role.find(access) if role is not None else None
    if role is None or found is None:
        _note_gone(machine, connection.merchant_id)
        return
    told = _introduction(machine, connection.merchant_id, door)
    if found.mark != told.mark:
        found = role.introduce(access, told)
    _note(machine, connection.merchant_id, found, clock.now())


def forget(machine: Machine, platform: str, access: Access) -> None:
    """Raises as Companions do."""
    role = machine.companions.get(platform)
    if role is not None:
        role.forget(access)


def of_merchant(session: Session, merchant_id: int) -> Any | None:
    """The companion as it was seen last; None where there is none."""
    mine = (companions.c.merchant_id == merchant_id, companions.c.gone_at.is_(None))
    return session.execute(select(companions).where(*mine)).one_or_none()


def binding(merchant_id: int) -> str:
    return f"companion:{merchant_id}:secret"


def agreement(shop: str) -> Mapping[str, str]:
    """What shoppers are asked to agree to, by language."""
    return {language: said["text"].format(shop=shop) for language, said in _words().items()}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def _introduction(machine: Machine, merchant_id: int, door: str) -> Introduction:
    with reading(machine.db) as session:
        row = session.execute(
            select(merchants.c.key, merchants.c.name).where(merchants.c.id == merchant_id)
        ).one()
    secret = _secret(machine, merchant_id)
    return Introduction(machine.config.app_url, row.key, door, secret, agreement(row.name))


def _secret(machine: Machine, merchant_id: int) -> str:
    """Made when the companion is found first, and known to our door before it is told."""
    sealed = machine.vault.seal(secrets.token_hex(32), binding(merchant_id))
    now = clock.now()
    mine = companions.c.merchant_id == merchant_id
    with transaction(machine.db) as session:
        row = insert(companions, session).values(
            merchant_id=merchant_id,
            secret=sealed,
            version="",
            page="",
            waiting=0,
            dropped=0,
            found_at=now,
            seen_at=now,
        )
        session.execute(row.on_conflict_do_nothing(index_elements=["merchant_id"]))
        kept = session.execute(select(companions.c.secret).where(mine)).scalar_one()
    return machine.vault.open(kept, binding(merchant_id)).decode()


def _note(machine: Machine, merchant_id: int, found: Companion, now: datetime) -> None:
    told = {"version": found.version, "page": found.page, "seen_at": now, "gone_at": None}
    told |= {"waiting": found.waiting, "dropped": found.dropped}
    _write(machine, merchant_id, told)


def _note_gone(machine: Machine, merchant_id: int) -> None:
    """Its secret stays, for it may only be switched off."""
    with reading(machine.db) as session:
        is_known = of_merchant(session, merchant_id) is not None
    if is_known:
        _write(machine, merchant_id, {"gone_at": clock.now()})


def _write(machine: Machine, merchant_id: int, values: dict[str, Any]) -> None:
    with transaction(machine.db) as session:
        mine = companions.c.merchant_id == merchant_id
        session.execute(update(companions).where(mine).values(**values))
