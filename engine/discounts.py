"""Discount codes: made only when due, within a budget, removed when unused."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transaction
from core.errors import Retryable
from core.models import Merchant
from core.models.tables import discount_codes, effects, merchants
from core.money import Money
from core.reasons import Reason
from core.settings import FlowSettings
from engine import calendar
from engine.access import access_to
from engine.batches import Open
from engine.facts import address_of
from engine.known import Subject
from engine.machine import Machine
from engine.rendering import Offer
from engine.verdicts import Ready, Settled, begin_acting, lost, skipped
from engine.work import announce
from integrations.roles import DiscountOrder

# No letters or digits that are easily mistaken for one another.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 10
REMOVED_AFTER = timedelta(hours=1)


def prepare_creation(
    machine: Machine, session: Session, opened: Open, row: Any, subject: Subject
) -> Ready | Settled:
    """The random code is stored before the call, so that after a doubtful
    answer the shop can be asked for that very code."""
    if row.mode == "shadow":
        return skipped(row, Reason.SHADOW)
    code = _stored(session, opened, row) or _reserve(session, opened, row, subject)
    if code is None:
        return skipped(row, Reason.DISCOUNT_SPENT)
    lease = timedelta(seconds=machine.config.lease_seconds)
    if not begin_acting(session, opened, row, lease):
        return lost(session, row)
    order = _order(machine, opened, code, subject)
    return Ready(lambda: _create(machine, opened, row, order))


def lock_budget(session: Session, merchant_id: int) -> None:
    """Taken before the person's lock, as whoever changes settings does; rows
    that only name the merchant may still be written meanwhile."""
    mine = select(merchants.c.id).where(merchants.c.id == merchant_id)
    session.execute(mine.with_for_update(key_share=True))


def prepare_removal(machine: Machine, session: Session, opened: Open, row: Any) -> Ready | Settled:
    """An expired code that nobody used is taken out of the shop again."""
    code = session.execute(
        select(discount_codes).where(
            discount_codes.c.merchant_id == opened.merchant.id,
            discount_codes.c.effect_id == row.payload["made_by"],
        )
    ).one()
    if code.used_at is not None:
        return skipped(row, Reason.BOUGHT)
    if not begin_acting(session, opened, row, timedelta(seconds=machine.config.lease_seconds)):
        return lost(session, row)
    return Ready(lambda: _remove(machine, opened, code.id, code.code))


def exists_in_shop(machine: Machine, opened: Open, effect_id: int) -> bool | None:
    """Whether the code of this effect was made after all; None: can't tell."""
    live = machine.live.get(opened.merchant.platform)
    with transaction(machine.db) as session:
        code = session.execute(
            select(discount_codes.c.code).where(
                discount_codes.c.merchant_id == opened.merchant.id, discount_codes.c.effect_id == effect_id
            )
        ).scalar_one_or_none()
    if live is None or code is None:
        return None
    return live.has_discount(access_to(machine, opened.merchant.id), code)


def confirm(session: Session, merchant: Merchant, effect_id: int) -> None:
    """The code is in the shop: note it, and when it is to be taken out."""
    ends_at = session.execute(
        update(discount_codes)
        .where(
            discount_codes.c.merchant_id == merchant.id,
            discount_codes.c.effect_id == effect_id,
            discount_codes.c.made_at.is_(None),
        )
        .values(made_at=clock.now(merchant))
        .returning(discount_codes.c.ends_at)
    ).scalar_one_or_none()
    if ends_at is not None:
        _plan_removal(session, merchant, effect_id, ends_at + REMOVED_AFTER)


def pretended(opened: Open, row: Any) -> Offer:
    """The offer as it would stand in the message, of a code nobody made."""
    saved, asked = opened.settings.flows[row.flow].settings, row.payload
    return made_up(opened.merchant, saved, asked["incentive"], asked["value"], "SHADOW")


def made_up(merchant: Merchant, settings: FlowSettings, kind: Any, value: int, code: str) -> Offer:
    """An offer that ends when one made now would end; the code is nobody's."""
    ends_at = _ends_at(clock.now(merchant), getattr(settings, "discount_hours", 48), merchant.timezone)
    return Offer(code, kind, value, merchant.currency, ends_at, merchant.timezone)


def _stored(session: Session, opened: Open, row: Any) -> Any | None:
    return session.execute(
        select(discount_codes).where(
            discount_codes.c.merchant_id == opened.merchant.id, discount_codes.c.effect_id == row.id
        )
    ).one_or_none()


def _reserve(session: Session, opened: Open, row: Any, subject: Subject) -> Any | None:
    """A new code, unless what it can cost goes beyond the merchant's budget.
    The budget is locked, so that two codes never share the last cent."""
    merchant = opened.merchant
    cart = opened.loaded.matter(subject)
    cost = _cost(row.payload, cart.total_minor)
    saved = opened.settings.flows[row.flow].settings
    if _spent(session, merchant.id, row.flow) + cost > getattr(saved, "discount_budget", 0):
        return None
    ends_at = _ends_at(clock.now(merchant), getattr(saved, "discount_hours", 48), merchant.timezone)
    made = insert(discount_codes, session).values(
        merchant_id=merchant.id,
        effect_id=row.id,
        flow=row.flow,
        code="".join(secrets.choice(ALPHABET) for _ in range(LENGTH)),
        kind=row.payload["incentive"],
        value=row.payload["value"],
        currency=cart.currency,
        reserved_minor=cost,
        ends_at=ends_at,
    )
    return session.execute(made.returning(discount_codes)).one()


def _cost(payload: dict[str, Any], total_minor: int) -> int:
    """What the code can cost at most, in minor units, for this cart."""
    if payload["incentive"] == "percent":
        return -(-total_minor * int(payload["value"]) // 100)
    return int(payload["value"])


def _spent(session: Session, merchant_id: int, flow: str) -> int:
    """Set aside for codes that were used or still can be."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(discount_codes.c.reserved_minor), 0)).where(
                discount_codes.c.merchant_id == merchant_id,
                discount_codes.c.flow == flow,
                discount_codes.c.removed_at.is_(None),
                or_(discount_codes.c.made_at.is_not(None), ~_came_to_nothing()),
            )
        ).scalar_one()
    )


def _came_to_nothing() -> ColumnElement[bool]:
    """A code that was set aside and then surely not made costs nothing."""
    return exists().where(
        effects.c.id == discount_codes.c.effect_id, effects.c.state.in_(["failed", "skipped"])
    )


def _ends_at(now: datetime, hours: int, zone: str) -> datetime:
    """A midnight of the shop's zone, at least so many hours ahead."""
    return calendar.midnight_after(now + timedelta(hours=hours), ZoneInfo(zone))


def _order(machine: Machine, opened: Open, code: Any, subject: Subject) -> DiscountOrder:
    saved = opened.settings.flows[code.flow].settings
    minimum = getattr(saved, "discount_minimum", 0)
    address = address_of(opened.loaded, subject)
    email = None
    if address is not None:
        binding = f"address:{opened.merchant.id}:{address.fingerprint}"
        email = machine.vault.open(address.value, binding).decode()
    return DiscountOrder(
        code=code.code,
        kind=code.kind,
        value=code.value,
        currency=code.currency,
        ends_at=code.ends_at,
        minimum=Money(minimum, code.currency) if minimum else None,
        email=email,
        flow=code.flow,
    )


def _create(machine: Machine, opened: Open, row: Any, order: DiscountOrder) -> str:
    live = machine.live[opened.merchant.platform]
    access = access_to(machine, opened.merchant.id)
    if row.attempts == 0 or not live.has_discount(access, order.code):
        live.create_discount(access, order)
    with transaction(machine.db) as session:
        confirm(session, opened.merchant, row.id)
    return order.code


def _remove(machine: Machine, opened: Open, code_id: int, code: str) -> str:
    live = machine.live.get(opened.merchant.platform)
    if live is None:
        raise Retryable("this shop can't be called yet")
    live.remove_discount(access_to(machine, opened.merchant.id), code)
    with transaction(machine.db) as session:
        session.execute(
            update(discount_codes)
            .where(discount_codes.c.id == code_id, discount_codes.c.merchant_id == opened.merchant.id)
            .values(removed_at=clock.now(opened.merchant))
        )
    return code


def _plan_removal(session: Session, merchant: Merchant, made_by: int, due_at: datetime) -> None:
    source = session.execute(
        select(
            effects.c.key, effects.c.flow, effects.c.mode, effects.c.step, effects.c.settings_version
        ).where(effects.c.id == made_by, effects.c.merchant_id == merchant.id)
    ).one()
    wake_at = clock.real_time(merchant, due_at)
    session.execute(
        insert(effects, session)
        .values(
            merchant_id=merchant.id,
            key=f"{source.key}.removal",
            flow=source.flow,
            mode=source.mode,
            step=source.step,
            settings_version=source.settings_version,
            kind="remove_discount",
            purpose="service",
            undo=True,
            state="pending",
            due_at=due_at,
            wake_at=wake_at,
            claim=0,
            attempts=0,
            payload={"made_by": made_by},
        )
        .on_conflict_do_nothing()
    )
    announce(session, merchant.id, wake_at)
