"""Days and hours as the person lives them."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global


@lru_cache(maxsize=512)
def zone_of(country: str | None, shop_zone: str) -> ZoneInfo:
    """The zone of the person's country if it has just one, else the shop's.

    Zones that keep the same time all year count as one (Germany has two by
    name). Source: Unicode CLDR's territory zones, as Babel ships them.
    """
    names = get_global("territory_zones").get((country or "").upper(), [])
    zones = [ZoneInfo(name) for name in names]
    clocks = {tuple(moment.astimezone(zone).utcoffset() for moment in _samples()) for zone in zones}
    return zones[0] if len(clocks) == 1 else ZoneInfo(shop_zone)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def at_hour(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """That hour of that day in the zone, as UTC."""
    return datetime.combine(day, hour, zone).astimezone(ZoneInfo("UTC"))


def midnight_after(at: datetime, zone: ZoneInfo) -> datetime:
    """The first midnight of the zone that is not before `at`."""
    day = day_of(at, zone)
    start = at_hour(day, time(0), zone)
    return start if start >= at else at_hour(day + timedelta(days=1), time(0), zone)


def quiet_until(at: datetime, zone: ZoneInfo, begins: int, ends: int) -> datetime | None:
    """When the quiet hours end that hold at `at`, or None if it isn't quiet."""
    local = at.astimezone(zone)
    if begins == ends:
        return None
    quiet = begins <= local.hour or local.hour < ends if begins > ends else begins <= local.hour < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if begins > ends and local.hour >= begins else 0)
    return at_hour(day, time(ends), zone)


def _samples() -> tuple[datetime, datetime]:
    return datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
