"""Flows that Kontor has paused: since when, why, and until a member has decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.models.tables import flow_pauses

# Who it was, where a member's name stands else.
BY = "Kontor"


def begin(session: Session, merchant_id: int, flow: str, at: datetime, **told: Any) -> None:
    row = {"merchant_id": merchant_id, "flow": flow, "at": at, **told}
    session.execute(flow_pauses.insert().values(**row))


def end(session: Session, merchant_id: int, flow: str, at: datetime, by: str) -> bool:
    """A member has switched the flow; false where it was not paused."""
    mine = (flow_pauses.c.merchant_id == merchant_id, flow_pauses.c.flow == flow)
    over = update(flow_pauses).where(*mine, flow_pauses.c.over_at.is_(None))
    return bool(session.execute(over.values(over_at=at, over_by=by)).rowcount)  # type: ignore[attr-defined]


def open_pauses(session: Session, merchant_id: int) -> list[Any]:
    mine = (flow_pauses.c.merchant_id == merchant_id, flow_pauses.c.over_at.is_(None))
    return list(session.execute(select(flow_pauses).where(*mine).order_by(flow_pauses.c.id)))


def of_flow(session: Session, merchant_id: int, flow: str) -> Any | None:
    return next((row for row in open_pauses(session, merchant_id) if row.flow == flow), None)
