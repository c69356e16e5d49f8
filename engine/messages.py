"""The messages of a trip as rows: added, moved, and worded as settings say now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from core import clock
from core.actions import SendMessage
from core.models.tables import effects
from core.reasons import Reason
from engine.built import Inserting
from engine.deciding import Deciding, Trip
from engine.late import note
from engine.work import announce

MOVABLE = ("pending", "claimed", "held")
# Whatever returns something goes to the database as one statement for all its rows.
_ADD = effects.insert().returning(effects.c.id, effects.c.step)
_ADD_MESSAGES = Inserting(effects, lambda row: row)


_OF_TRIP = select(
    effects.c.id,
    effects.c.key,
    effects.c.step,
    effects.c.state,
    effects.c.due_at,
    effects.c.waits_for,
    effects.c.payload,
    effects.c.settings_version,
).where(
    effects.c.enrolment_id == bindparam("trip"),
    effects.c.merchant_id == bindparam("whose"),
    effects.c.kind == "send_message",
)


def messages_of(case: Deciding, trip: Trip) -> dict[int, Any]:
    """The trip's message rows by step."""
    wanted = {"trip": trip.id, "whose": case.merchant.id}
    return {row.step: row for row in case.session.connection().execute(_OF_TRIP, wanted)}


def add_messages(case: Deciding, trip: Trip, messages: Sequence[SendMessage]) -> None:
    """One row is one effect: a message with a code waits for the code's row."""
    if not messages:
        return
    state = "held" if trip.state == "held" else "pending"
    codes = _add_codes(case, trip, [m for m in messages if m.incentive.kind != "none"], state)
    rows = []
    for message in messages:
        code_id = codes.get(message.step)
        wake_at = None if code_id else clock.real_time(case.merchant, message.due_at)
        row = _effect(case, trip.id, message, _key(case, trip, message), state, wake_at)
        rows.append(row | {"kind": "send_message", "waits_for": code_id})
    _ADD_MESSAGES.tell(case.session, *rows)
    earliest = min(message.due_at for message in messages)
    announce(case.session, case.merchant.id, clock.real_time(case.merchant, earliest))
    note(case.session, case.merchant, [message.due_at for message in messages])


def _add_codes(case: Deciding, trip: Trip, messages: Sequence[SendMessage], state: str) -> dict[int, int]:
    """The rows of the codes by the step whose message waits for them."""
    rows = [
        _effect(
            case, trip.id, m, f"{_key(case, trip, m)}.code", state, clock.real_time(case.merchant, m.due_at)
        )
        for m in messages
    ]
    if not rows:
        return {}
    return {row.step: row.id for row in case.session.connection().execute(_ADD, rows)}


def _key(case: Deciding, trip: Trip, message: SendMessage) -> str:
    return f"{case.merchant.key}.{trip.id}.{message.step}"


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
    note(case.session, case.merchant, [message.due_at])


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
    code = _effect(case, trip.id, message, key, state, wake_at)
    code_id = case.session.connection().execute(_ADD, code).one().id
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
        "claim": 0,
        "attempts": 0,
        "undo": False,
    }


def _payload(message: SendMessage) -> dict[str, Any]:
    return {
        "content": message.content,
        "incentive": message.incentive.kind,
        "value": message.incentive.value,
    }
