"""How many messages a shop has sent on which day: counted as each is settled, in the
same transaction, and read with a question that is asked anyway."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import get_native_id
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, bindparam, exists, func, select
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.models import Merchant
from core.models.tables import mail_days
from core.statements import Statement
from engine import calendar
from engine.built import BuiltOnce

# A thread counts in a lane of its own, for the most part: the threads of a process
# are numbered one after the other.
LANES = 8
FIRST_WEEK = timedelta(days=7)
SETTLED = ("done", "unknown", "failed")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a shop has sent today; `known` says that its first week is over."""

    today: int = 0
    known: bool = False

    def and_one(self) -> "Sent":
        return replace(self, today=self.today + 1)


NOTHING = Sent()
_WHOSE: BindParameter[int] = bindparam("whose")
# Both are answered by the table's one index; `days` binds their days.
TODAY = (
    select(func.coalesce(func.sum(mail_days.c.sent), 0))
    .where(mail_days.c.merchant_id == _WHOSE, mail_days.c.day == bindparam("today"))
    .scalar_subquery()
)
KNOWN = exists().where(mail_days.c.merchant_id == _WHOSE, mail_days.c.day <= bindparam("a_week_ago"))
_SENT = Statement(select(TODAY, KNOWN))


def days(merchant: Merchant) -> dict[str, date]:
    today = calendar.day_of(clock.now(merchant), ZoneInfo(merchant.timezone))
    return {"today": today, "a_week_ago": today - FIRST_WEEK}


def sent(session: Session, merchant: Merchant) -> Sent:
    """For pages; whoever sends hears it with something else."""
    today, known = _SENT.rows(session, {"whose": merchant.id} | days(merchant))[0]
    return Sent(int(today), bool(known))


def counts(row: Any, state: str) -> bool:
    return row.kind == "send_message" and row.mode == "live" and state in SETTLED


def count(session: Session, merchant: Merchant, row: Any, state: str) -> None:
    """A message that was settled in `state`. To come last in a transaction, as
    another process may be counting in the same lane."""
    if counts(row, state):
        told = {"whose": merchant.id, "today": days(merchant)["today"], "lane": get_native_id() % LANES}
        _COUNT(session).tell(session, told)


def _counting(session: Session) -> Statement:
    row = insert(mail_days, session).values(
        merchant_id=bindparam("whose"), day=bindparam("today"), lane=bindparam("lane"), sent=1
    )
    again = {"sent": mail_days.c.sent + 1}
    return Statement(row.on_conflict_do_update(index_elements=["merchant_id", "day", "lane"], set_=again))


_COUNT = BuiltOnce(_counting)
