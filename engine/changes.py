"""Changing settings: every save is a version with a name on it, and holds at
once for people under way, but for their waiting times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transact, transaction
from core.facts import Mode
from core.models import Merchant
from core.models.tables import carts, enrolments, merchants, settings_versions
from core.reasons import Reason
from engine import awaiting, guide, pauses, restocks
from engine.machine import Machine
from engine.outlook import trips_with_other_times
from engine.planning import follow_times
from engine.shop_settings import SHOP, ShopSettings, flow_settings, shop_settings, shop_version
from engine.trips import RUNNING, end_trip
from flows.flow import Flow


@dataclass(frozen=True, slots=True)
class GoingLive:
    """What going live will and will not do: carts left before the switch stay
    untouched, only activity after it counts."""

    open_carts_left_alone: int


class ChangedMeanwhile(Exception):
    """Somebody has saved since the page was shown; nothing is overwritten unseen."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version} was saved meanwhile")
        self.version = version


def going_live(machine: Machine, merchant_id: int) -> GoingLive:
    """How many carts of the last 14 days going live would leave alone."""
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        since = clock.now(merchant) - timedelta(days=14)
        counted = select(func.count()).where(
            carts.c.merchant_id == merchant_id, carts.c.activity_at > since, carts.c.completed_at.is_(None)
        )
        return GoingLive(int(session.execute(counted).scalar_one()))


def set_mode(
    machine: Machine, merchant_id: int, flow: Flow, mode: Mode, by: str, seen: str | None = None
) -> None:
    """Off, shadow or live. Trips of the mode that is left end with `flow_off`;
    what was left before this moment starts no trip in the new one. `seen` is
    the mode that was left when the member decided: ChangedMeanwhile where it is another."""
    transact(machine.db, lambda session: switch_mode(session, merchant_id, flow, mode, by, seen))


def switch_mode(
    session: Session, merchant_id: int, flow: Flow, mode: Mode, by: str, seen: str | None = None
) -> None:
    """The same within a transaction. Whoever switches a flow that Kontor has paused has decided."""
    merchant = _locked(session, merchant_id)
    saved = flow_settings(session, merchant_id, flow)
    if seen is not None and seen != saved.mode:
        raise ChangedMeanwhile(saved.version)
    if saved.mode == mode and saved.version:
        return
    now = clock.now(merchant)
    since = None if mode == "off" else now
    _save(session, merchant_id, flow.key, mode, saved.settings.model_dump(mode="json"), since, by)
    if saved.mode != "off":
        _end_trips(session, merchant_id, flow.key, saved.mode, now)
        restocks.end_all(session, merchant, Reason.FLOW_OFF, flow.key)
    if pauses.end(session, merchant_id, flow.key, now, by):
        awaiting.mend_if_over(session, merchant_id, awaiting.PAUSED)


def save_flow(
    machine: Machine,
    merchant_id: int,
    flow: Flow,
    data: Mapping[str, Any],
    by: str,
    seen: int | None = None,
) -> int:
    """Save a flow's settings; the new version. `seen` is the version that the
    page showed. Raises ValueError (pydantic's ValidationError) naming each
    field that does not fit, ChangedMeanwhile where `seen` is no longer the newest."""
    checked = flow.Settings.model_validate(data)
    with transaction(machine.db) as session:
        _locked(session, merchant_id)
        saved = flow_settings(session, merchant_id, flow)
        if seen is not None and seen != saved.version:
            raise ChangedMeanwhile(saved.version)
        kept = checked.keeping_words_of(saved.settings).model_dump(mode="json")
        return _save(session, merchant_id, flow.key, saved.mode, kept, saved.live_since, by)


def save_shop(
    machine: Machine, merchant_id: int, data: Mapping[str, Any], by: str, seen: int | None = None
) -> int:
    """Change some of the shop's own settings; the new version. ChangedMeanwhile
    as for a flow."""
    with transaction(machine.db) as session:
        _locked(session, merchant_id)
        newest = shop_version(session, merchant_id)
        if seen is not None and seen != newest:
            raise ChangedMeanwhile(newest)
        known = shop_settings(session, merchant_id).model_dump(mode="json")
        checked = ShopSettings.model_validate(known | dict(data)).model_dump(mode="json")
        return _save(session, merchant_id, SHOP, "live", checked, None, by)


def note(machine: Machine, merchant_id: int, noted: Mapping[str, bool], by: str) -> None:
    """Keep what she did on the way to her first live flow, with her name."""
    with transaction(machine.db) as session:
        _locked(session, merchant_id)
        known = guide.noted(session, merchant_id)
        data = guide.Noted.model_validate(known.model_dump() | dict(noted)).model_dump(mode="json")
        _save(session, merchant_id, guide.SCOPE, "live", data, None, by)


def apply_times(machine: Machine, merchant_id: int, flow: Flow) -> int:
    """The merchant's "apply to the 37 waiting": running trips take the new waiting times;
    how many did."""
    trips = transact(machine.db, lambda session: _follow_times(machine, session, merchant_id, flow))
    machine.bells.due()
    return trips


def _follow_times(machine: Machine, session: Session, merchant_id: int, flow: Flow) -> int:
    """One after the other by person, as everybody locks people."""
    merchant = _locked(session, merchant_id)
    saved = flow_settings(session, merchant_id, flow)
    trips = trips_with_other_times(session, merchant_id, flow, saved)
    for enrolment_id in trips:
        follow_times(machine, session, merchant, enrolment_id)
    return len(trips)


def _locked(session: Session, merchant_id: int) -> Merchant:
    """One save at a time; whoever prepares an effect meanwhile sees that the
    revision moved and reads the settings again."""
    session.execute(
        update(merchants)
        .where(merchants.c.id == merchant_id)
        .values(settings_rev=merchants.c.settings_rev + 1)
    )
    return session.get_one(Merchant, merchant_id)


def _save(
    session: Session,
    merchant_id: int,
    scope: str,
    mode: str,
    data: Mapping[str, Any],
    live_since: datetime | None,
    by: str,
) -> int:
    newest = select(func.coalesce(func.max(settings_versions.c.version), 0)).where(
        settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == scope
    )
    version = int(session.execute(newest).scalar_one()) + 1
    session.execute(
        insert(settings_versions, session).values(
            merchant_id=merchant_id,
            scope=scope,
            version=version,
            mode=mode,
            live_since=live_since,
            data=dict(data),
            saved_by=by,
            saved_at=clock.now(),
        )
    )
    return version


def _end_trips(session: Session, merchant_id: int, flow: str, mode: str, at: datetime) -> None:
    running = select(enrolments.c.id).where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == flow,
        enrolments.c.mode == mode,
        enrolments.c.state.in_(RUNNING),
    )
    for enrolment_id in session.execute(running).scalars().all():
        end_trip(session, merchant_id, enrolment_id, Reason.FLOW_OFF, at)
