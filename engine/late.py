"""What changes on a day that is over: that day's figures are to be counted again.

The day of a message that still waits or is in doubt needs no note: its figures say so.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core import clock
from core.models import Merchant
from core.models.tables import late_days
from engine import calendar


def note(session: Session, merchant: Merchant, moments: Iterable[datetime | None]) -> None:
    """Something of these moments is different now, or known only now. Of a day
    that goes on nothing is noted: it is counted when it is over."""
    zone = ZoneInfo(merchant.timezone)
    today = calendar.day_of(clock.now(merchant), zone)
    found = {calendar.day_of(moment, zone) for moment in moments if moment is not None}
    told = {"merchant_id": merchant.id, "noted_at": clock.now()}
    rows = [told | {"day": day} for day in sorted(found) if day < today]
    if rows:
        session.execute(late_days.insert(), rows)
