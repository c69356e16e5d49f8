"""How a sign-up ends: after its time, by an objection, or as if it had never been."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, exists, literal, literal_column, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact
from core.models import Merchant, metadata
from core.models.tables import (
    addresses,
    consents,
    mailbox_messages,
    merchants,
    people,
    sign_up_letters,
    sign_ups,
    variants,
)
from core.reasons import Reason
from engine.identity import lock_people
from engine.machine import Machine
from engine.waitlist import FLOW, OPEN, WAITS

BATCH = 500
_UNCONFIRMED = sign_ups.c.state == literal_column("'unconfirmed'")
# As the index of what ends says it.
_ENDING = sign_ups.c.state.in_([literal_column("'unconfirmed'"), literal_column("'waiting'")])


def end(session: Session, ids: Sequence[int], reason: Reason, at: datetime) -> None:
    """`at` is the merchant's time."""
    over = {"state": "over", "reason": reason.value, "over_at": at}
    session.execute(update(sign_ups).where(sign_ups.c.id.in_(ids), sign_ups.c.state.in_(OPEN)).values(**over))


def objected(session: Session, merchant_id: int, person_id: int, reason: Reason, at: datetime) -> None:
    """Whoever objects waits for nothing any more that she signed up for before; the
    caller holds her lock."""
    hers = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.person_id == person_id)
    before = sign_ups.c.place_at <= at
    over = {"state": "over", "reason": reason.value, "over_at": at}
    called = (*hers, before, sign_ups.c.state == "called")
    session.execute(update(sign_ups).where(*called).values(**over))
    close(session, (*hers, before), reason, at)


def close(session: Session, which: Sequence[ColumnElement[bool]], reason: Reason, at: datetime) -> None:
    """Nobody waits there any more; who had not confirmed is soon forgotten."""
    over = {"state": "over", "reason": reason.value, "over_at": at}
    session.execute(update(sign_ups).where(*which, WAITS).values(**over))
    session.execute(update(sign_ups).where(*which, _UNCONFIRMED).values(ends_at=at))


def expire(machine: Machine) -> int:
    """End what has waited long enough, by each merchant's clock, and forget what
    nobody confirmed; how many."""
    with reading(machine.db) as session:
        moved = list(session.scalars(select(Merchant).where(merchants.c.clock_offset_ms != 0)))
    real = select(merchants.c.id).where(merchants.c.clock_offset_ms == 0)
    # The sum keeps SQLite from an index of all that a shop ever had: what ends has its own.
    whose = sign_ups.c.merchant_id + 0
    done = _all(machine, whose.in_(real), clock.now())
    return done + sum(_all(machine, whose == one.id, clock.now(one)) for one in moved)


def _all(machine: Machine, whose: ColumnElement[bool], now: datetime) -> int:
    done, found = 0, BATCH
    while found == BATCH and not machine.stopping.is_set():
        found = transact(machine.db, lambda session: _some(session, whose, now))
        done += found
    return done


def _some(session: Session, whose: ColumnElement[bool], now: datetime) -> int:
    due = (sign_ups.c.ends_at <= now, _ENDING, whose)
    rows = session.execute(select(sign_ups).where(*due).order_by(sign_ups.c.ends_at).limit(BATCH)).all()
    _lock(session, rows)
    # Whoever confirmed or left meanwhile is not due any more.
    mine = sign_ups.c.id.in_([row.id for row in rows])
    late = session.execute(select(sign_ups).where(mine, *due)).all()
    forget(session, [row.id for row in late if row.state == "unconfirmed"])
    end(session, [row.id for row in late if row.state == "waiting"], Reason.WAITED_LONG, now)
    return len(rows)


def _lock(session: Session, rows: Iterable[Any]) -> None:
    hers: dict[int, set[int]] = {}
    for row in rows:
        hers.setdefault(row.merchant_id, set()).add(row.person_id)
    for merchant_id in sorted(hers):
        lock_people(session, merchant_id, hers[merchant_id])


def forget(session: Session, ids: Sequence[int]) -> None:
    """As if nobody had signed up: the sign-ups, what was asked of her, the letters,
    and an address and a person that nothing else tells of."""
    if not ids:
        return
    these = sign_ups.c.id.in_(ids)
    rows = session.execute(select(sign_ups.c.address_id, sign_ups.c.person_id).where(these)).all()
    keys = select(sign_up_letters.c.key).where(sign_up_letters.c.sign_up_id.in_(ids))
    session.execute(delete(mailbox_messages).where(mailbox_messages.c.key.in_(keys)))
    session.execute(delete(consents).where(consents.c.id.in_(_asked(these))))
    session.execute(delete(sign_ups).where(these))
    for table, column, numbers in (
        (addresses, "address_id", {row.address_id for row in rows}),
        (people, "person_id", {row.person_id for row in rows}),
    ):
        unused = [~exists().where(other.c[column] == table.c.id) for other in _naming(column)]
        session.execute(delete(table).where(table.c.id.in_(numbers), *unused))


def _asked(these: ColumnElement[bool]) -> Any:
    """The acts of asking that nobody answered."""
    purpose = literal(f"{FLOW}:") + variants.c.ref
    return (
        select(consents.c.id)
        .join(sign_ups, sign_ups.c.address_id == consents.c.address_id)
        .join(variants, variants.c.id == sign_ups.c.variant_id)
        .where(these, consents.c.purpose == purpose, consents.c.state == "pending")
        .where(consents.c.act_at >= sign_ups.c.place_at)
    )


def _naming(column: str) -> list[Table]:
    """All that may tell of an address or a person."""
    return [table for table in metadata.sorted_tables if column in table.c]
