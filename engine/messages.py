"""The messages of a trip as rows: added, moved, and worded as settings say now."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.actions import SendMessage
from core.db import insert
from core.models.tables import effects
from core.reasons import Reason
from engine.deciding import Deciding, Trip
from engine.work import announce

MOVABLE = ("pending", "claimed", "held")


def messages_of(case: Deciding, trip: Trip) -> dict[int, Any]:
    """The trip's message rows by step."""
    columns = (
        effects.c.id,
        effects.c.key,
        effects.c.step,
        effects.c.state,
        effects.c.due_at,
        effects.c.waits_for,
        effects.c.payload,
        effects.c.settings_version,
    )
    found = select(*columns).where(effects.c.enrolment_id == trip.id, effects.c.kind == "send_message")
    return {row.step: row for row in case.session.execute(found)}


def add_message(case: Deciding, enrolment_id: int, message: SendMessage, state: str) -> None:
    """One row is one effect: a message with a code waits for the code's row."""
    key = f"{case.merchant.key}.{enrolment_id}.{message.step}"
    wake_at = clock.real_time(case.merchant, message.due_at)
    code_id = None
    if message.incentive.kind != "none":
        code_id = _insert(case, _effect(case, enrolment_id, message, f"{key}.code", state, wake_at))
    row = _effect(case, enrolment_id, message, key, state, None if code_id else wake_at)
    _insert(case, row | {"kind": "send_message", "waits_for": code_id})
    announce(case.session, case.merchant.id, wake_at)


def keep_up(case: Deciding, trip: Trip, row: Any, message: SendMessage) -> None:
    """A waiting message follows the cart's last activity and the settings."""
    if row.due_at != message.due_at:
        _move(case, trip, row, message)
    if row.settings_version != case.saved.version:
        _reword(case, trip, row, message)


def _move(case: Deciding, trip: Trip, row: Any, message: SendMessage) -> None:
    """A claimed row goes back too: whoever works on it finds it changed."""
    wake_at = clock.real_time(case.merchant, message.due_at)
    state = "held" if trip.state == "held" else "pending"
    values = {
        "due_at": message.due_at,
        "valid_until": message.valid_until,
        "state": state,
        "slot_day": None,
        "lease_until": None,
    }
    code_waits = row.waits_for is not None and _change(case, row.waits_for, **values, wake_at=wake_at)
    _change(case, row.id, **values, wake_at=None if code_waits else wake_at)
    announce(case.session, case.merchant.id, wake_at)


def _reword(case: Deciding, trip: Trip, row: Any, message: SendMessage) -> None:
    """Words and discount hold from saving. A code that is made already keeps
    what it promises."""
    worded = {"payload": row.payload | _payload(message), "settings_version": case.saved.version}
    if row.waits_for is None and message.incentive.kind != "none":
        return _begin_with_code(case, trip, row, message, worded)
    code_waits = row.waits_for is not None and _change(case, row.waits_for, **worded)
    if code_waits and message.incentive.kind == "none":
        wake_at = clock.real_time(case.merchant, message.due_at)
        off = {"state": "skipped", "reason": Reason.FLOW_OFF.value, "settled_at": clock.now()}
        _change(case, row.waits_for, **off, wake_at=None, lease_until=None)
        _change(case, row.id, **worded, waits_for=None, wake_at=wake_at)
        return announce(case.session, case.merchant.id, wake_at)
    if row.waits_for is not None and not code_waits:
        worded["payload"] |= {name: row.payload[name] for name in ("incentive", "value")}
    _change(case, row.id, **worded)
    return None


def _begin_with_code(
    case: Deciding, trip: Trip, row: Any, message: SendMessage, worded: dict[str, Any]
) -> None:
    """The message has got a discount since: it waits for the code's own row."""
    state = "held" if trip.state == "held" else "pending"
    wake_at = clock.real_time(case.merchant, message.due_at)
    key = f"{row.key}.code{case.saved.version}"
    code_id = _insert(case, _effect(case, trip.id, message, key, state, wake_at))
    _change(case, row.id, **worded, state=state, waits_for=code_id, wake_at=None, lease_until=None)
    announce(case.session, case.merchant.id, wake_at)


def _change(case: Deciding, effect_id: int, **values: Any) -> bool:
    changed = case.session.execute(
        update(effects)
        .where(
            effects.c.id == effect_id,
            effects.c.merchant_id == case.merchant.id,
            effects.c.state.in_(MOVABLE),
        )
        .values(**values)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _effect(
    case: Deciding, enrolment_id: int, message: SendMessage, key: str, state: str, wake_at: datetime | None
) -> dict[str, Any]:
    return {
        "merchant_id": case.merchant.id,
        "key": key,
        "enrolment_id": enrolment_id,
        "person_id": case.subject.person_id,
        "flow": case.flow.key,
        "mode": case.saved.mode,
        "kind": "create_discount",
        "purpose": case.flow.purpose,
        "step": message.step,
        "state": state,
        "due_at": message.due_at,
        "valid_until": message.valid_until,
        "wake_at": wake_at,
        "settings_version": case.saved.version,
        "payload": _payload(message),
    }


def _payload(message: SendMessage) -> dict[str, Any]:
    return {
        "content": message.content,
        "incentive": message.incentive.kind,
        "value": message.incentive.value,
    }


def _insert(case: Deciding, row: dict[str, Any]) -> int:
    made = insert(effects, case.session).values(**row, claim=0, attempts=0, undo=False)
    return int(case.session.execute(made.returning(effects.c.id)).scalar_one())
