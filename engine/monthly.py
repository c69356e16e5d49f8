"""Messages counted per merchant and month: those that went out, and those that may have."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.models import Merchant
from engine import calendar, daily

SHOWN = 6


class Month(NamedTuple):
    """A month of the shop's calendar, named by its first day."""

    first: date
    messages: int


def of_last(session: Session, merchant: Merchant, flows: Collection[str]) -> Sequence[Month]:
    """This month and some before it, the newest first; none from before she was a merchant."""
    joined = calendar.day_of(merchant.created_at, ZoneInfo(merchant.timezone)).replace(day=1)
    months = [daily.today(merchant).replace(day=1)]
    while len(months) < SHOWN and months[-1] > joined:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    told, counted = daily.since(session, merchant, flows, months[-1]), Counter[date]()
    for key, figures in told.by_key.items():
        if key.mode == "live":
            counted[key.day.replace(day=1)] += figures.sent
    return [Month(first, counted[first]) for first in months]
