"""How a shop's connection fares: what was heard, what the shop counts, how late it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models.tables import connections, hooks, inbound, orders, readings

# As many of the newest orders tell how late we hear of them.
LAST = 200


@dataclass(frozen=True, slots=True)
class Health:
    """`in_shop` is the shop's own count since it was connected, None until it
    was asked; `lag` how long after an order we usually hear of it."""

    connection: Any
    heard: int
    found: int
    in_shop: int | None
    lag: timedelta | None
    last_at: datetime | None
    last_topic: str | None
    webhooks: int
    hooks: Sequence[Any]
    readings: Sequence[Any]


def of(session: Session, merchant_id: int) -> Health | None:
    """None where nothing was ever connected."""
    mine = connections.c.merchant_id == merchant_id
    connection = session.execute(select(connections).where(mine)).one_or_none()
    if connection is None:
        return None
    heard, found = _orders(session, merchant_id, connection.connected_at)
    last_at, last_topic, webhooks = _webhooks(session, merchant_id)
    return Health(
        connection,
        heard,
        found,
        connection.shop_count,
        _lag(session, merchant_id, connection.connected_at),
        last_at,
        last_topic,
        webhooks,
        _rows(session, hooks, merchant_id, hooks.c.topic),
        _rows(session, readings, merchant_id, readings.c.id),
    )


@dataclass(frozen=True, slots=True)
class Brief:
    """The same in a line, asked for with each look at the overview: `ailing`
    counts webhooks that are missing and readings that fail."""

    state: str
    last_at: datetime | None
    ailing: int


def brief(session: Session, merchant_id: int) -> Brief | None:
    """None where nothing was ever connected."""
    last = select(func.max(inbound.c.received_at)).where(inbound.c.merchant_id == merchant_id)
    ill_hooks = select(func.count()).where(
        hooks.c.merchant_id == merchant_id, hooks.c.state.not_in(("active", "declared"))
    )
    ill_readings = select(func.count()).where(
        readings.c.merchant_id == merchant_id, readings.c.trouble.is_not(None)
    )
    parts = (last, ill_hooks, ill_readings)
    asked = select(connections.c.state, *(part.scalar_subquery() for part in parts))
    row = session.execute(asked.where(connections.c.merchant_id == merchant_id)).one_or_none()
    return None if row is None else Brief(row[0], row[1], row[2] + row[3])


def _orders(session: Session, merchant_id: int, since: datetime) -> tuple[int, int]:
    counted = (
        select(orders.c.heard, func.count())
        .where(orders.c.merchant_id == merchant_id, orders.c.placed_at >= since)
        .group_by(orders.c.heard)
    )
    found = {bool(heard): int(times) for heard, times in session.execute(counted)}
    return found.get(True, 0), found.get(False, 0)


def _webhooks(session: Session, merchant_id: int) -> tuple[datetime | None, str | None, int]:
    mine = inbound.c.merchant_id == merchant_id
    last = (
        select(inbound.c.received_at, inbound.c.topic)
        .where(mine)
        .order_by(inbound.c.received_at.desc())
        .limit(1)
    )
    row = session.execute(last).one_or_none()
    times = session.execute(select(func.count()).select_from(inbound).where(mine)).scalar_one()
    return (row.received_at, row.topic, int(times)) if row is not None else (None, None, int(times))


def _lag(session: Session, merchant_id: int, since: datetime) -> timedelta | None:
    """The median: a shop that slept through one night is not a slow one."""
    newest = (
        select(orders.c.placed_at, orders.c.created_at)
        .where(orders.c.merchant_id == merchant_id, orders.c.heard, orders.c.placed_at >= since)
        .order_by(orders.c.placed_at.desc())
        .limit(LAST)
    )
    waits = [max(row.created_at - row.placed_at, timedelta()) for row in session.execute(newest)]
    return median(waits) if waits else None


def _rows(session: Session, table: Any, merchant_id: int, order: Any) -> Sequence[Any]:
    return list(session.execute(select(table).where(table.c.merchant_id == merchant_id).order_by(order)))
