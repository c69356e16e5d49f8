"""Counting days that are over, once, and again where something of them changed.

The rows are the truth: whatever is counted here may be thrown away. Each
night the last five weeks are counted anew, noted or not.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transact
from core.models import Merchant
from core.models.tables import counted_days, daily_figures, daily_takings, late_days, merchants
from engine import calendar, daily
from engine.counting import A_DAY, Counted, count
from engine.figures import COUNTS, Figures, Key
from engine.machine import Machine

# Whatever was begun before midnight is written down by then.
GRACE = timedelta(minutes=10)
# How often days are looked at of which something waits or is in doubt.
OPEN_EVERY = timedelta(minutes=5)
AGAIN = timedelta(days=35)
MOST_DAYS = 35


def run(machine: Machine, most: int = 20) -> int:
    """Count for the merchants of whom something is to be counted; how many."""
    done = 0
    while done < most and not machine.stopping.is_set() and _next(machine):
        done += 1
    return done


def _next(machine: Machine) -> bool:
    """Counted outside the transaction that keeps it: nobody waits for a count."""
    with reading(machine.db) as session:
        merchant_id = _whose(session, clock.now(), machine.flows)
        turn = None if merchant_id is None else _take(session, machine, merchant_id)
    return turn is not None and transact(machine.db, lambda session: _keep(session, turn))


def _whose(session: Session, now: datetime, flows: Collection[str]) -> int | None:
    """A merchant of whom a day has changed, none was ever counted, another one
    is over, or something is still open."""
    never = select(merchants.c.id).outerjoin(counted_days).where(counted_days.c.merchant_id.is_(None))
    over = select(counted_days.c.merchant_id).where(counted_days.c.next_at <= now)
    for asked in (
        select(late_days.c.merchant_id).order_by(late_days.c.id),
        never.order_by(merchants.c.id),
        over.order_by(counted_days.c.next_at),
        _open(daily_figures.c.merchant_id, now, flows).order_by(daily_figures.c.counted_at),
    ):
        found: int | None = session.execute(asked.limit(1)).scalar_one_or_none()
        if found is not None:
            return found
    return None


def _open(column: Any, now: datetime, flows: Collection[str]) -> Select[Any]:
    still = or_(daily_figures.c.waiting > 0, daily_figures.c.in_doubt > 0)
    due = daily_figures.c.counted_at < now - OPEN_EVERY
    return select(column).where(still, due, daily_figures.c.flow.in_(tuple(flows)))


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was counted of a merchant. `number` is the last counting that was
    known, or 0; `notes` are those this settles; `afresh` says that nothing
    counted before holds."""

    merchant_id: int
    number: int
    days: list[date]
    counted: Counted
    notes: list[int]
    reached: dict[str, Any]
    afresh: bool


def _take(session: Session, machine: Machine, merchant_id: int) -> _Turn:
    """Notes are read first: what changes meanwhile stays noted."""
    at, merchant = clock.now(), session.get_one(Merchant, merchant_id)
    notes = _notes(session, merchant_id)
    known = session.execute(
        select(counted_days).where(counted_days.c.merchant_id == merchant_id)
    ).one_or_none()
    holds = known is not None and known.zone == merchant.timezone
    span = _span(session, merchant, machine.flows, known.before if known is not None and holds else None)
    wanted = {day for _, day in notes} | set(
        session.execute(_open_days(merchant_id, at, machine.flows)).scalars()
    )
    days = sorted({*span.days, *(day for day in wanted if day < span.reached)})
    counted: dict[Key, Figures] = {}
    for run_ in daily.runs(days, merchant.timezone):
        counted |= count(session, merchant_id, machine.flows, run_, clock.now(merchant))
    reached = {"before": span.reached, "zone": merchant.timezone, "counted_at": at, "next_at": span.next_at}
    number = 0 if known is None else known.turn
    return _Turn(merchant_id, number, days, counted, [note for note, _ in notes], reached, not holds)


def _notes(session: Session, merchant_id: int) -> list[tuple[int, date]]:
    """Those of the first days; there may be a year of them."""
    mine = select(late_days.c.id, late_days.c.day).where(late_days.c.merchant_id == merchant_id)
    rows = session.execute(mine.order_by(late_days.c.day)).all()
    first = sorted({row.day for row in rows})[:MOST_DAYS]
    return [(row.id, row.day) for row in rows if row.day in first]


def _open_days(merchant_id: int, now: datetime, flows: Collection[str]) -> Select[Any]:
    mine = _open(daily_figures.c.day, now, flows).where(daily_figures.c.merchant_id == merchant_id)
    return mine.order_by(daily_figures.c.counted_at).limit(MOST_DAYS)


@dataclass(frozen=True, slots=True)
class _Span:
    """The days that come next, and how far that leads."""

    days: list[date]
    reached: date
    next_at: datetime


def _span(session: Session, merchant: Merchant, flows: Collection[str], before: date | None) -> _Span:
    now, zone = clock.now(merchant), ZoneInfo(merchant.timezone)
    over = calendar.day_of(now - GRACE, zone)
    begin = before
    if begin is None:
        begin = min(daily.first_day(session, merchant, flows) or over, over)
    reached = min(over, begin + MOST_DAYS * A_DAY)
    first = begin - AGAIN if before is not None and begin < over <= begin + AGAIN else begin
    midnight = calendar.at_hour(over + A_DAY, time(0), zone) + GRACE
    next_at = clock.real_time(merchant, midnight) if reached == over else clock.now()
    return _Span(daily.days_between(first, reached - A_DAY), reached, next_at)


def _keep(session: Session, turn: _Turn) -> bool:
    """Of two that counted at once the one that comes later keeps nothing."""
    if not _is_next(session, turn):
        return False
    for table in (daily_figures, daily_takings):
        mine = table.c.merchant_id == turn.merchant_id
        gone = mine if turn.afresh else mine & table.c.day.in_(turn.days)
        session.execute(delete(table).where(gone))
    figures = [_row(turn, key) | _counts(turn, one) for key, one in turn.counted.items()]
    takings = [
        _row(turn, key) | {"currency": currency} | asdict(taken)
        for key, one in turn.counted.items()
        for currency, taken in one.takings.items()
    ]
    for table, rows in ((daily_figures, figures), (daily_takings, takings)):
        if rows:
            session.execute(table.insert(), rows)
    session.execute(delete(late_days).where(late_days.c.id.in_(turn.notes)))
    return True


def _is_next(session: Session, turn: _Turn) -> bool:
    mine = (counted_days.c.merchant_id == turn.merchant_id, counted_days.c.turn == turn.number)
    moved: Any = update(counted_days).where(*mine).values(turn=turn.number + 1, **turn.reached)
    if not turn.number:
        first = insert(counted_days, session).values(merchant_id=turn.merchant_id, turn=1, **turn.reached)
        moved = first.on_conflict_do_nothing()
    return session.execute(moved.returning(counted_days.c.turn)).first() is not None


def _row(turn: _Turn, key: Key) -> dict[str, Any]:
    return {"merchant_id": turn.merchant_id, "flow": key.flow, "mode": key.mode, "day": key.day}


def _counts(turn: _Turn, one: Figures) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(one, name) for name in COUNTS}
    return told | {"left_out": dict(one.left_out), "counted_at": turn.reached["counted_at"]}
