"""What stands around a decision: the webhooks that led to it, the cart, its orders, the clicks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from core.models.tables import bounces, carts, clicks, inbound, lines, orders

# What came of a message: the weightiest comes last.
WEIGHT = ("passing", "complaint", "permanent")


@dataclass(frozen=True, slots=True)
class Chain:
    """`clicks` counts, by effect, the clicks that people made, and `returned`
    tells which messages came back, for good or not."""

    webhooks: dict[int, Any]
    cart: Any | None
    lines: tuple[Any, ...]
    orders: tuple[Any, ...]
    clicks: dict[int, int]
    returned: dict[int, str]


def of(
    session: Session,
    merchant_id: int,
    decision: Any,
    inbound_ids: Sequence[int | None],
    effect_ids: Sequence[int],
) -> Chain:
    mine = carts.c.merchant_id == merchant_id
    cart_id = decision.subject_id if decision.subject == "cart" else None
    cart = session.execute(select(carts).where(mine, carts.c.id == cart_id)).one_or_none()
    return Chain(
        webhooks=_webhooks(session, merchant_id, inbound_ids),
        cart=cart,
        lines=_lines(session, merchant_id, cart.id) if cart else (),
        orders=_orders(session, merchant_id, cart.ref) if cart else (),
        clicks=_clicks(session, merchant_id, effect_ids),
        returned=_returned(session, merchant_id, effect_ids),
    )


def _webhooks(session: Session, merchant_id: int, ids: Sequence[int | None]) -> dict[int, Any]:
    query = select(inbound.c.id, inbound.c.topic, inbound.c.received_at, inbound.c.state).where(
        inbound.c.merchant_id == merchant_id, inbound.c.id.in_([one for one in ids if one is not None])
    )
    return {row.id: row for row in session.execute(query)}


def _lines(session: Session, merchant_id: int, cart_id: int) -> tuple[Any, ...]:
    of_cart = and_(lines.c.merchant_id == merchant_id, lines.c.cart_id == cart_id)
    return tuple(session.execute(select(lines).where(of_cart).order_by(lines.c.position)))


def _orders(session: Session, merchant_id: int, cart_ref: str) -> tuple[Any, ...]:
    of_cart = and_(orders.c.merchant_id == merchant_id, orders.c.cart_ref == cart_ref)
    return tuple(session.execute(select(orders).where(of_cart).order_by(orders.c.placed_at)))


def _clicks(session: Session, merchant_id: int, effect_ids: Sequence[int]) -> dict[int, int]:
    query = (
        select(clicks.c.effect_id, func.count())
        .where(clicks.c.merchant_id == merchant_id, clicks.c.effect_id.in_(effect_ids), clicks.c.counted)
        .group_by(clicks.c.effect_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _returned(session: Session, merchant_id: int, effect_ids: Sequence[int]) -> dict[int, str]:
    """The weightiest counts."""
    mine = (bounces.c.merchant_id == merchant_id, bounces.c.effect_id.in_(effect_ids))
    rows = session.execute(select(bounces.c.effect_id, bounces.c.kind).where(*mine)).all()
    return {row.effect_id: row.kind for row in sorted(rows, key=lambda row: WEIGHT.index(row.kind))}
