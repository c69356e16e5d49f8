"""Restocks: a variant is back while people wait, and its line is told until it is
sold out again or nobody waits any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, exists, func, literal_column, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import Action, CloseLine, Exit, WakeAt
from core.db import insert, reading, transaction
from core.models import Merchant
from core.models.tables import effects, restocks, sign_ups
from core.reasons import Reason
from engine import sign_up_endings
from engine.batches import WAVE
from engine.machine import Machine
from engine.shop_settings import Saved
from engine.waitlist import WAITS
from engine.work import announce
from flows.flow import Flow

log = structlog.get_logger()

RUNNING = restocks.c.state == literal_column("'running'")
# A line whose look failed is looked at again after that.
SOON = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """The waiting line of one variant, as one flow in one mode sees it; `step`
    numbers the looks at it."""

    merchant: Merchant
    flow: Flow
    saved: Saved
    variant_id: int
    restock_id: int | None = None
    step: int = 0


def apply(session: Session, line: Line, action: Action) -> None:
    """Do what the flow wants of a line, but for telling people, which is `waves`'."""
    match action:
        case WakeAt(when=when, name=name):
            look_at(session, line, when, name)
        case Exit(reason=reason):
            end(session, line, reason)
        case CloseLine(reason=reason):
            _close(session, line, reason)


def look_at(
    session: Session, line: Line, when: datetime, name: str, asked: Mapping[str, Any] | None = None
) -> None:
    """The line is looked at `when` (merchant's time), and not at any other time
    that was thought of before. `asked` is what a member wants: up to how many
    `people` are to be told, and her name."""
    merchant = line.merchant
    restock_id = line.restock_id or _begin(session, line)
    wake_at = clock.real_time(merchant, when)
    values = {
        "merchant_id": merchant.id,
        "key": f"{merchant.key}.line{restock_id}.{line.step + 1}",
        "flow": line.flow.key,
        "mode": line.saved.mode,
        "kind": WAVE,
        "purpose": line.flow.purpose,
        "step": line.step + 1,
        "state": "pending",
        "due_at": when,
        "wake_at": wake_at,
        "settings_version": line.saved.version,
        "payload": {"restock": restock_id, "name": name, **(asked or {})},
    }
    made = insert(effects, session).values(**values, claim=0, attempts=0, undo=False)
    look_id = session.execute(
        made.on_conflict_do_nothing(index_elements=["key"]).returning(effects.c.id)
    ).scalar_one_or_none()
    if look_id is not None:
        mine = (restocks.c.merchant_id == merchant.id, restocks.c.id == restock_id)
        session.execute(update(restocks).where(*mine).values(look_id=look_id))
        announce(session, merchant.id, wake_at)


def _begin(session: Session, line: Line) -> int:
    """The line's restock that runs, begun if none does. A wave that was told
    just before goes on in it: its people have heard of this stock already."""
    last = session.execute(_last(line)).one_or_none()
    values = {
        "merchant_id": line.merchant.id,
        "variant_id": line.variant_id,
        "flow": line.flow.key,
        "mode": line.saved.mode,
        "state": "running",
        "wave": 0,
        "called": 0,
        "wave_at": last.wave_at if last else None,
        "wave_called": last.wave_called if last else 0,
        "began_at": clock.now(line.merchant),
    }
    session.execute(insert(restocks, session).values(**values).on_conflict_do_nothing())
    return int(session.execute(_running(line)).scalar_one())


def _of_line(line: Line) -> tuple[Any, ...]:
    return (
        restocks.c.merchant_id == line.merchant.id,
        restocks.c.variant_id == line.variant_id,
        restocks.c.flow == line.flow.key,
        restocks.c.mode == line.saved.mode,
    )


def _running(line: Line) -> Select[Any]:
    return select(restocks.c.id).where(*_of_line(line), RUNNING)


def _last(line: Line) -> Select[Any]:
    told = select(restocks.c.wave_at, restocks.c.wave_called).where(*_of_line(line))
    return told.order_by(restocks.c.id.desc()).limit(1)


def end(session: Session, line: Line, reason: Reason | None) -> None:
    """The line is told no further, and whoever is in it keeps the place; without
    a reason nobody is left in it."""
    mine = (restocks.c.merchant_id == line.merchant.id, restocks.c.id == line.restock_id)
    _end(session, line.merchant, mine, reason)


def end_all(session: Session, merchant: Merchant, reason: Reason, flow: str | None = None) -> None:
    """Every line that is being told, of one flow or of all."""
    mine = [restocks.c.merchant_id == merchant.id]
    if flow is not None:
        mine.append(restocks.c.flow == flow)
    _end(session, merchant, mine, reason)


def _end(session: Session, merchant: Merchant, mine: Sequence[Any], reason: Reason | None) -> None:
    why = reason.value if reason else None
    over = update(restocks).where(*mine, RUNNING).returning(restocks.c.look_id)
    values = {"state": "over", "reason": why, "over_at": clock.now(merchant)}
    looks = [look for look in session.execute(over.values(**values)).scalars() if look is not None]
    waits = (effects.c.merchant_id == merchant.id, effects.c.id.in_(looks), effects.c.state == "pending")
    stopped = {"state": "skipped", "reason": why, "wake_at": None, "settled_at": clock.now()}
    session.execute(update(effects).where(*waits).values(**stopped))


def _close(session: Session, line: Line, reason: Reason) -> None:
    """What was waited for does not come back: nobody waits for it any more."""
    end(session, line, reason)
    mine = (sign_ups.c.merchant_id == line.merchant.id, sign_ups.c.variant_id == line.variant_id)
    sign_up_endings.close(session, mine, reason, clock.now(line.merchant))


def notify_now(machine: Machine, merchant_id: int, variant_id: int, people: int, by: str) -> bool:
    """A member wants a line told now, without waiting for the next wave: up to
    `people`, and no more than there is for them; `by` is her name. False where the flow is off or
    nobody waits."""
    flow = next(flow for flow in machine.flows.values() if flow.subject == "sign_up")
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        saved = machine.settings_of(session, merchant_id, merchant.settings_rev).flows[flow.key]
        if saved.mode == "off" or not _anybody(session, merchant, variant_id):
            return False
        line = Line(merchant, flow, saved, variant_id)
        asked = {"people": people, "by": by}
        if not _hurry(session, line, asked):
            look_at(session, _going_on(session, line), clock.now(merchant), "now", asked)
    machine.bells.due()
    return True


def _anybody(session: Session, merchant: Merchant, variant_id: int) -> bool:
    mine = (sign_ups.c.merchant_id + 0 == merchant.id, sign_ups.c.variant_id == variant_id, WAITS)
    return bool(session.execute(select(exists().where(*mine))).scalar_one())


def _hurry(session: Session, line: Line, asked: Mapping[str, Any]) -> bool:
    """The look that was to come is now; false where the line is not being told."""
    found = select(restocks.c.id, restocks.c.look_id).where(restocks.c.id.in_(_running(line)))
    running = session.execute(found.with_for_update()).one_or_none()
    if running is None:
        return False
    now = clock.now()
    payload = {"restock": running.id, "name": "now", **asked}
    look = (effects.c.merchant_id == line.merchant.id, effects.c.id == running.look_id)
    waits = (*look, effects.c.state.in_(("pending", "claimed")))
    values = {"due_at": clock.now(line.merchant), "wake_at": now, "payload": payload}
    hurried: Any = session.execute(update(effects).where(*waits).values(**values))
    announce(session, line.merchant.id, now)
    return bool(hurried.rowcount)


def _going_on(session: Session, line: Line) -> Line:
    """The line with its restock, if one runs, and the looks there were at it."""
    running = session.execute(_running(line)).scalar_one_or_none()
    if running is None:
        return line
    looks = effects.c.key.like(f"{line.merchant.key}.line{running}.%")
    mine = (effects.c.merchant_id == line.merchant.id, effects.c.kind == WAVE, looks)
    steps = session.execute(select(func.max(effects.c.step)).where(*mine)).scalar_one()
    return replace(line, restock_id=running, step=int(steps or 0))


def look_again_at_forgotten(machine: Machine) -> None:
    """A restock that runs is looked at again, whatever became of the look that was
    to come: a fault of ours may have ended it."""
    open_ = exists().where(
        effects.c.id == restocks.c.look_id, effects.c.state.in_(("pending", "claimed", "acting", "held"))
    )
    with reading(machine.db) as session:
        named = (restocks.c.merchant_id, restocks.c.variant_id, restocks.c.flow, restocks.c.mode)
        found = select(*named).where(RUNNING, ~open_)
        forgotten = session.execute(found).all()
    for row in forgotten:
        log.warning("line_forgotten", merchant_id=row.merchant_id, variant_id=row.variant_id)
        with transaction(machine.db) as session:
            merchant = session.get_one(Merchant, row.merchant_id)
            saved = machine.settings_of(session, merchant.id, merchant.settings_rev).flows[row.flow]
            line = _going_on(session, Line(merchant, machine.flows[row.flow], saved, row.variant_id))
            if saved.mode != row.mode:
                end_all(session, merchant, Reason.FLOW_OFF, row.flow)
            elif line.restock_id is not None:
                look_at(session, line, clock.now(merchant) + SOON, "wave")
