"""The figures of some time: days that are over as they were counted once, and
today, with what has changed of late, as the rows say this moment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from core import clock
from core.models import Merchant
from core.models.tables import counted_days, daily_figures, daily_takings, effects, enrolments, late_days
from engine import calendar
from engine.counting import A_DAY, Days, count
from engine.figures import COUNTS, Figures, Key, Takings, total

# As many days that changed of late are counted while somebody waits for the page.
MOST_AT_ONCE = 3
TAKINGS = ("recovered", "recovered_minor", "bought_anyway", "bought_anyway_minor", "discount_minor")


@dataclass(frozen=True, slots=True)
class Told:
    """`as_of` is set where some day's figures may be a little behind: since then."""

    days: tuple[date, ...]
    by_key: dict[Key, Figures]
    as_of: datetime | None = None

    def of(self, flow: str, mode: str = "live") -> Figures:
        return total(one for key, one in self.by_key.items() if (key.flow, key.mode) == (flow, mode))

    def of_all(self, mode: str = "live") -> Figures:
        return total(one for key, one in self.by_key.items() if key.mode == mode)

    def each_day(self, flow: str, mode: str = "live") -> list[Figures]:
        return [self.by_key.get(Key(flow, mode, day), Figures()) for day in self.days]

    def since(self, first: date) -> "Told":
        """The same of the later days alone."""
        later = {key: one for key, one in self.by_key.items() if key.day >= first}
        return Told(tuple(day for day in self.days if day >= first), later, self.as_of)


def today(merchant: Merchant) -> date:
    return calendar.day_of(clock.now(merchant), ZoneInfo(merchant.timezone))


def of_last(session: Session, merchant: Merchant, flows: Collection[str], days: int) -> Told:
    """The figures of so many days, of which today is the last."""
    return since(session, merchant, flows, today(merchant) - (days - 1) * A_DAY)


def of_all(session: Session, merchant: Merchant, flows: Collection[str]) -> Told:
    """The figures since there was anything to count."""
    first = first_day(session, merchant, flows)
    return since(session, merchant, flows, min(first or today(merchant), today(merchant)))


def since(session: Session, merchant: Merchant, flows: Collection[str], first: date) -> Told:
    """The figures from that day on. Whatever is not counted yet is counted now."""
    return between(session, merchant, flows, first, today(merchant))


def between(session: Session, merchant: Merchant, flows: Collection[str], first: date, last: date) -> Told:
    """The figures of the days from `first` to `last`; today is never taken from what is kept."""
    known = _known(session, merchant, first, min(last + A_DAY, today(merchant)))
    kept = _kept(session, merchant.id, flows, first, known.before)
    late = known.late | {day: min(at, known.late.get(day, at)) for day, at in _open(kept).items()}
    newest = sorted(late, reverse=True)[:MOST_AT_ONCE]
    live = {*newest, *(day for day in days_between(first, last) if day >= known.before)}
    found = {key: one for key, (one, _) in kept.items() if key.day not in live}
    for days in runs(sorted(live), merchant.timezone):
        found |= count(session, merchant.id, flows, days, clock.now(merchant))
    behind = [at for day, at in late.items() if day not in live]
    return Told(tuple(days_between(first, last)), found, min(behind, default=None))


def first_day(session: Session, merchant: Merchant, flows: Collection[str]) -> date | None:
    """When the first trip began or the first message was due."""
    mine, zone = enrolments.c.merchant_id == merchant.id, ZoneInfo(merchant.timezone)
    asked = [
        select(func.min(enrolments.c.enrolled_at)).where(mine, enrolments.c.flow == one) for one in flows
    ]
    asked.append(select(func.min(effects.c.due_at)).where(effects.c.merchant_id == merchant.id))
    moments = [session.execute(one).scalar_one() for one in asked]
    return min((calendar.day_of(one, zone) for one in moments if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Known:
    """Days before `before` are counted and kept; some of them have changed
    since, of which the first change is told."""

    before: date
    late: dict[date, datetime]


def _known(session: Session, merchant: Merchant, first: date, end: date) -> _Known:
    mine = counted_days.c.merchant_id == merchant.id
    row = session.execute(select(counted_days).where(mine)).one_or_none()
    # In another zone days begin at other moments: nothing that was counted holds.
    if row is None or row.zone != merchant.timezone:
        return _Known(first, {})
    before = min(row.before, end)
    noted = (
        select(late_days.c.day, func.min(late_days.c.noted_at))
        .where(late_days.c.merchant_id == merchant.id, late_days.c.day >= first, late_days.c.day < before)
        .group_by(late_days.c.day)
    )
    return _Known(before, {row.day: row[1] for row in session.execute(noted)})


Kept = dict[Key, tuple[Figures, datetime]]


def _kept(session: Session, merchant_id: int, flows: Collection[str], first: date, before: date) -> Kept:
    """The days from `first` to the one before `before`; each with when it was counted."""
    found: Kept = {}
    for row in _rows(session, daily_figures, merchant_id, flows, first, before):
        figures = Figures(**{name: getattr(row, name) for name in COUNTS})
        figures.left_out.update(row.left_out)
        found[Key(row.flow, row.mode, row.day)] = (figures, row.counted_at)
    for row in _rows(session, daily_takings, merchant_id, flows, first, before):
        key = Key(row.flow, row.mode, row.day)
        # A day of an order and nothing else has its row of figures all the same.
        found[key][0].takings[row.currency] = Takings(**{name: getattr(row, name) for name in TAKINGS})
    return found


def _rows(
    session: Session, table: Table, merchant_id: int, flows: Collection[str], first: date, before: date
) -> Iterable[Any]:
    return session.execute(
        select(table).where(
            table.c.merchant_id == merchant_id,
            table.c.day >= first,
            table.c.day < before,
            table.c.flow.in_(tuple(flows)),
        )
    )


def _open(kept: Kept) -> dict[date, datetime]:
    """Days of which messages still wait, or are in doubt."""
    return {key.day: at for key, (one, at) in kept.items() if one.waiting or one.in_doubt}


def days_between(first: date, last: date) -> list[date]:
    return [first + n * A_DAY for n in range((last - first).days + 1)]


def runs(days: Sequence[date], zone: str) -> list[Days]:
    """Days that follow one another are counted together."""
    found: list[Days] = []
    for day in days:
        if found and found[-1].last + A_DAY == day:
            found[-1] = Days(found[-1].first, day, zone)
        else:
            found.append(Days(day, day, zone))
    return found
