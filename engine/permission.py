"""May we, now? Consent, cap, priority and quiet hours; answers with a reason.

Pure: all that is known of the person has been loaded under the person's lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.actions import Purpose, Skip, Wait
from core.reasons import Reason
from engine import calendar
from engine.known import Planned, Slot
from engine.shop_settings import ShopSettings

LEAST_GAP = timedelta(hours=12)
WEEK = 7
MORNING = time(9)
ROOM = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Go:
    """It may go, and takes this day's place (none for service messages)."""

    slot_day: date | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One message asking to go. `before` is when the trip's message before it
    went; `ranks` are the flows' ranks by key, the lower the weightier."""

    flow: str
    purpose: Purpose
    effect_id: int
    due_at: datetime
    valid_until: datetime | None
    reasons: Sequence[Reason]
    slots: Sequence[Slot]
    planned: Sequence[Planned]
    ranks: dict[str, int]
    before: datetime | None
    zone: ZoneInfo


def may(asked: Asked, settings: ShopSettings, now: datetime) -> Go | Skip | Wait:
    """Whether the message may go at `now`, the merchant's time."""
    if asked.reasons:
        return Skip(asked.reasons[0], ends_trip=asked.reasons[0] is Reason.UNSUBSCRIBED)
    if asked.valid_until is not None and now > asked.valid_until:
        return Skip(Reason.EXPIRED)
    if asked.purpose == "service":
        return Go(None)
    answer = _gap(asked, now) or _quiet(asked, settings, now) or _cap(asked, settings, now)
    return answer or Go(calendar.day_of(now, asked.zone))


def _gap(asked: Asked, now: datetime) -> Skip | Wait | None:
    if asked.before is None or now - asked.before >= LEAST_GAP:
        return None
    return _later(asked, asked.before + LEAST_GAP, Reason.TOO_SOON)


def _quiet(asked: Asked, settings: ShopSettings, now: datetime) -> Skip | Wait | None:
    if not settings.quiet_email:
        return None
    until = calendar.quiet_until(now, asked.zone, settings.quiet_from, settings.quiet_until)
    return None if until is None else _later(asked, until, Reason.QUIET_HOURS)


def _cap(asked: Asked, settings: ShopSettings, now: datetime) -> Skip | Wait | None:
    """Requested messages are counted but not stopped; a weightier flow's
    message planned for the same day keeps that day."""
    if asked.purpose == "requested":
        return None
    today = calendar.day_of(now, asked.zone)
    if _free(asked, settings, today):
        return None
    winner = _winner(asked, today) or ""
    reason = Reason.LOST_SLOT if winner else Reason.CAPPED
    moments = (_moment(asked, settings, today + timedelta(days=n), now) for n in range(1, WEEK + 1))
    until = next((moment for moment in moments if moment is not None), None)
    return Wait(until, reason, winner) if until else Skip(reason, detail=winner)


def _free(asked: Asked, settings: ShopSettings, day: date) -> bool:
    days = [slot.day for slot in asked.slots if slot.effect_id != asked.effect_id]
    in_week = sum(1 for held in days if timedelta(0) <= day - held < timedelta(days=WEEK))
    return days.count(day) < settings.cap_day and in_week < settings.cap_week and not _winner(asked, day)


def _winner(asked: Asked, day: date) -> str | None:
    """The weightier flow that has a message to this person planned that day."""
    rank = asked.ranks[asked.flow]
    weightier = (
        plan.flow
        for plan in asked.planned
        if asked.ranks.get(plan.flow, rank) < rank and calendar.day_of(plan.due_at, asked.zone) == day
    )
    return next(weightier, None)


def _moment(asked: Asked, settings: ShopSettings, day: date, now: datetime) -> datetime | None:
    """The best time of a later free day within the message's validity."""
    if not _free(asked, settings, day):
        return None
    usual = asked.due_at.astimezone(asked.zone).time()
    hours = (calendar.at_hour(day, hour, asked.zone) for hour in (usual, MORNING, time(0)))
    # At the very end of its validity it would expire on the way.
    within = (
        at for at in hours if at > now and (asked.valid_until is None or at + ROOM <= asked.valid_until)
    )
    return next(within, None)


def _later(asked: Asked, until: datetime, reason: Reason) -> Skip | Wait:
    beyond = asked.valid_until is not None and until > asked.valid_until
    return Skip(reason) if beyond else Wait(until, reason)
