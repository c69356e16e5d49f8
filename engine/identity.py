"""Who is meant: from addresses to one person, locked for what follows.

Adding one to a person's `version` is the lock; it also tells everybody who
loaded facts about the person that they have moved.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from core import clock
from core.addresses import canonical
from core.db import dialect_of, insert
from core.events import Contact
from core.models import Merchant
from core.models.tables import (
    addresses,
    carts,
    decisions,
    effects,
    enrolments,
    inbound_people,
    orders,
    people,
)
from core.reasons import Reason
from core.vault import Vault
from engine.trips import end_trip, lane_of


@dataclass(frozen=True, slots=True)
class Found:
    """A person and, where the contact has one, the e-mail address's row."""

    person_id: int
    email_id: int | None


def fingerprint(vault: Vault, merchant_id: int, channel: str, value: str) -> str:
    """By what an address is found; e-mail as it is searched for, the others
    with their channel before them so that they never meet."""
    if channel == "email":
        return vault.fingerprint(merchant_id, canonical(value))
    clean = re.sub(r"[^0-9+]", "", value) if channel == "phone" else value.strip().lower()
    return vault.fingerprint(merchant_id, f"{channel}:{clean}")


def name_binding(merchant_id: int, person_id: int) -> str:
    """What a person's sealed first name is bound to."""
    return f"person:{merchant_id}:{person_id}:first_name"


def masked(channel: str, value: str) -> str:
    """What pages show of an address: enough to know it, too little to use."""
    if channel != "email" or "@" not in value:
        return f"…{value[-3:]}"
    local, domain = value.rsplit("@", 1)
    return f"{local[:1]}…@{domain}"


def resolve(
    session: Session, vault: Vault, merchant_id: int, contact: Contact, seen_at: datetime
) -> Found | None:
    """Find or make the contact's person and lock it; None for an unnamed one.

    Two people whom one contact names both by e-mail and by customer number
    are one person: the elder takes over what the younger had.
    """
    named = _named(vault, merchant_id, contact)
    if not named:
        return None
    _lock_names(session, named)
    known = _known(session, merchant_id, named)
    ids = sorted({person for person, _ in known.values()})
    person_id = ids[0] if ids else _make_person(session, merchant_id)
    lock_people(session, merchant_id, ids or [person_id])
    for younger in ids[1:]:
        _learn_from(session, vault, merchant_id, younger, person_id)
        _merge(session, merchant_id, younger, person_id)
    _add_addresses(session, vault, merchant_id, person_id, named, known)
    _learn(session, vault, merchant_id, person_id, contact, seen_at)
    return Found(person_id, _email_id(session, merchant_id, named))


_LOCK = (
    update(people)
    .where(people.c.id == bindparam("who"), people.c.merchant_id == bindparam("whose"))
    .values(version=people.c.version + 1)
    .returning(people.c.version)
)


def lock_people(session: Session, merchant_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Lock these people in the order of their ids; their new versions."""
    versions = {}
    for person_id in sorted(set(ids)):
        wanted = {"who": person_id, "whose": merchant_id}
        moved = session.connection().execute(_LOCK, wanted).scalar_one_or_none()
        if moved is not None:
            versions[person_id] = moved
    return versions


_THEIRS = select(enrolments.c.person_id).where(
    enrolments.c.merchant_id == bindparam("whose"), enrolments.c.id.in_(bindparam("trips", expanding=True))
)
_PEOPLE = select(people.c.id).where(people.c.id.in_(_THEIRS)).order_by(people.c.id)
_TRIPS = _THEIRS.order_by(enrolments.c.id)


def lock_trips(session: Session, merchant_id: int, trips: Sequence[int]) -> None:
    """Before rows of these trips are written. SQLite has one writer anyway."""
    if trips and dialect_of(session) == "postgresql":
        for whom in (_PEOPLE, _TRIPS):
            values = {"whose": merchant_id, "trips": list(trips)}
            session.connection().execute(whom.with_for_update(key_share=True), values)


Names = dict[tuple[str, str], str]


def _named(vault: Vault, merchant_id: int, contact: Contact) -> Names:
    """(channel, fingerprint) → value of what identifies a person. A phone is
    often shared, so it finds purchases but never joins people."""
    given = {"email": contact.email, "customer": contact.customer_ref}
    return {
        (channel, fingerprint(vault, merchant_id, channel, value)): value.strip()
        for channel, value in given.items()
        if value and value.strip()
    }


def _lock_names(session: Session, named: Names) -> None:
    """Two workers that meet a new person at once must not make two. SQLite
    has one writer anyway."""
    if dialect_of(session) == "postgresql":
        for _, print_ in sorted(named):
            session.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": print_}
            )


def _known(session: Session, merchant_id: int, named: Names) -> dict[tuple[str, str], tuple[int, int]]:
    rows = session.execute(
        select(addresses.c.channel, addresses.c.fingerprint, addresses.c.person_id, addresses.c.id).where(
            addresses.c.merchant_id == merchant_id,
            addresses.c.fingerprint.in_([print_ for _, print_ in named]),
        )
    )
    return {(row.channel, row.fingerprint): (row.person_id, row.id) for row in rows}


def _make_person(session: Session, merchant_id: int) -> int:
    made = insert(people, session).values(merchant_id=merchant_id, version=0, seen={}, created_at=clock.now())
    return int(session.execute(made.returning(people.c.id)).scalar_one())


def _merge(session: Session, merchant_id: int, younger: int, elder: int) -> None:
    """Everything of the younger becomes the elder's. Of two trips in one lane
    the one with the older activity ends: the newer cart took it over."""
    _end_older_lane(session, merchant_id, younger, elder)
    for table in (addresses, carts, orders, enrolments, effects, decisions):
        session.execute(
            update(table)
            .where(table.c.merchant_id == merchant_id, table.c.person_id == younger)
            .values(person_id=elder)
        )
    session.execute(
        update(enrolments)
        .where(enrolments.c.merchant_id == merchant_id, enrolments.c.lane == lane_of(younger))
        .values(lane=lane_of(elder))
    )
    named = select(inbound_people.c.inbound_id).where(inbound_people.c.person_id == younger)
    rows = [
        {"inbound_id": row.inbound_id, "person_id": elder, "merchant_id": merchant_id}
        for row in session.execute(named)
    ]
    if rows:
        session.execute(insert(inbound_people, session).on_conflict_do_nothing(), rows)
    session.execute(people.delete().where(people.c.id == younger, people.c.merchant_id == merchant_id))


def _end_older_lane(session: Session, merchant_id: int, younger: int, elder: int) -> None:
    running = session.execute(
        select(enrolments.c.id, enrolments.c.flow, enrolments.c.mode)
        .where(
            enrolments.c.merchant_id == merchant_id,
            enrolments.c.lane.in_([lane_of(younger), lane_of(elder)]),
            enrolments.c.state.in_(["active", "held"]),
        )
        .order_by(enrolments.c.since.desc(), enrolments.c.id.desc())
    ).all()
    at = clock.now(session.get_one(Merchant, merchant_id)) if running else clock.now()
    kept: set[tuple[str, str]] = set()
    for row in running:
        if (row.flow, row.mode) in kept:
            end_trip(session, merchant_id, row.id, Reason.CART_REPLACED, at)
        kept.add((row.flow, row.mode))


def _add_addresses(
    session: Session,
    vault: Vault,
    merchant_id: int,
    person_id: int,
    named: Names,
    known: dict[tuple[str, str], tuple[int, int]],
) -> None:
    for (channel, print_), value in named.items():
        if (channel, print_) in known:
            continue
        session.execute(
            insert(addresses, session)
            .values(
                merchant_id=merchant_id,
                person_id=person_id,
                channel=channel,
                fingerprint=print_,
                value=vault.seal(value, f"address:{merchant_id}:{print_}"),
                masked=masked(channel, value),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing()
        )


def _learn(
    session: Session, vault: Vault, merchant_id: int, person_id: int, contact: Contact, seen_at: datetime
) -> None:
    """Each field follows the newest event that told it, whatever the order."""
    seen = session.execute(select(people.c.seen).where(people.c.id == person_id)).scalar_one()
    told = {"first_name": contact.first_name, "locale": contact.locale, "country": contact.country}
    marks = {
        name: f"{seen_at.isoformat()} {vault.fingerprint(merchant_id, value)[:8]}"
        for name, value in told.items()
        if value
    }
    news = {name: told[name] or "" for name, mark in marks.items() if mark > seen.get(name, "")}
    if not news:
        return
    values: dict[str, object] = dict(news)
    if "first_name" in news:
        values["first_name"] = vault.seal(news["first_name"], name_binding(merchant_id, person_id))
    fresh = seen | {name: marks[name] for name in news}
    session.execute(update(people).where(people.c.id == person_id).values(**values, seen=fresh))


def _learn_from(session: Session, vault: Vault, merchant_id: int, younger: int, elder: int) -> None:
    """What was told of the younger later than of the elder counts from now on."""
    both = select(people).where(people.c.merchant_id == merchant_id, people.c.id.in_([younger, elder]))
    rows = {row.id: row for row in session.execute(both)}
    theirs, ours = rows[younger], rows[elder]
    later = {name: mark for name, mark in theirs.seen.items() if mark > ours.seen.get(name, "")}
    values = {name: getattr(theirs, name) for name in later}
    if values.get("first_name") is not None:
        plain = vault.open(values["first_name"], name_binding(merchant_id, younger))
        values["first_name"] = vault.seal(plain, name_binding(merchant_id, elder))
    session.execute(update(people).where(people.c.id == elder).values(**values, seen=ours.seen | later))


def _email_id(session: Session, merchant_id: int, named: Names) -> int | None:
    prints = [print_ for channel, print_ in named if channel == "email"]
    if not prints:
        return None
    return session.execute(
        select(addresses.c.id).where(
            addresses.c.merchant_id == merchant_id,
            addresses.c.channel == "email",
            addresses.c.fingerprint == prints[0],
        )
    ).scalar_one_or_none()
