"""Mail that comes back. Each message has a return address of its own, signed,
so that what comes back names its message whatever else stands in it; one
permanent return, or three passing ones, and the address is not written to again. Who
complains about a message objects to advertising."""

from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transact
from core.models import Merchant
from core.models.tables import addresses, bounces, effects, suppressions
from core.reasons import Reason
from engine import consent, deliverability
from engine.identity import lock_people
from engine.machine import Machine
from engine.return_addresses import Sent, opened
from integrations.returned import Kind, read

# What became of returned mail: "kept", "known" already, of nobody ("stranger"), or no returned mail at all.
Verdict = Literal["kept", "known", "stranger", "no_bounce"]
PASSING_AT_MOST = 3


def hear(machine: Machine, raw: bytes) -> Verdict:
    """Returned mail, as it arrived."""
    told = read(raw)
    if told.kind is None:
        return "no_bounce"
    named = (opened(machine.config, address) for address in told.to)
    sent = next((one for one in named if one is not None), None)
    if sent is None:
        return "stranger"
    kind = told.kind
    verdict = transact(machine.db, lambda session: _kept(machine, session, sent, kind))
    if verdict == "kept" and kind in deliverability.LIMITS:
        machine.bells.due()
        deliverability.look(machine, sent.merchant_id, sent.effect_id)
    return verdict


def _kept(machine: Machine, session: Session, sent: Sent, kind: Kind) -> Verdict:
    verdict = keep(session, sent, kind)
    if verdict == "kept" and kind == "complaint":
        at = clock.now(session.get_one(Merchant, sent.merchant_id))
        act = consent.Act(sent.address_id, "complaint", at, sent.effect_id, Reason.COMPLAINED)
        consent.objected(machine, session, sent.merchant_id, act)
    return verdict


def keep(session: Session, sent: Sent, kind: Kind) -> Verdict:
    """Write it down once; where it is enough, nobody writes to the address again."""
    mine = (addresses.c.merchant_id == sent.merchant_id, addresses.c.id == sent.address_id)
    found = select(addresses.c.person_id, addresses.c.fingerprint).where(*mine)
    row = session.execute(found).one_or_none()
    if row is None or not _is_theirs(session, sent):
        return "stranger"
    # Whoever prepares a message to the person this moment asks about it anew.
    lock_people(session, sent.merchant_id, [row.person_id])
    if not _added(session, sent, row.fingerprint, kind):
        return "known"
    if _is_enough(session, sent.merchant_id, row.fingerprint, kind):
        _suppress(session, sent.merchant_id, row.fingerprint)
    return "kept"


def _is_enough(session: Session, merchant_id: int, fingerprint: str, kind: Kind) -> bool:
    if kind == "passing":
        return _passing(session, merchant_id, fingerprint) >= PASSING_AT_MOST
    return kind == "permanent"


def _is_theirs(session: Session, sent: Sent) -> bool:
    """The message may be gone with its person."""
    mine = (effects.c.id == sent.effect_id, effects.c.merchant_id == sent.merchant_id)
    return session.execute(select(effects.c.id).where(*mine)).one_or_none() is not None


def _added(session: Session, sent: Sent, fingerprint: str, kind: Kind) -> bool:
    row = insert(bounces, session).values(
        merchant_id=sent.merchant_id,
        effect_id=sent.effect_id,
        fingerprint=fingerprint,
        kind=kind,
        at=clock.now(),
    )
    added = session.execute(row.on_conflict_do_nothing().returning(bounces.c.id))
    return added.one_or_none() is not None


def _passing(session: Session, merchant_id: int, fingerprint: str) -> int:
    mine = (bounces.c.merchant_id == merchant_id, bounces.c.fingerprint == fingerprint)
    counted = select(func.count()).select_from(bounces).where(*mine, bounces.c.kind == "passing")
    return int(session.execute(counted).scalar_one())


def _suppress(session: Session, merchant_id: int, fingerprint: str) -> None:
    row = insert(suppressions, session).values(
        merchant_id=merchant_id,
        channel="email",
        fingerprint=fingerprint,
        reason=Reason.BOUNCED.value,
        at=clock.now(),
    )
    session.execute(row.on_conflict_do_nothing())
