"""Check-ups: a shop's webhooks are looked after and its orders counted, some times a day."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, may_pass, reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models.tables import connections, hooks, inbound, merchants
from core.network import within
from engine import companions, notices, privacy, readings, vanished
from engine.access import access_to, binding
from engine.machine import Machine
from integrations.live import ConnectedShop
from integrations.roles import Access

log = structlog.get_logger()

EVERY = timedelta(hours=6)
RETRY = timedelta(minutes=15)
# Before it is tried again, lest a shop that drips holds one thread after the other.
LOOKED_AFTER_WITHIN = 600.0
DAY, USUAL_OVER = timedelta(days=1), timedelta(days=14)
# Fewer webhooks a day than this tell nothing by their absence.
WORTH_A_WORD = 10


def run(machine: Machine, most: int = 20) -> int:
    """Look after the shops whose time it is; how many."""
    done = 0
    while done < most and not machine.stopping.is_set() and _next(machine):
        done += 1
    return done


def due(machine: Machine, now: datetime) -> Any:
    """The connections whose check-up is due."""
    return (
        select(connections.c.merchant_id)
        .join(merchants, merchants.c.id == connections.c.merchant_id)
        .where(
            connections.c.state == "active",
            connections.c.token.is_not(None),
            or_(connections.c.hooks_at.is_(None), connections.c.hooks_at <= now),
            merchants.c.platform.in_(machine.connected),
            merchants.c.uninstalled_at.is_(None),
            connections.c.merchant_id.not_in(machine.busy.full()),
        )
    )


def soon(machine: Machine, merchant_id: int) -> None:
    """Do not wait until its time has come."""
    mine = (connections.c.merchant_id == merchant_id, connections.c.state == "active")
    with transaction(machine.db) as session:
        session.execute(update(connections).where(*mine).values(hooks_at=None))
    machine.bells.upkeep()


def webhook_url(machine: Machine, row: Any) -> str:
    """Where this shop's webhooks go; the address names one of many stores."""
    return f"{machine.config.app_url}/webhooks/{row.platform}/{row.address}"


def _next(machine: Machine) -> bool:
    """Its time is set ahead first: who dies here has it done by somebody else."""
    now = clock.now()
    with transaction(machine.db) as session:
        first = due(machine, now).order_by(connections.c.hooks_at).limit(1)
        merchant_id = session.execute(
            first.with_for_update(skip_locked=True, of=connections)
        ).scalar_one_or_none()
        if merchant_id is None:
            return False
        mine = connections.c.merchant_id == merchant_id
        taken = update(connections).where(mine).values(hooks_at=now + RETRY).returning(*connections.c)
        row = session.execute(taken).one()
    with machine.busy.serving(row.merchant_id):
        _check(machine, row)
    return True


def _check(machine: Machine, row: Any) -> None:
    began = clock.now()
    try:
        _look_after(machine, row)
    except NeedsMerchant as error:
        with transaction(machine.db) as session:
            privacy.needs_merchant(session, row.merchant_id, str(error), began)
    except (Retryable, Permanent, InDoubt) as error:
        log.warning("check_up_failed", merchant_id=row.merchant_id, why=str(error))
    except Exception as error:
        # Whatever is wrong with this shop, the others get their check-up.
        if may_pass(error):
            raise
        log.exception("check_up_not_handled", merchant_id=row.merchant_id)


@within(LOOKED_AFTER_WITHIN)
def _look_after(machine: Machine, row: Any) -> None:
    live, access = machine.connected[row.platform], access_to(machine, row.merchant_id)
    secret = ""
    if row.webhook_secret is not None:
        secret = machine.vault.open(row.webhook_secret, binding(row.merchant_id, "webhook_secret")).decode()
    companions.look_after(machine, row, access, webhook_url(machine, row))
    seen = live.mend_hooks(access, webhook_url(machine, row), secret)
    counted = live.count_orders(access, row.connected_at)
    _have_views_reported(machine, row.merchant_id, live, access)
    vanished.find(machine, row.merchant_id, live, access)
    now = clock.now()
    with transaction(machine.db) as session:
        for hook in seen:
            _note(session, row.merchant_id, hook.topic, hook.state, now)
        gone = (hooks.c.merchant_id == row.merchant_id, hooks.c.seen_at < now)
        session.execute(hooks.delete().where(*gone))
        mine = connections.c.merchant_id == row.merchant_id
        values = {"hooks_at": now + EVERY, "shop_count": counted, "counted_at": now}
        session.execute(update(connections).where(mine).values(**values))
        readings.add_new(session, machine, row.merchant_id, row.platform)
        _notice_silence(session, row, now)


def _have_views_reported(machine: Machine, merchant_id: int, live: ConnectedShop, access: Access) -> None:
    """It serves flows to come: a shop that has not granted it yet, or can't just
    now, lacks nothing that runs today."""
    with reading(machine.db) as session:
        key = session.execute(select(merchants.c.key).where(merchants.c.id == merchant_id)).scalar_one()
    try:
        live.report_views(access, f"{machine.config.app_url}/pixel/{key}")
    except (NeedsMerchant, Retryable, Permanent, InDoubt) as error:
        log.info("views_not_reported", merchant_id=merchant_id, why=str(error))


def _note(session: Session, merchant_id: int, topic: str, state: str, now: datetime) -> None:
    row = insert(hooks, session).values(merchant_id=merchant_id, topic=topic, state=state, seen_at=now)
    again = {"state": state, "seen_at": now}
    session.execute(row.on_conflict_do_update(index_elements=["merchant_id", "topic"], set_=again))


def _notice_silence(session: Session, row: Any, now: datetime) -> None:
    """A tenth of the usual, or less, in a day: something is in the way."""
    if now - row.connected_at < USUAL_OVER / 2:
        return
    today = _heard(session, row.merchant_id, now - DAY, now)
    before = now - DAY - USUAL_OVER
    days = (now - DAY - max(before, row.connected_at)) / DAY
    usual = _heard(session, row.merchant_id, before, now - DAY) / days
    if usual >= WORTH_A_WORD and today <= usual / 10:
        notices.raise_notice(session, row.merchant_id, "quiet", f"{today}/{usual:.0f}")
    elif today > usual / 2:
        notices.mend(session, row.merchant_id, "quiet")


def _heard(session: Session, merchant_id: int, since: datetime, until: datetime) -> int:
    counted = select(func.count()).where(
        inbound.c.merchant_id == merchant_id, inbound.c.received_at >= since, inbound.c.received_at < until
    )
    return int(session.execute(counted).scalar_one())
