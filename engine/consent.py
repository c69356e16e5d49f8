"""Objecting at Kontor: effective at once, for everything that waits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transaction
from core.models import Merchant
from core.models.tables import addresses, consents, effects
from core.reasons import Reason
from engine import consent_writing, late, sign_up_endings
from engine.identity import lock_people
from engine.machine import Machine
from engine.standing import KONTOR
from engine.trips import end_trips_of_person


def opt_out(
    machine: Machine,
    merchant_id: int,
    address_id: int,
    source: str,
    at: datetime,
    effect_id: int | None = None,
) -> bool:
    """Record that the person objects to advertising and end all trips; false
    where the address is gone (erased). `at` is the merchant's time; `source`
    says which page or header it came by and is kept as the text shown;
    `effect_id` is the message whose link was used."""
    act = Act(address_id, source, at, effect_id)
    with transaction(machine.db) as session:
        known = objected(machine, session, merchant_id, act)
    if known:
        machine.bells.due()
    return known


@dataclass(frozen=True, slots=True)
class Act:
    """An objection to advertising, as `opt_out` is told it; `reason` is what ends the trips."""

    address_id: int
    source: str
    at: datetime
    effect_id: int | None = None
    reason: Reason = Reason.UNSUBSCRIBED


def objected(machine: Machine, session: Session, merchant_id: int, act: Act) -> bool:
    """The same within a transaction; the bell is the caller's to ring."""
    found = select(addresses.c.person_id).where(
        addresses.c.id == act.address_id, addresses.c.merchant_id == merchant_id
    )
    person_id = session.execute(found).scalar_one_or_none()
    if person_id is None:
        return False
    lock_people(session, merchant_id, [person_id])
    _record(session, merchant_id, act)
    merchant = session.get_one(Merchant, merchant_id)
    due = select(effects.c.due_at).where(effects.c.merchant_id == merchant_id, effects.c.id == act.effect_id)
    late.note(session, merchant, session.execute(due).scalars().all())
    consent_writing.plan(machine, session, merchant, act.address_id, person_id, act.at)
    flows = [flow.key for flow in machine.flows.values() if flow.purpose != "service"]
    end_trips_of_person(session, merchant.id, person_id, act.reason, act.at, flows)
    sign_up_endings.objected(session, merchant_id, person_id, act.reason, act.at)
    return True


def _record(session: Session, merchant_id: int, act: Act) -> None:
    session.execute(
        insert(consents, session)
        .values(
            merchant_id=merchant_id,
            address_id=act.address_id,
            channel="email",
            purpose="marketing",
            state="opted_out",
            act_at=act.at,
            source=KONTOR,
            text=act.source,
            effect_id=act.effect_id,
            recorded_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
