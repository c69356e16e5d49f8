"""The versions of settings, newest first: who saved what, when, and what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models.tables import settings_versions
from core.settings import Declared, Settings, declared
from engine.shop_settings import read_as
from web.i18n import gettext as _
from web.values import Speech, told

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed: its name, and what it was and is in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    by: str
    at: datetime
    changes: list[Change]
    is_first: bool


@dataclass(frozen=True, slots=True)
class History:
    versions: list[Version]
    # Where older ones go on, if there are any.
    next_before: int | None


def of(
    db: Session, merchant_id: int, scope: str, kind: type[Settings], speech: Speech, before: int | None = None
) -> History:
    rows = _rows(db, merchant_id, scope, before)
    shown = rows[:SHOWN]
    older = {row.version: row for row in rows}
    found = [_version(row, older.get(row.version - 1), kind, speech) for row in shown]
    return History(found, shown[-1].version if len(rows) > SHOWN else None)


def since(
    db: Session, merchant_id: int, scope: str, kind: type[Settings], speech: Speech, seen: int
) -> list[Version]:
    """What others have saved since the version that somebody looked at, newest first."""
    found = of(db, merchant_id, scope, kind, speech).versions
    return [version for version in found if version.number > seen]


def _rows(db: Session, merchant_id: int, scope: str, before: int | None) -> list[Any]:
    mine = (settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == scope)
    found = select(settings_versions).where(*mine).order_by(settings_versions.c.version.desc())
    if before is not None:
        found = found.where(settings_versions.c.version < before)
    return list(db.execute(found.limit(SHOWN + 1)))


def _version(row: Any, older: Any | None, kind: type[Settings], speech: Speech) -> Version:
    now, then = read_as(kind, row.data), read_as(kind, older.data if older else {})
    changes = list(differences(then, now, speech))
    if older is not None and older.mode != row.mode:
        changes.insert(0, Change(_("Mode"), mode_name(older.mode), mode_name(row.mode)))
    return Version(row.version, row.saved_by, row.saved_at, changes, older is None)


def differences(then: Settings, now: Settings, speech: Speech) -> Iterator[Change]:
    """What changed from one to the other, in the order in which it is declared."""
    old, new = dict(then), dict(now)
    for name, one in declared(type(now)).items():
        if one.rows is not None:
            yield from _in_list(one, old[name], new[name], speech)
        elif old[name] != new[name] and one.kind == "elsewhere":
            yield Change(speech.say(one.label), "", "")
        elif old[name] != new[name] or (one.by and old.get(one.by.name) != new.get(one.by.name)):
            yield from _changed(one, old, new, name, speech)


def _changed(
    one: Declared, old: Mapping[str, Any], new: Mapping[str, Any], name: str, speech: Speech
) -> Iterator[Change]:
    before, after = told(one, old[name], old, speech), told(one, new[name], new, speech)
    if before != after:
        yield Change(speech.say(one.label), before, after)


def _in_list(one: Declared, old: Any, new: Any, speech: Speech) -> Iterator[Change]:
    for n in range(max(len(old), len(new))):
        title = f"{speech.say(one.unit)} {n + 1}"
        if n >= len(old):
            yield Change(title, "", _("added"))
        elif n >= len(new):
            yield Change(title, "", _("removed"))
        else:
            inner = differences(old[n], new[n], speech)
            yield from (Change(f"{title}, {change.name}", change.before, change.after) for change in inner)


def mode_name(mode: str) -> str:
    return {"off": _("Off"), "shadow": _("Shadow"), "live": _("Live")}.get(mode, mode)
