"""Merchants, people and waiting steps, written in bulk."""

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, select, text, update
from sqlalchemy.orm import Session

from core import clock
from core.db import dialect_of, transaction
from core.models.tables import (
    addresses,
    carts,
    connections,
    consents,
    effects,
    enrolments,
    lines,
    merchants,
    people,
    settings_versions,
)
from engine.identity import name_binding
from engine.machine import Machine
from engine.work import announce
from integrations.sandbox import seed
from web import stand_ins

SHOPIFY_SECRET = "development-shopify-client-secret"
A_DAY = timedelta(days=1)
BLANKETS = ("blanket-clay", "blanket-moss", "blanket-night")
_numbers = itertools.count(1)

# Rows that wait and do nothing: no person, no trip, nothing to render.
WAITING = {
    "sqlite": (
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :count) ",
        "strftime('%Y-%m-%d %H:%M:%f', :start + n / 100.0, 'unixepoch') || '000'",
        "s",
    ),
    "postgresql": (
        "",
        "to_timestamp(:start + n / 100.0) AT TIME ZONE 'UTC'",
        "generate_series(1, CAST(:count AS INTEGER)) AS s(n)",
    ),
}


def shopify_merchant(machine: Machine) -> str:
    """A connected Shopify shop with cart recovery live; its domain."""
    stand_ins.add(machine, "shopify", "Bench", live=True, policy="opted_in")
    with transaction(machine.db) as session:
        found = select(connections.c.domain, connections.c.merchant_id).order_by(connections.c.id.desc())
        newest = session.execute(found.limit(1)).one()
        _live_since_yesterday(session, newest.merchant_id)
    return str(newest.domain)


def sandbox_merchant(machine: Machine) -> int:
    """A sandbox shop in real time, live since yesterday; its number."""
    merchant = seed.seed(machine.runtime)
    with transaction(machine.db) as session:
        session.execute(update(merchants).where(merchants.c.id == merchant.id).values(clock_offset_ms=0))
        _live_since_yesterday(session, merchant.id)
    return merchant.id


def _live_since_yesterday(session: Session, merchant_id: int) -> None:
    mine = settings_versions.c.merchant_id == merchant_id
    live = mine & settings_versions.c.live_since.is_not(None)
    session.execute(update(settings_versions).where(live).values(live_since=clock.now() - A_DAY))


def waiting_rows(machine: Machine, merchant_id: int, count: int, before: datetime) -> None:
    """`count` rows that are due, a hundredth of a second apart, the last at `before`."""
    with transaction(machine.db) as session:
        first, moment, source = WAITING[dialect_of(session)]
        statement = (
            f"{first}INSERT INTO effects (merchant_id, key, flow, mode, kind, purpose, step, undo, state, "
            "due_at, wake_at, claim, attempts, settings_version, payload) "
            f"SELECT :merchant, 'w{next(_numbers)}.' || n, 'cart_recovery', 'live', 'send_message', "
            f"'marketing', 1, false, 'pending', {moment}, {moment}, 0, 0, 1, '{{}}' FROM {source}"
        )
        start = before.timestamp() - count / 100
        session.execute(text(statement), {"merchant": merchant_id, "count": count, "start": start})
        announce(session, merchant_id, before - timedelta(seconds=count / 100))
    if machine.db.dialect.name == "postgresql":
        with machine.db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE effects"))


def steps(
    machine: Machine, merchant_id: int, due: list[datetime], asleep: timedelta = timedelta()
) -> list[int]:
    """A person with a cart, a trip and a first reminder for each of these
    moments; the reminders' numbers. They sleep on for `asleep`."""
    with transaction(machine.db) as session:
        greatest = (select(func.coalesce(func.max(table.c.id), 0)) for table in (people, effects))
        base = max(int(session.execute(found).scalar_one()) for found in greatest)
        ids = list(range(base + 1, base + 1 + len(due)))
        for table, make in _CHAIN:
            rows = [make(machine, merchant_id, number, at) for number, at in zip(ids, due, strict=True)]
            session.connection().execute(table.insert(), rows)
        move_sequences(session, [table for table, _ in _CHAIN])
        if asleep:
            mine = effects.c.id.between(ids[0], ids[-1])
            session.execute(update(effects).where(mine).values(wake_at=max(due) + asleep))
        announce(session, merchant_id, min(due) + asleep)
    return ids


def move_sequences(session: Session, tables: Iterable[Table]) -> None:
    """PostgreSQL gives out numbers after those that were written."""
    if dialect_of(session) != "postgresql":
        return
    for table in tables:
        greatest = f"SELECT max(id) FROM {table.name}"
        session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), ({greatest}))"))


def person(machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    name = machine.vault.seal("Anna", name_binding(merchant_id, id))
    row = {"id": id, "merchant_id": merchant_id, "version": 1, "first_name": name, "locale": "en"}
    return row | {"country": "DE", "seen": {}, "created_at": at}


def address(machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    value = f"anna-{id}@example.com"
    print_ = machine.vault.fingerprint(merchant_id, value)
    sealed = machine.vault.seal(value, f"address:{merchant_id}:{print_}")
    row = {"id": id, "merchant_id": merchant_id, "person_id": id, "channel": "email", "fingerprint": print_}
    return row | {"value": sealed, "masked": "a…@example.com", "created_at": at}


def _consent(_machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    row = {"merchant_id": merchant_id, "address_id": id, "channel": "email", "purpose": "marketing"}
    return row | {"state": "opted_in", "act_at": at - A_DAY, "source": "checkout", "recorded_at": at}


def _cart(machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    started = at - timedelta(hours=1)
    url = machine.vault.seal(f"https://shop.example/cart/{id}", f"cart:{merchant_id}:c{id}:url")
    row = {"id": id, "merchant_id": merchant_id, "person_id": id, "address_id": id, "ref": f"c{id}"}
    row |= {"token": f"t{id}", "kind": "cart", "currency": "EUR", "total_minor": 27200, "url": url}
    row |= {"locale": "en", "started_at": started, "activity_at": started, "platform_at": started}
    return row | {"digest": "", "test": False, "created_at": started}


def _line(position: int) -> Any:
    def make(_machine: Machine, merchant_id: int, id: int, _at: datetime) -> dict[str, Any]:
        row = {"merchant_id": merchant_id, "cart_id": id, "position": position, "product_ref": "blanket"}
        row |= {"variant_ref": BLANKETS[position], "title": "Wool blanket", "variant_title": "Moss"}
        return row | {"quantity": 1, "price_minor": 8900, "image_url": "https://shop.example/blanket.png"}

    return make


def _enrolment(_machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    row = {"id": id, "merchant_id": merchant_id, "person_id": id, "flow": "cart_recovery", "mode": "live"}
    row |= {"subject": "cart", "subject_id": id, "episode": 1, "lane": f"person:{id}", "state": "active"}
    since = at - timedelta(hours=1)
    return row | {"since": since, "settings_version": 1, "enrolled_at": since}


def _effect(_machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    row = {"id": id, "merchant_id": merchant_id, "key": f"e{id}", "enrolment_id": id, "person_id": id}
    row |= {"flow": "cart_recovery", "mode": "live", "kind": "send_message", "purpose": "marketing"}
    row |= {"step": 1, "undo": False, "state": "pending", "due_at": at, "wake_at": at, "claim": 0}
    row |= {"attempts": 0, "settings_version": 1, "valid_until": at + A_DAY}
    return row | {"payload": {"content": "reminder", "incentive": "none", "value": 0}}


def _later(_machine: Machine, merchant_id: int, id: int, at: datetime) -> dict[str, Any]:
    """The next step, a day later: the trip goes on after this one. Its number
    is out of the way of all others."""
    row = _effect(_machine, merchant_id, id, at + A_DAY)
    return (
        row | {"id": -id, "key": f"l{id}", "step": 2} | {"payload": row["payload"] | {"content": "answers"}}
    )


_CHAIN: tuple[tuple[Any, Any], ...] = (
    (people, person),
    (addresses, address),
    (consents, _consent),
    (carts, _cart),
    (lines, _line(0)),
    (lines, _line(1)),
    (lines, _line(2)),
    (enrolments, _enrolment),
    (effects, _effect),
    (effects, _later),
)
