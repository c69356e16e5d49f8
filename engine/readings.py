"""Reading back: what webhooks may have lost is read from the shop itself, regularly.

The very first reading of a shop is only remembered: what was there before we
came starts no trip and no alert.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, may_pass, reading, transact, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.events import CartUpdated, Event, LookUp, OrderEvent, ProductUpdated
from core.models import Merchant
from core.models.tables import carts, connections, merchants, orders, products, readings
from core.network import within
from core.statements import one_of
from engine import inbox, privacy
from engine.access import access_to
from engine.machine import Machine
from engine.records import digest
from engine.settling import backoff
from integrations.live import Portion, Reading

log = structlog.get_logger()

LEASE = timedelta(minutes=5)
# A turn ends before its lease: a shop that drips holds one thread, and not one more each time.
READ_WITHIN = 240.0
PAGES_A_TURN = 20
EVENTS_AT_ONCE = 50


def begin(session: Session, machine: Machine, merchant: Merchant, only_remembering: bool = False) -> None:
    """Everything that is read of this merchant's shop is due now; what was
    read before goes on where it was, `only_remembering` what has happened since."""
    for wanted in machine.connected[merchant.platform].readings:
        row = insert(readings, session).values(
            merchant_id=merchant.id, name=wanted.name, next_at=clock.now(), claim=0, attempts=0, found=0
        )
        again: dict[str, Any] = {"next_at": clock.now(), "attempts": 0, "trouble": None}
        if only_remembering:
            again["completed_at"] = None
        session.execute(row.on_conflict_do_update(index_elements=["merchant_id", "name"], set_=again))


def run(machine: Machine, most: int = 20) -> int:
    """Read what is due; how many turns."""
    done = 0
    while done < most and not machine.stopping.is_set() and _read_next(machine):
        done += 1
    return done


def due(machine: Machine, now: datetime) -> Any:
    """The readings that are due, of shops that can be asked."""
    free = or_(readings.c.lease_until.is_(None), readings.c.lease_until < now)
    return (
        select(readings, merchants.c.platform)
        .join(merchants, merchants.c.id == readings.c.merchant_id)
        .join(connections, connections.c.merchant_id == readings.c.merchant_id)
        .where(
            readings.c.next_at <= now,
            free,
            merchants.c.platform.in_(machine.connected),
            merchants.c.uninstalled_at.is_(None),
            connections.c.state == "active",
        )
    )


def _read_next(machine: Machine) -> bool:
    row = _claim(machine)
    if row is None:
        return False
    try:
        _serve(machine, row)
    except Exception as error:
        # Whatever is wrong with this reading, it is tried again later and blocks nobody.
        if may_pass(error):
            raise
        log.exception("reading_not_handled", merchant_id=row.merchant_id, reading=row.name)
        _later(machine, row, f"internal: {type(error).__name__}", None)
    return True


@within(READ_WITHIN)
def _serve(machine: Machine, row: Any) -> None:
    began = clock.now()
    try:
        _read(machine, row)
    except (Retryable, InDoubt) as error:
        _later(machine, row, str(error), getattr(error, "after", None))
    except NeedsMerchant as error:
        with transaction(machine.db) as session:
            privacy.needs_merchant(session, row.merchant_id, str(error), began)
        _later(machine, row, str(error), None)
    except Permanent as error:
        log.warning("reading_refused", merchant_id=row.merchant_id, reading=row.name, why=str(error))
        _later(machine, row, str(error), None)


def _claim(machine: Machine) -> Any | None:
    now = clock.now()
    with transaction(machine.db) as session:
        first = due(machine, now).order_by(readings.c.next_at).limit(1)
        row = session.execute(first.with_for_update(skip_locked=True, of=readings)).one_or_none()
        if row is None:
            return None
        taken = (
            update(readings)
            .where(readings.c.id == row.id)
            .values(claim=readings.c.claim + 1, lease_until=now + LEASE, began_at=row.began_at or now)
            .returning(*readings.c)
        )
        return session.execute(taken).one()


def _read(machine: Machine, row: Any) -> None:
    """Page after page, each remembered together with how far it goes; after
    some pages others get their turn."""
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, row.merchant_id)
        session.expunge(merchant)
    live = machine.connected[merchant.platform]
    wanted = next((one for one in live.readings if one.name == row.name), None)
    if wanted is None:
        return _forget(machine, row)
    mark = row.mark
    for _ in range(PAGES_A_TURN):
        access = access_to(machine, merchant.id)
        portion = live.read_back(access, row.name, mark, row.began_at - wanted.since)
        if not _remember(machine, merchant, row, portion, wanted) or not portion.more:
            return None
        mark = portion.mark
        if machine.stopping.is_set():
            break
    return _go_on(machine, row)


def _remember(machine: Machine, merchant: Merchant, row: Any, portion: Portion, wanted: Reading) -> bool:
    """False where the row has become somebody else's."""
    events = _news(machine, merchant.id, portion.events)
    for start in range(0, len(events), EVENTS_AT_ONCE):
        some = events[start : start + EVENTS_AT_ONCE]
        transact(machine.db, lambda session, some=some: _apply(machine, session, merchant.id, row, some))  # type: ignore[misc]
    values: dict[str, Any] = {"mark": portion.mark, "attempts": 0, "trouble": None}
    if not portion.more:
        now = clock.now()
        values |= {"next_at": now + wanted.every, "lease_until": None, "completed_at": now}
    else:
        values["lease_until"] = clock.now() + LEASE
    machine.bells.due()
    return _write(machine, row, values)


def _apply(machine: Machine, session: Session, merchant_id: int, row: Any, events: Sequence[Any]) -> None:
    merchant = session.get_one(Merchant, merchant_id)
    first = row.completed_at is None
    if not first:
        unheard = _unheard(session, merchant_id, events)
        mine = (readings.c.id == row.id, readings.c.claim == row.claim)
        session.execute(update(readings).where(*mine).values(found=readings.c.found + unheard))
    inbox.apply(machine, session, merchant, events, plans=not first)


def _unheard(session: Session, merchant_id: int, events: Sequence[Any]) -> int:
    """How many orders are told that no webhook told."""
    refs = {event.order.ref for event in events if isinstance(event, OrderEvent)}
    known = select(orders.c.ref).where(orders.c.merchant_id == merchant_id, one_of(orders.c.ref, "refs"))
    return len(refs - set(session.execute(known, {"refs": sorted(refs)}).scalars())) if refs else 0


def _news(machine: Machine, merchant_id: int, told: Sequence[Event | LookUp]) -> list[Event | LookUp]:
    """Without what our records know exactly so: readings overlap, and nothing
    new follows from it."""
    snapshots = [(event, *_snapshot(event)) for event in told]
    known: dict[Any, Any] = {}
    with reading(machine.db) as session:
        for table in (orders, carts, products):
            refs = sorted({of.ref for _, where, of in snapshots if where is table})
            mine = (table.c.merchant_id == merchant_id, one_of(table.c.ref, "refs"))
            rows = session.execute(select(table.c.ref, table.c.digest).where(*mine), {"refs": refs})
            known |= {(table, row.ref): row.digest for row in rows}
    return [event for event, table, of in snapshots if of is None or known.get((table, of.ref)) != digest(of)]


def _snapshot(event: Event | LookUp) -> tuple[Any, Any]:
    """What the event tells in whole, and the table where that is remembered."""
    match event:
        case OrderEvent(order=order):
            return orders, order
        case CartUpdated(cart=cart):
            return carts, cart
        case ProductUpdated(product=product):
            return products, product
        case _:
            return None, None


def _go_on(machine: Machine, row: Any) -> None:
    _write(machine, row, {"next_at": clock.now(), "lease_until": None})


def _later(machine: Machine, row: Any, why: str, after: timedelta | None) -> None:
    wake_at = clock.now() + (after or backoff(row.attempts))
    _write(
        machine, row, {"next_at": wake_at, "lease_until": None, "attempts": row.attempts + 1, "trouble": why}
    )


def _write(machine: Machine, row: Any, values: dict[str, Any]) -> bool:
    """Only as long as the claim is ours."""
    mine = and_(readings.c.id == row.id, readings.c.claim == row.claim)
    with transaction(machine.db) as session:
        written = session.execute(update(readings).where(mine).values(**values))
    return bool(written.rowcount)  # type: ignore[attr-defined]


def _forget(machine: Machine, row: Any) -> None:
    """A reading of an older Kontor that is no longer made."""
    with transaction(machine.db) as session:
        session.execute(readings.delete().where(readings.c.id == row.id, readings.c.claim == row.claim))
