"""Connecting a shop: for the first time, or again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import dialect_of, insert, transaction
from core.errors import Retryable
from core.models import Connection, Merchant
from core.models.tables import connections, members
from engine import exchanging, notices, privacy, readings
from engine.access import binding, sealed_tokens
from engine.exchanging import Turn
from engine.machine import Machine
from integrations.live import Profile, Tokens


@dataclass(frozen=True, slots=True)
class Whom:
    """Who connects: `user` is the platform's own id of her, or her address."""

    user: str
    name: str
    email: str | None = None


def connect(
    machine: Machine,
    platform: str,
    profile: Profile,
    tokens: Tokens,
    whom: Whom,
    *,
    address: str | None = None,
    meta: Mapping[str, str] | None = None,
    turn: Turn | None = None,
) -> int:
    """The merchant's number. A shop that was connected before stays the same
    merchant: what she set and what was remembered is hers still. `address` is
    what the door finds a new connection by where it is not the shop's domain;
    such a shop has a secret of its own. `turn` is what the tokens were exchanged
    in; Retryable where it is over: another visit has newer ones."""
    with transaction(machine.db) as session:
        if turn is not None and not exchanging.end(session, turn):
            raise Retryable("another visit has connected this shop meanwhile")
        merchant = _known(session, platform, profile.domain) or _made(session, platform, profile)
        _write(machine, session, merchant, profile, tokens, address, dict(meta or {}))
        _welcome(machine, session, merchant.id, whom)
        _back(machine, session, merchant)
        merchant_id = merchant.id
    machine.bells.upkeep()
    return merchant_id


def _known(session: Session, platform: str, domain: str) -> Merchant | None:
    """A store belongs to one merchant, by its domain: two that connect it for
    the first time at one moment come one after the other."""
    if dialect_of(session) == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{platform}:{domain}"))))
    mine = select(Merchant).join(connections, connections.c.merchant_id == Merchant.id)
    found = mine.where(connections.c.platform == platform, connections.c.domain == domain)
    return session.scalars(found.with_for_update()).one_or_none()


def _made(session: Session, platform: str, profile: Profile) -> Merchant:
    merchant = Merchant(
        name=profile.name or profile.domain,
        platform=platform,
        timezone=profile.timezone,
        currency=profile.currency,
        country=profile.country or "DE",
        locale=(profile.locale or "en")[:2],
    )
    session.add(merchant)
    session.flush()
    return merchant


def _write(
    machine: Machine,
    session: Session,
    merchant: Merchant,
    profile: Profile,
    tokens: Tokens,
    address: str | None,
    meta: dict[str, str],
) -> None:
    """The connection anew: a secret and a path once given stay, so that no
    webhook under way is lost."""
    told: dict[str, Any] = sealed_tokens(machine, merchant.id, tokens)
    told |= {"state": "active", "state_reason": None, "meta": {**profile.meta, **meta}, "hooks_at": None}
    told |= {"shop_id": profile.shop_id, "connected_at": clock.now()}
    mine = connections.c.merchant_id == merchant.id
    # Whoever is renewing the former token this moment must not write over the new one.
    again = told | {"renewal": connections.c.renewal + 1, "renewal_until": None}
    if session.execute(update(connections).where(mine).values(**again)).rowcount:  # type: ignore[attr-defined]
        return
    secret = secrets.token_hex(32) if address is not None else None
    sealed = machine.vault.seal(secret, binding(merchant.id, "webhook_secret")) if secret else None
    session.add(
        Connection(
            merchant_id=merchant.id,
            platform=merchant.platform,
            address=address or profile.domain,
            domain=profile.domain,
            webhook_secret=sealed,
            **told,
        )
    )
    session.flush()


def _welcome(machine: Machine, session: Session, merchant_id: int, whom: Whom) -> None:
    """She is a member from now on, and known by her address where she has one."""
    told: dict[str, Any] = {"name": whom.name}
    if whom.email:
        told["email"] = machine.vault.seal(whom.email, f"member:{merchant_id}:email")
        told["email_print"] = machine.vault.fingerprint(0, f"member:{whom.email.strip().lower()}")
    row = insert(members, session).values(
        merchant_id=merchant_id, platform_user=whom.user, role="owner", created_at=clock.now(), **told
    )
    session.execute(row.on_conflict_do_update(index_elements=["merchant_id", "platform_user"], set_=told))


def _back(machine: Machine, session: Session, merchant: Merchant) -> None:
    """What waited for her goes on. A shop that has come back is no longer
    gone, and what happened in it meanwhile is read like what was there at first."""
    was_gone, merchant.uninstalled_at = merchant.uninstalled_at is not None, None
    session.flush()
    privacy.mended(session, merchant.id)
    notices.mend(session, merchant.id, "reconnect")
    readings.begin(session, machine, merchant, only_remembering=was_gone)
