"""The locks of step 10, and how things stand once they are held, in two statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, literal_column, or_, select
from sqlalchemy.orm import Session

from core.db import reading
from core.models import Merchant
from core.models.tables import effects, enrolments, inbound, look_ups, merchants
from core.statements import Statement, one_of
from engine import mail_days
from engine.identity import lock_people
from engine.known import Subject
from engine.machine import Machine
from engine.mail_days import NOTHING, Sent


@dataclass(frozen=True, slots=True)
class TripNow:
    """A trip as it stands: its state, and whose it is about what."""

    state: str
    person_id: int | None
    subject_id: int


@dataclass(frozen=True, slots=True)
class Now:
    """How things stand once the people are locked. `rev` is the settings'
    revision, `unread` whether an order waits to be read, `sent` what the shop
    has sent today, `versions` the people's new ones; `state` and `claim` are those of the effect asked for,
    which whoever holds the trip alone may be changing this moment: becoming
    `acting` asks for them once more."""

    rev: int | None = None
    unread: bool = False
    sent: Sent = NOTHING
    state: str | None = None
    claim: int | None = None
    versions: Mapping[int, int] = field(default_factory=dict)
    trips: Mapping[int, TripNow] = field(default_factory=dict)


def lock(session: Session, merchant: Merchant, subjects: Mapping[int, Subject], effect_id: int) -> Now:
    """Lock the people of these trips, then the trips, each in the order of
    their ids: the order everybody keeps. Who has been made one with somebody
    else since is not found; the trip tells whose it is now."""
    if not subjects:
        return Now()
    whom = {subject.person_id for subject in subjects.values() if subject.person_id is not None}
    versions = lock_people(session, merchant.id, whom)
    wanted = {"whose": merchant.id, "trips": sorted(subjects), "which": effect_id}
    found = _TRIPS.rows(session, wanted | mail_days.days(merchant))
    if not found:
        return Now(versions=versions)
    rev, unread, state, claim, today, known = found[0][4:]
    trips = {row[0]: TripNow(*row[1:4]) for row in found}
    others = {trip.person_id for trip in trips.values() if trip.person_id is not None} - set(versions)
    versions |= lock_people(session, merchant.id, others)
    sent = Sent(int(today), bool(known))
    return Now(rev, bool(unread), sent, state, claim, versions, trips)


def an_order_waits(machine: Machine, merchant_id: int) -> bool:
    """Whether an order that nobody has read yet is known to be there."""
    with reading(machine.db) as session:
        return bool(_WAITS.rows(session, {"whose": merchant_id})[0][0])


def _unread() -> ColumnElement[bool]:
    """Whether an order waits to be read: each part asks one partial index, in
    the very words of that index."""
    whose: BindParameter[int] = bindparam("whose")
    orders_asked_about = (look_ups.c.merchant_id == whose, look_ups.c.kind == "order")
    new = inbound.c.state == literal_column("'new'")
    unread = exists().where(inbound.c.merchant_id == whose, new, inbound.c.about_orders)
    waiting = exists().where(*orders_asked_about, look_ups.c.state == literal_column("'waiting'"))
    asking = exists().where(*orders_asked_about, look_ups.c.state == literal_column("'asking'"))
    return or_(unread, waiting, asking)


_WAITS = Statement(select(_unread()))
_TRIPS = Statement(
    select(
        enrolments.c.id,
        enrolments.c.state,
        enrolments.c.person_id,
        enrolments.c.subject_id,
        merchants.c.settings_rev,
        _unread(),
        select(effects.c.state).where(effects.c.id == bindparam("which")).scalar_subquery(),
        select(effects.c.claim).where(effects.c.id == bindparam("which")).scalar_subquery(),
        mail_days.TODAY,
        mail_days.KNOWN,
    )
    .join(merchants, merchants.c.id == bindparam("whose"))
    .where(enrolments.c.merchant_id + 0 == bindparam("whose"), one_of(enrolments.c.id, "trips"))
    .order_by(enrolments.c.id)
    .with_for_update(key_share=True, of=enrolments)
)
