"""Places in a waiting line: kept, and given up only when the person was told or
the wish is over.

A message that does not go for a reason of the shop's or of the hour leaves the
person where she was; the trip is over, and the next one is another episode.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from core import clock
from core.models import Merchant
from core.models.tables import effects, restocks, sign_ups
from core.reasons import Reason
from core.statements import Statement
from engine import calendar
from engine.work import announce

# Nobody else can be told in her stead: there is nothing to tell of, or no more of it.
NO_ROOM = (
    Reason.OUT_OF_STOCK,
    Reason.NOT_OFFERED,
    Reason.NEXT_WAVE,
    Reason.DAILY_CEILING,
    Reason.FLOW_OFF,
    Reason.UNINSTALLED,
)
KEEPS_PLACE = (*NO_ROOM, Reason.QUIET_HOURS, Reason.EXPIRED, Reason.DISCARDED, Reason.SHOP_UNREACHABLE)
# What went wrong at the shop's or at ours: she keeps her place for another day, a few times.
NOT_HERS = (Reason.PROVIDER_REFUSED, Reason.INTERNAL)
MOST_EPISODES = 3
A_DAY = timedelta(days=1)
SOON = timedelta(minutes=1)


def told(session: Session, merchant: Merchant, row: Any) -> None:
    """Her message is about to go: from here on she has been told."""
    if "sign_up" in row.payload:
        values = {"whose": merchant.id, "which": row.payload["sign_up"], "at": clock.now(merchant)}
        _TOLD.tell(session, values)


def after(session: Session, merchant: Merchant, row: Any, state: str, reason: str | None) -> None:
    """What became of her message, once it is written down."""
    if "sign_up" not in row.payload or row.mode != "live":
        return
    which = row.payload["sign_up"]
    if state in ("pending", "held"):
        _NOT_YET.tell(session, {"whose": merchant.id, "which": which})
    elif state in ("failed", "skipped"):
        if state == "failed":
            _NOT_YET.tell(session, {"whose": merchant.id, "which": which})
        why = Reason((reason or Reason.INTERNAL.value).partition(":")[0])
        again = bool(row.payload.get("again"))
        ended(session, merchant.id, which, why, clock.now(merchant), again=again)


def ended(
    session: Session, merchant_id: int, sign_up_id: int, reason: Reason, at: datetime, *, again: bool
) -> None:
    """Her trip ended before the message went: back to her place, or out of the line.
    Where it was to go `again`, she may have had the first one: she stays told."""
    mine = {"whose": merchant_id, "which": sign_up_id}
    if again:
        _TOLD.tell(session, mine | {"at": at})
        return
    if reason in KEEPS_PLACE:
        _BACK.tell(session, mine)
        if reason is Reason.DAILY_CEILING:
            leave_until(session, merchant_id, [sign_up_id], _tomorrow(session, merchant_id, at))
    elif reason in NOT_HERS:
        _TRY_AGAIN.tell(session, mine | {"at": at + A_DAY})
        _OVER.tell(session, mine | {"why": reason.value, "at": at})
    else:
        _OVER.tell(session, mine | {"why": reason.value, "at": at})
    if reason not in NO_ROOM:
        _nudge(session, merchant_id, sign_up_id)


def _tomorrow(session: Session, merchant_id: int, at: datetime) -> datetime:
    """When the shop may send again."""
    zone = ZoneInfo(session.get_one(Merchant, merchant_id).timezone)
    return calendar.midnight_after(at + timedelta(seconds=1), zone)


def call_again(session: Session, merchant_id: int, row: Any) -> None:
    """A member has her message sent once more, for nobody knows whether it came."""
    if "sign_up" in row.payload:
        _NOT_YET.tell(session, {"whose": merchant_id, "which": row.payload["sign_up"]})


def leave_until(session: Session, merchant_id: int, which: list[int], until: datetime) -> None:
    """These are left in peace until then; others may pass."""
    mine = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.id.in_(which))
    session.execute(update(sign_ups).where(*mine).values(not_before=until))


_MINE = (sign_ups.c.merchant_id == bindparam("whose"), sign_ups.c.id == bindparam("which"))
_TOLD = Statement(
    update(sign_ups).where(*_MINE, sign_ups.c.state == "called").values(state="told", told_at=bindparam("at"))
)
_NOT_YET = Statement(
    update(sign_ups).where(*_MINE, sign_ups.c.state == "told").values(state="called", told_at=None)
)
_BACK = Statement(
    update(sign_ups)
    .where(*_MINE, sign_ups.c.state == "called")
    .values(state="waiting", episode=sign_ups.c.episode + 1)
)
_TRY_AGAIN = Statement(
    update(sign_ups)
    .where(*_MINE, sign_ups.c.state == "called", sign_ups.c.episode < MOST_EPISODES)
    .values(state="waiting", episode=sign_ups.c.episode + 1, not_before=bindparam("at"))
)
_OVER = Statement(
    update(sign_ups)
    .where(*_MINE, sign_ups.c.state == "called")
    .values(state="over", reason=bindparam("why"), told_at=None, over_at=bindparam("at"))
)


def _nudge(session: Session, merchant_id: int, sign_up_id: int) -> None:
    """The line is looked at soon: the next one in it may be told instead."""
    merchant = session.get_one(Merchant, merchant_id)
    due_at = clock.now(merchant) + SOON
    wake_at = clock.real_time(merchant, due_at)
    values = {"whose": merchant_id, "which": sign_up_id, "due": due_at, "wake": wake_at}
    if _NUDGE.run(session, values):
        announce(session, merchant_id, wake_at)


_ITS_VARIANT = select(sign_ups.c.variant_id).where(*_MINE).scalar_subquery()
_ITS_LOOK = select(restocks.c.look_id).where(
    restocks.c.merchant_id == bindparam("whose"),
    restocks.c.variant_id == _ITS_VARIANT,
    restocks.c.mode == "live",
    restocks.c.state == literal_column("'running'"),
)
_NUDGE = Statement(
    update(effects)
    .where(
        effects.c.merchant_id == bindparam("whose"),
        effects.c.id == _ITS_LOOK.scalar_subquery(),
        effects.c.state == "pending",
        effects.c.due_at > bindparam("due"),
    )
    .values(due_at=bindparam("due"), wake_at=bindparam("wake"))
)
