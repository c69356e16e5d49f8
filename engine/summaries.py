"""The weekly summary: ordered by a member, written each Monday morning of her shop.

A week's summary is a row before it is a mail, one for each member and week,
whoever makes it. What may have gone out when a worker died is not sent again.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, exists, literal_column, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.models import Merchant
from core.models.tables import members, merchants, summaries, summary_wishes
from core.vault import SealBroken
from engine import calendar, summary_letters, weeks
from engine.machine import Machine
from integrations.roles import Message

log = structlog.get_logger()

MORNING = time(7)
LEASE = timedelta(minutes=10)
TRY_AGAIN = timedelta(minutes=30)
# What could not be sent in two days is no Monday's mail any more.
WITHIN = timedelta(days=2)
WEEK = timedelta(days=7)


def order(machine: Machine, merchant_id: int, member_id: int, language: str) -> None:
    """From the next Monday on, once her address is proven."""
    with transaction(machine.db) as session:
        mine = (members.c.merchant_id == merchant_id, members.c.id == member_id)
        if session.execute(select(members.c.id).where(*mine)).scalar_one_or_none() is None:
            return
        merchant = session.get_one(Merchant, merchant_id)
        row = {"member_id": member_id, "merchant_id": merchant_id, "language": language}
        told = row | {"due_at": next_monday(merchant), "asked_at": clock.now()}
        made = insert(summary_wishes, session).values(**told)
        again = made.on_conflict_do_update(index_elements=["member_id"], set_={"language": language})
        session.execute(again)


def stop(machine: Machine, merchant_id: int, member_id: int) -> bool:
    """At once: one that is being made is not sent either. Whether there was one."""
    mine = (summary_wishes.c.merchant_id == merchant_id, summary_wishes.c.member_id == member_id)
    with transaction(machine.db) as session:
        return bool(session.execute(delete(summary_wishes).where(*mine)).rowcount)  # type: ignore[attr-defined]


def ordered(session: Session, merchant_id: int, member_id: int) -> Any | None:
    """What she has ordered, if anything."""
    mine = (summary_wishes.c.merchant_id == merchant_id, summary_wishes.c.member_id == member_id)
    return session.execute(select(summary_wishes).where(*mine)).one_or_none()


def next_monday(merchant: Merchant) -> datetime:
    """The next Monday morning of the shop, in the merchant's time."""
    zone, now = ZoneInfo(merchant.timezone), clock.now(merchant)
    day = calendar.day_of(now, zone)
    monday = day - timedelta(days=day.weekday())
    at = calendar.at_hour(monday, MORNING, zone)
    return at if at > now else calendar.at_hour(monday + WEEK, MORNING, zone)


def run(machine: Machine, most: int = 50) -> int:
    """Write the summaries that are due; how many."""
    for wish in _due(machine):
        _begin(machine, wish)
    done = 0
    while done < most and not machine.stopping.is_set() and _write_next(machine):
        done += 1
    return done


def _due(machine: Machine) -> list[Any]:
    """`due_at` is the merchant's time: a clock that was moved is asked by itself."""
    found = (
        select(summary_wishes, merchants.c.clock_offset_ms)
        .join(merchants, merchants.c.id == summary_wishes.c.merchant_id)
        .where(or_(summary_wishes.c.due_at <= clock.now(), merchants.c.clock_offset_ms > 0))
    )
    with reading(machine.db) as session:
        return [row for row in session.execute(found) if row.due_at <= clock.now(row)]


def _begin(machine: Machine, wish: Any) -> None:
    """The row of the week that is over, and the next date, together; a worker
    that comes second finds the date moved. Weeks that nobody was there for are
    left out: she gets one mail, not five."""
    with transaction(machine.db) as session:
        merchant = session.get(Merchant, wish.merchant_id)
        if merchant is None:
            return
        mine = (summary_wishes.c.member_id == wish.member_id, summary_wishes.c.due_at == wish.due_at)
        moved = update(summary_wishes).where(*mine).values(due_at=next_monday(merchant))
        if not session.execute(moved).rowcount or merchant.uninstalled_at is not None:  # type: ignore[attr-defined]
            return
        row = {"merchant_id": merchant.id, "member_id": wish.member_id, "language": wish.language}
        told = row | {"week": _last_week(merchant), "state": "waiting", "claim": 0}
        times = {"wake_at": clock.now(), "made_at": clock.now()}
        session.execute(insert(summaries, session).values(**told, **times).on_conflict_do_nothing())


def _last_week(merchant: Merchant) -> date:
    """The Monday with which the week began that is over."""
    today = calendar.day_of(clock.now(merchant), ZoneInfo(merchant.timezone))
    return today - timedelta(days=today.weekday()) - WEEK


def _write_next(machine: Machine) -> bool:
    row = _claim(machine)
    if row is None:
        return False
    letter = _letter(machine, row)
    if letter is None or not _move(machine, row, "waiting", "sending"):
        _move(machine, row, "waiting", "dropped")
    else:
        _move(machine, row, "sending", _sent(machine, row, *letter))
    return True


def _claim(machine: Machine) -> Any | None:
    """Its time is set ahead first: who dies before sending has it sent by somebody else."""
    now = clock.now()
    with transaction(machine.db) as session:
        # The state stands in the statement itself: else no partial index answers.
        due = (summaries.c.state == literal_column("'waiting'"), summaries.c.wake_at <= now)
        next_one = select(summaries.c.id).where(*due).order_by(summaries.c.wake_at).limit(1)
        found = session.execute(next_one.with_for_update(skip_locked=True)).scalar_one_or_none()
        if found is None:
            return None
        taken = update(summaries).where(summaries.c.id == found)
        values = {"claim": summaries.c.claim + 1, "wake_at": now + LEASE}
        return session.execute(taken.values(**values).returning(*summaries.c)).one()


def _letter(machine: Machine, row: Any) -> tuple[str, Message] | None:
    """The shop's platform and the letter; None for whom it is not meant any more."""
    with reading(machine.db) as session:
        mine = (members.c.id == row.member_id, members.c.merchant_id == row.merchant_id)
        member = session.execute(select(members).where(*mine)).one_or_none()
        if member is None or member.email is None:
            return None
        merchant = session.get_one(Merchant, row.merchant_id)
        week = weeks.of(session, merchant, machine.flows, row.week, row.language)
        try:
            to = machine.vault.open(member.email, f"member:{merchant.id}:email").decode()
        except SealBroken:
            # A key of the operator's is missing; the other members have theirs.
            log.exception("summary_address_not_readable", summary_id=row.id)
            return None
        key = f"summary-{row.id}"
        return merchant.platform, summary_letters.letter(machine.config, merchant, week, member.id, to, key)


def _sent(machine: Machine, row: Any, platform: str, message: Message) -> str:
    """What has become of it."""
    try:
        machine.channel_for(platform).send(message, row.merchant_id)
    except (Retryable, Permanent, InDoubt) as error:
        log.warning("summary_not_sent", summary_id=row.id, why=str(error))
        if isinstance(error, InDoubt):
            # It may have arrived: it counts as sent.
            return "sent"
        again = isinstance(error, Retryable) and clock.now() < row.made_at + WITHIN
        return "waiting" if again else "dropped"
    return "sent"


def _move(machine: Machine, row: Any, state: str, to: str) -> bool:
    """Whoever lost the row moves nothing; nothing is sent to whom has stopped it meanwhile."""
    mine = [summaries.c.id == row.id, summaries.c.claim == row.claim, summaries.c.state == state]
    if to == "sending":
        mine.append(exists().where(summary_wishes.c.member_id == summaries.c.member_id))
    settled = clock.now() if to in ("sent", "dropped") else None
    values = {"state": to, "settled_at": settled, "wake_at": clock.now() + TRY_AGAIN}
    with transaction(machine.db) as session:
        return bool(session.execute(update(summaries).where(*mine).values(**values)).rowcount)  # type: ignore[attr-defined]
