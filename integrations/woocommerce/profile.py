"""What the store says of itself once its keys are proven."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integrations import payload
from integrations.live import Profile
from integrations.roles import Access
from integrations.woocommerce.api import Row, StoreApi
from integrations.woocommerce.own_mails import META, reminding

LONGEST = 200
STATUS = "environment.version,environment.language,settings.currency,active_plugins"
OLDEST = (5, 8)  # Before it, orders can't be listed by the time of their last change.


def read(api: StoreApi, access: Access) -> Profile:
    """The store's version decides what links it understands, so it is kept."""
    index = api.index()
    status = api.one("system_status", _fields=STATUS) or {}
    general = api.page("settings/general", _fields="id,value").rows
    environment, settings = _part(status, "environment"), _part(status, "settings")
    return Profile(
        domain=access.identity.domain,
        shop_id=None,
        name=text(index, "name") or access.identity.domain,
        currency=text(settings, "currency") or access.identity.currency,
        timezone=timezone(index),
        country=_country(general),
        locale=text(environment, "language").replace("_", "-") or None,
        meta={**access.meta, "version": text(environment, "version"), META: _reminding(status)},
    )


def _reminding(status: Row) -> str:
    plugins = status.get("active_plugins")
    rows = plugins if isinstance(plugins, list) else []
    return reminding(row.get("plugin") for row in rows if isinstance(row, dict))


def _country(settings: list[Row]) -> str | None:
    """Written "ES:M" where the country has states."""
    said = (text(one, "value") for one in settings if one.get("id") == "woocommerce_default_country")
    return next(said, "").partition(":")[0] or None


def timezone(index: Row) -> str:
    """A site may keep a bare offset instead of a place."""
    name = text(index, "timezone_string")
    if name and _is_zone(name):
        return name
    try:
        hours = float(str(index.get("gmt_offset") or 0))
    except ValueError:
        return "UTC"
    zone = f"Etc/GMT{-round(hours):+d}" if hours else "UTC"
    return zone if _is_zone(zone) else "UTC"


def is_too_old(version: str) -> bool:
    """An unknown version is tried."""
    parts = version.split(".")[:2]
    numbers = tuple(int(part) for part in parts if part.isdecimal() and part.isascii())
    return len(numbers) == 2 and numbers < OLDEST


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _part(row: Row, key: str) -> Row:
    part = row.get(key)
    return part if isinstance(part, dict) else {}


def text(row: Mapping[str, Any], key: str) -> str:
    """One line that can be kept, shown and written in a mail's head, whatever the store says."""
    said = row.get(key)
    clean = payload.storable(said) if isinstance(said, str) else ""
    return " ".join(clean.split())[:LONGEST].rstrip()
