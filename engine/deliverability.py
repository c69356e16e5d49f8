"""A flow pauses by itself where too much of its mail comes back or is complained about:
to go on would cost the shop the trust of mailbox providers, and other shops theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact
from core.models import Merchant
from core.models.tables import bounces, effects
from engine import awaiting, changes, notices, pauses
from engine.machine import Machine
from engine.mail_days import SETTLED
from engine.shop_settings import flow_settings
from flows.flow import Flow

log = structlog.get_logger()

# Messages of the last days, since the flow was last switched live; of fewer nothing can be said.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=7)
LEAST_SENT = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """More than so many in a thousand pause the flow, but not of fewer than `least` people."""

    per_mille: int
    least: int


# One person's complaint stops no shop.
LIMITS: Mapping[str, Limit] = {"permanent": Limit(50, 1), "complaint": Limit(3, 2)}


@dataclass(frozen=True, slots=True)
class Rate:
    why: str
    came: int
    sent: int


def look(machine: Machine, merchant_id: int, effect_id: int) -> bool:
    """A message of this flow came back or was complained about: is it too much by now?"""
    mine = (effects.c.merchant_id == merchant_id, effects.c.id == effect_id)
    with reading(machine.db) as session:
        key = session.execute(select(effects.c.flow).where(*mine)).scalar_one_or_none()
        flow = machine.flows.get(key or "")
        rate = _too_much(session, merchant_id, flow) if flow else None
    return flow is not None and rate is not None and _paused(machine, merchant_id, flow, rate)


def _too_much(session: Session, merchant_id: int, flow: Flow) -> Rate | None:
    saved, merchant = flow_settings(session, merchant_id, flow), session.get_one(Merchant, merchant_id)
    if saved.mode != "live" or merchant.uninstalled_at is not None:
        return None
    since = max(clock.now(merchant) - WINDOW, saved.live_since or LONG_AGO)
    for why, limit in LIMITS.items():
        came, people = _came(session, merchant_id, flow.key, since, why)
        sent = _sent(session, merchant_id, flow.key, since) if people >= limit.least else 0
        if sent >= LEAST_SENT and came * 1000 > sent * limit.per_mille:
            return Rate(why, came, sent)
    return None


def _came(session: Session, merchant_id: int, flow: str, since: datetime, why: str) -> tuple[int, int]:
    """Of the messages that went since then, not since when it was heard of; and of how many people."""
    of_flow = (effects.c.flow == flow, effects.c.mode == "live", effects.c.acted_at >= since)
    people = func.count(bounces.c.fingerprint.distinct())
    counted = select(func.count(), people).join(effects, effects.c.id == bounces.c.effect_id)
    mine = (bounces.c.merchant_id == merchant_id, bounces.c.kind == why)
    came, of_people = session.execute(counted.where(*mine, *of_flow)).one()
    return int(came), int(of_people)


def _sent(session: Session, merchant_id: int, flow: str, since: datetime) -> int:
    """What was handed to the mail server, whatever it said in the end. What was due long
    before can't have gone since: by the day it was due an index finds it."""
    due = effects.c.due_at >= since - timedelta(days=7)
    went = (effects.c.acted_at >= since, effects.c.state.in_(SETTLED))
    of_flow = (effects.c.flow == flow, effects.c.mode == "live", effects.c.kind == "send_message")
    counted = select(func.count()).select_from(effects).where(effects.c.merchant_id == merchant_id)
    return int(session.execute(counted.where(due, *went, *of_flow)).scalar_one())


def _paused(machine: Machine, merchant_id: int, flow: Flow, rate: Rate) -> bool:
    """False where somebody has switched the flow meanwhile."""

    def pause(session: Session) -> None:
        changes.switch_mode(session, merchant_id, flow, "off", pauses.BY, "live")
        at = clock.now(session.get_one(Merchant, merchant_id))
        pauses.begin(session, merchant_id, flow.key, at, why=rate.why, came=rate.came, sent=rate.sent)
        notices.raise_again(session, merchant_id, awaiting.PAUSED, flow.key)

    try:
        transact(machine.db, pause)
    except changes.ChangedMeanwhile:
        return False
    log.warning("flow_paused", merchant_id=merchant_id, flow=flow.key, why=rate.why, came=rate.came)
    return True
