"""How many of a shop's carts may be reminded of, and how many thanks to its companion."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core import clock
from core.models import Merchant
from core.models.tables import carts, consents

DAYS = 7


@dataclass(frozen=True, slots=True)
class Reach:
    """Of the last days: all carts, those whose owner has agreed, and those of
    these that the companion reported."""

    carts: int
    reachable: int
    reported: int


def of(session: Session, merchant: Merchant) -> Reach:
    """The newest act under the cart's address counts. Only a companion reports checkouts on a
    platform that may have one: the platform itself knows drafts and unpaid orders."""
    newest = (
        select(consents.c.state)
        .where(
            consents.c.merchant_id == merchant.id,
            consents.c.address_id == carts.c.address_id,
            consents.c.purpose == "marketing",
        )
        .order_by(consents.c.act_at.desc(), consents.c.id.desc())
        .limit(1)
        .correlate(carts)
        .scalar_subquery()
    )
    agreed = newest == "opted_in"
    since = clock.now(merchant) - timedelta(days=DAYS)
    counted = select(
        func.count(),
        func.count(case((agreed, 1))),
        func.count(case((agreed & (carts.c.kind == "checkout"), 1))),
    ).where(carts.c.merchant_id == merchant.id, carts.c.activity_at >= since)
    row = session.execute(counted).one()
    return Reach(int(row[0]), int(row[1]), int(row[2]))
