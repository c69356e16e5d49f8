"""What a flow brought since it began: the figures that stand on the sandbox's page."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Merchant
from core.models.tables import effects
from engine import daily
from engine.figures import WENT_OUT, Figures


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
    merchant = session.get_one(Merchant, merchant_id)
    return of_figures(daily.of_all(session, merchant, (flow,)).of(flow))


def of_figures(figures: Figures) -> Numbers:
    recovered = {code: one.recovered_minor for code, one in figures.takings.items() if one.recovered}
    anyway = {code: one.bought_anyway_minor for code, one in figures.takings.items() if one.bought_anyway}
    return Numbers(
        figures.entered,
        figures.sent,
        figures.clicked,
        Earned(figures.recovered, recovered),
        Earned(figures.bought_anyway, anyway),
    )


def sent(session: Session, merchant_id: int) -> int:
    """How many messages of all flows have gone out."""
    mine = (effects.c.merchant_id == merchant_id, effects.c.kind == "send_message")
    return session.execute(select(func.count()).where(*mine, effects.c.state.in_(WENT_OUT))).scalar_one()
