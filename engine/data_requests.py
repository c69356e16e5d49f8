"""A shopper wants to know what is known about her: the shop passes it on, and
the merchant is given everything to answer with, within 30 days."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transaction
from core.events import Contact
from core.models.tables import data_requests, suppressions
from core.vault import Vault
from engine import notices
from engine.dossier import dossier
from engine.identity import meant_by, prints_of
from engine.machine import Machine

WITHIN = timedelta(days=30)
NOTICE = "data_request"


def remember(
    vault: Vault, session: Session, merchant_id: int, ref: str, contact: Contact, order_refs: Sequence[str]
) -> None:
    """Once, however often it is told; the merchant is told of each."""
    made = insert(data_requests, session).values(
        merchant_id=merchant_id,
        ref=ref,
        contact=vault.seal(json.dumps(asdict(contact)), binding(merchant_id, ref)),
        order_refs=list(order_refs),
        asked_at=clock.now(),
    )
    new = made.on_conflict_do_nothing().returning(data_requests.c.id)
    if session.execute(new).scalar_one_or_none() is not None:
        _tell(session, merchant_id)


def binding(merchant_id: int, ref: str) -> str:
    """What a request's sealed contact is bound to."""
    return f"data_request:{merchant_id}:{ref}"


def open_requests(session: Session, merchant_id: int) -> list[dict[str, Any]]:
    """What waits for an answer, the most pressing first."""
    mine = (data_requests.c.merchant_id == merchant_id, data_requests.c.answered_at.is_(None))
    rows = session.execute(select(data_requests).where(*mine).order_by(data_requests.c.asked_at))
    return [
        {"id": row.id, "ref": row.ref, "asked_at": row.asked_at, "due_at": row.asked_at + WITHIN}
        for row in rows
    ]


def answer(machine: Machine, merchant_id: int, request_id: int, by: str) -> dict[str, Any]:
    """Everything known about the person, as plain data, and the request is
    answered. Empty where the merchant has no such request; one that was
    answered before says when and by whom, for the contact is gone with it."""
    with transaction(machine.db) as session:
        mine = (data_requests.c.merchant_id == merchant_id, data_requests.c.id == request_id)
        row = session.execute(select(data_requests).where(*mine).with_for_update()).one_or_none()
        if row is None:
            return {}
        told = _told(machine, session, row)
        if row.answered_at is None:
            done = {"answered_at": clock.now(), "answered_by": by, "contact": None}
            session.execute(update(data_requests).where(*mine).values(**done))
            told |= {"answered_at": done["answered_at"], "answered_by": by}
            _close(session, merchant_id)
        return told


def forget(vault: Vault, session: Session, merchant_id: int, prints: Collection[str]) -> None:
    """Whoever is erased is no longer named by what she has asked."""
    mine = (data_requests.c.merchant_id == merchant_id, data_requests.c.contact.is_not(None))
    for row in session.execute(select(data_requests).where(*mine)).all():
        known = {print_ for _, print_ in prints_of(vault, merchant_id, _contact(vault, row))}
        if known & set(prints):
            own = data_requests.c.id == row.id
            session.execute(update(data_requests).where(own).values(contact=None, order_refs=[]))


def _told(machine: Machine, session: Session, row: Any) -> dict[str, Any]:
    told = {
        "request": row.ref,
        "asked_at": row.asked_at,
        "due_at": row.asked_at + WITHIN,
        "answered_at": row.answered_at,
        "answered_by": row.answered_by,
    }
    if row.answered_at is not None:
        return told | {"people": [], "erased": False}
    if row.contact is None:
        return told | {"people": [], "erased": True}
    contact = _contact(machine.vault, row)
    found = meant_by(session, machine.vault, row.merchant_id, contact, row.order_refs)
    people = [dossier(machine, session, row.merchant_id, person_id) for person_id in found]
    erased = _is_suppressed(machine.vault, session, row.merchant_id, contact)
    return told | {"people": people, "erased": erased or any(one["erased_at"] for one in people)}


def _is_suppressed(vault: Vault, session: Session, merchant_id: int, contact: Contact) -> bool:
    """Nothing but a keyed hash, lest we write to her again."""
    prints = [print_ for _, print_ in prints_of(vault, merchant_id, contact)]
    mine = (suppressions.c.merchant_id == merchant_id, suppressions.c.reason == "erased")
    known = select(suppressions.c.id).where(*mine, suppressions.c.fingerprint.in_(prints)).limit(1)
    return session.execute(known).scalar_one_or_none() is not None


def _contact(vault: Vault, row: Any) -> Contact:
    return Contact(**json.loads(vault.open(row.contact, binding(row.merchant_id, row.ref))))


def _tell(session: Session, merchant_id: int) -> None:
    """By when the most pressing one must be answered."""
    first = open_requests(session, merchant_id)[0]
    notices.raise_again(session, merchant_id, NOTICE, f"{first['due_at']:%Y-%m-%d}")


def _close(session: Session, merchant_id: int) -> None:
    mine = (data_requests.c.merchant_id == merchant_id, data_requests.c.answered_at.is_(None))
    left = session.execute(select(func.count()).select_from(data_requests).where(*mine)).scalar_one()
    if not left:
        notices.mend(session, merchant_id, NOTICE)
