"""The daily ceiling: whoever sends little at first is trusted with more later.

What is over it waits for the next day and is asked about anew then. Of the
messages on their way this moment every other thread that sends for the shop has
one that is not counted yet: by so many, and by what a killed worker had under
way, the ceiling may be passed.
"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core import clock
from core.actions import Skip, Wait
from core.config import Config
from core.models import Merchant
from core.reasons import Reason
from engine import calendar
from engine.batches import Open, would_go
from engine.mail_days import Sent
from engine.verdicts import Settled, stopped


def at_most(config: Config, sent: Sent) -> int:
    """So many messages may go today."""
    return config.daily_mail if sent.known else min(config.daily_mail_first_week, config.daily_mail)


def is_reached(config: Config, sent: Sent) -> bool:
    return sent.today >= at_most(config, sent)


def goes_on_at(merchant: Merchant) -> datetime:
    """When the shop's next day begins; the merchant's time."""
    zone = ZoneInfo(merchant.timezone)
    tomorrow = calendar.day_of(clock.now(merchant), zone) + timedelta(days=1)
    return calendar.at_hour(tomorrow, time(0), zone)


def holds(config: Config, opened: Open, row: Any, sent: Sent) -> bool:
    """Whether the row has to wait for tomorrow; what has expired has not."""
    return would_go(opened, row) and is_reached(config, sent)


def held_back(config: Config, opened: Open, row: Any, sent: Sent) -> Settled | None:
    """To the next day, where it still makes sense then; None for what may go."""
    if not holds(config, opened, row, sent):
        return None
    until = goes_on_at(opened.merchant)
    if row.valid_until is not None and until > row.valid_until:
        return stopped(opened, row, Skip(Reason.DAILY_CEILING))
    return stopped(opened, row, Wait(until, Reason.DAILY_CEILING))
