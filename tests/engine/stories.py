"""What the engine's stories share: what was sent, what became of each step, and how to save settings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update

from core.db import reading
from core.facts import Mode
from core.models.tables import decisions, effects, enrolments, merchants
from core.reasons import Reason
from engine import changes
from engine.shop_settings import flow_settings
from flows import CATALOGUE
from flows.cart_recovery import PRESETS, CartRecoverySettings
from flows.flow import Flow
from integrations.roles import Message
from tests.support.kontor import Kontor

CART_RECOVERY: Flow = CATALOGUE["cart_recovery"]
ANNA, BEN = "anna@example.com", "ben@example.com"


class Postbox:
    """A channel that keeps what it is given, or raises what it is told to."""

    key = "postbox"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.failing: Exception | None = None

    def send(self, message: Message, merchant_id: int) -> str:
        if self.failing is not None:
            raise self.failing
        self.sent.append(message)
        return message.key

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        return any(message.key == key for message in self.sent)


def with_postbox(kontor: Kontor) -> Postbox:
    postbox = Postbox()
    kontor.machine = replace(kontor.machine, channel=postbox)
    return postbox


def steps(kontor: Kontor, *where: Any) -> list[tuple[int, str, str | None]]:
    """(step, state, reason) of every message, oldest trip first."""
    rows = kontor.rows(effects, effects.c.kind == "send_message", *where)
    ordered = sorted(rows, key=lambda row: (row.enrolment_id, row.step))
    return [(row.step, row.state, row.reason) for row in ordered]


def sent(kontor: Kontor) -> list[int]:
    """The steps that went out, in the order in which they went."""
    rows = kontor.rows(effects, effects.c.kind == "send_message", effects.c.state.in_(["done", "unknown"]))
    return [row.step for row in sorted(rows, key=lambda row: row.acted_at)]


def trips(kontor: Kontor) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in kontor.rows(enrolments)]


def decided(kontor: Kontor) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.kind, tuple(row.reasons)) for row in kontor.rows(decisions)]


def mode(kontor: Kontor, wanted: Mode, flow: Flow = CART_RECOVERY) -> None:
    changes.set_mode(kontor.machine, kontor.merchant_id, flow, wanted, "Mara")


def save(kontor: Kontor, **data: Any) -> None:
    """Save cart recovery's settings with these changes."""
    with reading(kontor.machine.db) as session:
        known = flow_settings(session, kontor.merchant_id, CART_RECOVERY).settings.model_dump(mode="json")
    changes.save_flow(kontor.machine, kontor.merchant_id, CART_RECOVERY, known | data, "Mara")


def save_preset(kontor: Kontor, preset: str, *, all_on: bool = True, **data: Any) -> None:
    steps_ = [step.model_dump() | ({"on": True} if all_on else {}) for step in PRESETS[preset].steps]
    save(kontor, steps=steps_, **data)


def save_shop(kontor: Kontor, **data: Any) -> None:
    changes.save_shop(kontor.machine, kontor.merchant_id, data, "Mara")


def step_settings(number: int, **changed: Any) -> list[Mapping[str, Any]]:
    """The standard steps, of which one is changed."""
    standard = [step.model_dump() for step in CartRecoverySettings().steps]
    return [step | (changed if n == number else {}) for n, step in enumerate(standard, start=1)]


def rewind(kontor: Kontor, to: datetime) -> None:
    """Set the merchant's clock, before anything waits."""
    offset = (to - kontor.now()).total_seconds() * 1000 + kontor.merchant.clock_offset_ms
    own = merchants.c.id == kontor.merchant_id
    kontor.write(update(merchants).where(own).values(clock_offset_ms=int(offset) + 1))


def is_known(reason: str | None) -> bool:
    return reason is None or reason.partition(":")[0] in set(Reason)
