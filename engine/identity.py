"""Who is meant: from addresses to one person, locked for what follows.

Adding one to a person's `version` is the lock; it also tells everybody who
loaded facts about the person that they have moved.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, column, or_, select, text, update
from sqlalchemy.orm import Session

from core import clock
from core.addresses import canonical
from core.db import dialect_of
from core.events import Contact
from core.models.tables import addresses, orders, people
from core.statements import Asked, Statement, one_of, records_of
from core.vault import Vault
from engine.built import Inserting
from engine.merging import merge

# What names a person. A phone is often shared, so it finds purchases but never joins people.
IDENTIFYING = ("email", "customer")
LEARNT = ("first_name", "locale", "country")


@dataclass(frozen=True, slots=True)
class Found:
    """A person and, where the contact has one, the e-mail address's row.
    Nothing else belongs to somebody made just now, by this very transaction."""

    person_id: int
    email_id: int | None
    just_made: bool = field(default=False, compare=False)


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
    known, seen = _lock_known(session, merchant_id, named)
    person_id, *younger = sorted(seen) or [_make(session, vault, merchant_id, contact, seen_at)]
    for other in younger:
        seen[person_id] = _learn_from(session, vault, merchant_id, other, person_id)
        merge(session, merchant_id, other, person_id)
    if person_id in seen:
        _learn(session, vault, merchant_id, person_id, contact, seen_at, seen[person_id])
    adding = _adding(session, vault, merchant_id, person_id, {n: named[n] for n in named if n not in known})
    made = {row.channel: row.id for (row,) in records_of(session, adding)}
    ids = {channel: address for (channel, _), (_, address) in known.items()} | made
    return Found(person_id, ids.get("email"), just_made=person_id not in seen)


def meant_by(
    session: Session, vault: Vault, merchant_id: int, contact: Contact, order_refs: Iterable[str]
) -> list[int]:
    """The people whom a contact or these orders name."""
    prints = [print_ for _, print_ in _named(vault, merchant_id, contact)]
    by_address = select(addresses.c.person_id).where(
        addresses.c.merchant_id == merchant_id, addresses.c.fingerprint.in_(prints)
    )
    by_order = select(orders.c.person_id).where(
        orders.c.merchant_id == merchant_id, orders.c.ref.in_(order_refs), orders.c.person_id.is_not(None)
    )
    found = set(session.execute(by_address).scalars()) | set(session.execute(by_order).scalars())
    return sorted(found)


def prints_of(vault: Vault, merchant_id: int, contact: Contact) -> list[tuple[str, str]]:
    """(channel, fingerprint) of what identifies whoever the contact names."""
    return list(_named(vault, merchant_id, contact))


_whom = people.alias("whom")
_in_order = (
    select(_whom.c.id)
    .where(one_of(_whom.c.id, "people"))
    .order_by(_whom.c.id)
    .with_for_update(key_share=True)
)
# Adding one to a person's version is the lock; it tells everybody who loaded facts
# about the person that they have moved. Plus nothing, so that people are found by
# their own numbers: until its tables are analyzed PostgreSQL would walk through all
# of the merchant's instead.
_locking = (
    update(people)
    .where(people.c.merchant_id + 0 == bindparam("whose"), people.c.id.in_(_in_order))
    .values(version=people.c.version + 1)
)
_LOCK = Statement(_locking.returning(people.c.id, people.c.version))
_LOCK_AND_TELL = _locking.returning(people.c.id, people.c.seen, people.c.erased_at)


def lock_people(session: Session, merchant_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Lock these people in the order of their ids; their new versions."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = _LOCK.rows(session, {"whose": merchant_id, "people": wanted})
    return {person_id: version for person_id, version in rows}  # noqa: C416 - Two numbers, not any pair.


def _lock_and_tell(session: Session, merchant_id: int, ids: Iterable[int]) -> dict[int, Any]:
    wanted = {"whose": merchant_id, "people": sorted(set(ids))}
    return {row.id: row for row in session.connection().execute(_LOCK_AND_TELL, wanted)}


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


# One row after the other, so every worker takes the locks in the same order.
_LOCK_NAMES = Statement(
    text(
        "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) AS held"
        " FROM unnest(CAST(:names AS text[])) AS name"
    ).columns(column("held"))
)


def _locking_names(session: Session, named: Names) -> list[Asked]:
    """Two workers that meet a new person at once must not make two. SQLite
    has one writer anyway."""
    if dialect_of(session) != "postgresql":
        return []
    return [(_LOCK_NAMES, {"names": [print_ for _, print_ in sorted(named)]})]


_KNOWN = Statement(
    select(addresses.c.channel, addresses.c.fingerprint, addresses.c.person_id, addresses.c.id).where(
        addresses.c.merchant_id == bindparam("whose"),
        or_(*(addresses.c.channel == channel for channel in IDENTIFYING)),
        one_of(addresses.c.fingerprint, "prints"),
    )
)
Known = dict[tuple[str, str], tuple[int, int]]
Seen = dict[str, str]


def _lock_known(session: Session, merchant_id: int, named: Names) -> tuple[Known, dict[int, Seen]]:
    """Whom these names belong to, locked, and what was learnt of each when."""
    wanted = {"whose": merchant_id, "prints": [print_ for _, print_ in named]}
    rows = records_of(session, [*_locking_names(session, named), (_KNOWN, wanted)])[-1]
    ids = {person_id for _, _, person_id, _ in rows}
    locked = _lock_and_tell(session, merchant_id, ids) if ids else {}
    moved = len(locked) < len(ids) or any(row.erased_at is not None for row in locked.values())
    if moved and _KNOWN.records(session, wanted) != rows:
        # Two of them were made one, or one was erased, since they were looked up.
        return _lock_known(session, merchant_id, named)
    known = {(channel, print_): (person_id, row_id) for channel, print_, person_id, row_id in rows}
    return known, {person_id: row.seen for person_id, row in locked.items()}


_MAKE = Inserting(people, lambda row: row.returning(people.c.id))
_NAME = Statement(
    update(people)
    .where(people.c.id == bindparam("who"), people.c.merchant_id == bindparam("whose"))
    .values(first_name=bindparam("name"))
)


def _make(session: Session, vault: Vault, merchant_id: int, contact: Contact, seen_at: datetime) -> int:
    """Nobody else sees the row before the commit: it is locked by being made.
    The first name is sealed to the row's number, so it comes after."""
    seen = _marks(vault, merchant_id, contact, seen_at)
    values = {
        "merchant_id": merchant_id,
        "version": 1,
        "locale": contact.locale or None,
        "country": contact.country or None,
        "seen": seen,
        "created_at": clock.now(),
    }
    person_id = int(_MAKE.rows(session, values)[0][0])
    if contact.first_name:
        name = vault.seal(contact.first_name, name_binding(merchant_id, person_id))
        _NAME.tell(session, {"who": person_id, "whose": merchant_id, "name": name})
    return person_id


_ADD = Inserting(addresses, lambda row: row.returning(addresses.c.channel, addresses.c.id))


def _adding(session: Session, vault: Vault, merchant_id: int, person_id: int, unknown: Names) -> list[Asked]:
    rows = [
        {
            "merchant_id": merchant_id,
            "person_id": person_id,
            "channel": channel,
            "fingerprint": print_,
            "value": vault.seal(value, f"address:{merchant_id}:{print_}"),
            "masked": masked(channel, value),
            "created_at": clock.now(),
        }
        for (channel, print_), value in unknown.items()
    ]
    return [_ADD.asked(session, row) for row in rows]


def _marks(vault: Vault, merchant_id: int, contact: Contact, seen_at: datetime) -> Seen:
    """By what the newest event that told a field is known."""
    told = {name: getattr(contact, name) for name in LEARNT}
    return {
        name: f"{seen_at.isoformat()} {vault.fingerprint(merchant_id, value)[:8]}"
        for name, value in told.items()
        if value
    }


def _learn(
    session: Session,
    vault: Vault,
    merchant_id: int,
    person_id: int,
    contact: Contact,
    seen_at: datetime,
    seen: Seen,
) -> None:
    """Each field follows the newest event that told it, whatever the order."""
    marks = _marks(vault, merchant_id, contact, seen_at)
    news = {name: mark for name, mark in marks.items() if mark > seen.get(name, "")}
    if not news:
        return
    values: dict[str, object] = {name: getattr(contact, name) for name in news}
    if "first_name" in news:
        values["first_name"] = vault.seal(contact.first_name or "", name_binding(merchant_id, person_id))
    session.execute(update(people).where(people.c.id == person_id).values(**values, seen=seen | news))


def _learn_from(session: Session, vault: Vault, merchant_id: int, younger: int, elder: int) -> Seen:
    """What was told of the younger later than of the elder counts from now on;
    by what the elder's fields are known then."""
    both = select(people).where(people.c.merchant_id == merchant_id, people.c.id.in_([younger, elder]))
    rows = {row.id: row for row in session.execute(both)}
    theirs, ours = rows[younger], rows[elder]
    later = {name: mark for name, mark in theirs.seen.items() if mark > ours.seen.get(name, "")}
    values = {name: getattr(theirs, name) for name in later}
    if values.get("first_name") is not None:
        plain = vault.open(values["first_name"], name_binding(merchant_id, younger))
        values["first_name"] = vault.seal(plain, name_binding(merchant_id, elder))
    seen: Seen = ours.seen | later
    session.execute(update(people).where(people.c.id == elder).values(**values, seen=seen))
    return seen
