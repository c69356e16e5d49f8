"""A message in doubt may have arrived, so nobody but a member decides that it
is sent again: once at most, with her name, and asked about as if it were new."""

from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transact
from core.models import Merchant
from core.models.tables import effects, enrolments
from core.reasons import Reason, noted
from engine import awaiting, places
from engine.decisions import Said, record
from engine.identity import lock_people
from engine.machine import Machine
from engine.work import announce

# What became of a member's wish: "decided" where it is no longer in doubt or
# somebody has decided before, "late" where it would make no sense any more.
Verdict = Literal["done", "decided", "late"]


def send_again(machine: Machine, merchant_id: int, effect_id: int, by: str) -> Verdict:
    """A new message on a trip of its own: the shop, consent and caps are asked
    once more when it goes. `by` is the member's name."""

    def begin(session: Session) -> Verdict:
        merchant, row = session.get_one(Merchant, merchant_id), _found(session, merchant_id, effect_id)
        if row is None:
            return "decided"
        lock_people(session, merchant_id, [row.person_id])
        if row.valid_until is not None and clock.now(merchant) > row.valid_until:
            return "late"
        if not _mark(session, merchant_id, effect_id, noted(Reason.SENT_AGAIN, by)):
            return "decided"
        _begin(session, merchant, row, by)
        awaiting.mend_if_over(session, merchant_id, awaiting.DOUBT)
        return "done"

    verdict = transact(machine.db, begin)
    machine.bells.due()
    return verdict


def leave(machine: Machine, merchant_id: int, effect_id: int, by: str) -> Verdict:
    """It stays in doubt, and asks for nobody any more."""

    def mark(session: Session) -> Verdict:
        if not _mark(session, merchant_id, effect_id, noted(Reason.LEFT_IN_DOUBT, by)):
            return "decided"
        awaiting.mend_if_over(session, merchant_id, awaiting.DOUBT)
        return "done"

    return transact(machine.db, mark)


def _found(session: Session, merchant_id: int, effect_id: int) -> Any | None:
    mine = (effects.c.id == effect_id, effects.c.merchant_id == merchant_id)
    trip = (enrolments.c.subject, enrolments.c.subject_id, enrolments.c.since)
    found = select(effects, *trip).join(enrolments, enrolments.c.id == effects.c.enrolment_id)
    return session.execute(found.where(*mine, *awaiting.IN_DOUBT)).one_or_none()


def _mark(session: Session, merchant_id: int, effect_id: int, reason: str) -> bool:
    """Two members who decide at one moment: the first one has."""
    mine = (effects.c.id == effect_id, effects.c.merchant_id == merchant_id)
    marked = update(effects).where(*mine, *awaiting.IN_DOUBT)
    return bool(session.execute(marked.values(reason=reason)).rowcount)  # type: ignore[attr-defined]


def _begin(session: Session, merchant: Merchant, row: Any, by: str) -> None:
    """The number of its trip is that of the message, below nothing: it is no
    entry into the flow, and there can be but one."""
    trip = {
        "merchant_id": merchant.id,
        "person_id": row.person_id,
        "flow": row.flow,
        "mode": row.mode,
        "subject": row.subject,
        "subject_id": row.subject_id,
        "episode": -row.id,
        "state": "active",
        "since": row.since,
        "settings_version": row.settings_version,
        "enrolled_at": clock.now(merchant),
    }
    began = insert(enrolments, session).values(**trip).returning(*enrolments.c)
    enrolment = session.execute(began).one()
    message = {name: getattr(row, name) for name in COPIED} | {
        "key": f"{row.key}+1",
        "enrolment_id": enrolment.id,
        "state": "pending",
        "due_at": clock.now(merchant),
        "wake_at": clock.now(),
        "payload": row.payload | {"again": True},
    }
    session.execute(insert(effects, session).values(**message))
    places.call_again(session, merchant.id, row)
    said = Said.of_trip(enrolment, "again", (Reason.SENT_AGAIN,), clock.now(merchant), None)
    record(session, said, f"{by}#{row.id}")
    announce(session, merchant.id, clock.now())


COPIED = (
    "merchant_id",
    "person_id",
    "flow",
    "mode",
    "kind",
    "purpose",
    "step",
    "valid_until",
    "waits_for",
    "settings_version",
)
