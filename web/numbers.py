"""What a flow brought, counted the way that is written beside the figures."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select
from sqlalchemy.orm import Session

from core.models.tables import carts, clicks, effects, enrolments, orders
from engine import holdout

SENT = ("done", "unknown")


@dataclass(frozen=True, slots=True)
class Earned:
    """Orders and their worth, net of tax, shipping and refunds."""

    orders: int
    by_currency: dict[str, int]


@dataclass(frozen=True, slots=True)
class Numbers:
    entered: int
    sent: int
    clicked: int
    recovered: Earned
    bought_anyway: Earned


def of_flow(session: Session, merchant_id: int, flow: str) -> Numbers:
    """The live figures of one flow since it began."""
    mine = and_(effects.c.merchant_id == merchant_id, effects.c.flow == flow, effects.c.mode == "live")
    messages = and_(mine, effects.c.kind == "send_message")
    trips = and_(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == flow,
        enrolments.c.mode == "live",
        enrolments.c.state != holdout.STATE,
    )
    counted = select(clicks.c.effect_id).where(clicks.c.merchant_id == merchant_id, clicks.c.counted)
    query = select(
        select(func.count()).select_from(enrolments).where(trips).scalar_subquery().label("entered"),
        _count(and_(messages, effects.c.state.in_(SENT))).label("sent"),
        _count(and_(messages, effects.c.id.in_(counted))).label("clicked"),
    )
    row = session.execute(query).one()
    return Numbers(
        row.entered,
        row.sent,
        row.clicked,
        _earned(session, merchant_id, orders.c.clicked_effect_id.in_(select(effects.c.id).where(messages))),
        _earned(
            session,
            merchant_id,
            orders.c.clicked_effect_id.is_(None)
            & orders.c.cart_ref.in_(
                select(carts.c.ref)
                .join(enrolments, enrolments.c.subject_id == carts.c.id)
                .where(carts.c.merchant_id == merchant_id, trips)
            ),
        ),
    )


def sent(session: Session, merchant_id: int) -> int:
    """How many messages of all flows have gone out."""
    mine = and_(effects.c.merchant_id == merchant_id, effects.c.kind == "send_message")
    return session.execute(select(_count(and_(mine, effects.c.state.in_(SENT))))).scalar_one()


def _count(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(effects).where(condition).scalar_subquery()


def _earned(session: Session, merchant_id: int, condition: ColumnElement[bool]) -> Earned:
    query = (
        select(orders.c.currency, func.count(), func.sum(orders.c.net_minor - orders.c.refunded_minor))
        .where(
            orders.c.merchant_id == merchant_id,
            orders.c.bought,
            orders.c.paid_at.is_not(None),
            orders.c.test.is_(False),
            condition,
        )
        .group_by(orders.c.currency)
    )
    rows = session.execute(query).all()
    return Earned(sum(row[1] for row in rows), {row[0]: int(row[2]) for row in rows})
