"""The hot questions stay quick however much waits: each uses its own partial index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Connection, Engine, event, text, update

from core import clock, exchange
from core.db import autocommit, dialect_of, reading, transaction
from core.models.tables import effects, enrolments
from engine import claims, inbox, look_ups, sweep
from engine import effects as acting
from engine.known import Subject
from engine.loading import load
from engine.work import announce
from tests.support.kontor import Kontor

WAITING = 20_000
NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {waiting}) "
    "INSERT INTO {into} FROM n"
)
# Somebody else, who has made as many trips as there are effects.
PERSON = 1_000_000
PEOPLE = (
    "people (id, merchant_id, version, seen, created_at) "
    "VALUES ({person}, {merchant}, 0, '{{}}', '2020-01-01')"
)
TRIPS = (
    "enrolments (id, merchant_id, person_id, flow, mode, subject, subject_id, episode, state, since, "
    "settings_version, enrolled_at) SELECT {person} + i, {merchant}, {person}, 'cart_recovery', 'live', "
    "'cart', {person} + i, 1, 'completed', '2020-01-01', 1, '2020-01-01'"
)
EFFECTS = (
    "effects (enrolment_id, merchant_id, key, flow, mode, kind, purpose, step, undo, state, due_at, wake_at, "
    "claim, attempts, settings_version, payload, person_id, slot_day, lease_until) SELECT {person} + i, "
    "{merchant}, 'filled.' || i, 'cart_recovery', 'live', 'send_message', 'marketing', 1, false, "
    "CASE WHEN i % 2 = 0 THEN 'pending' ELSE 'done' END, "
    "'2999-01-01', '2999-01-01', 1, 0, 1, '{{}}', {person}, NULL, NULL"
)
INBOUND = (
    "inbound (merchant_id, dedupe, topic, about_orders, state, received_at) "
    "SELECT {merchant}, 'filled.' || i, 'order.placed', true, 'done', '2020-01-01'"
)
LOOK_UPS = (
    "look_ups (merchant_id, kind, ref, state, claim, attempts, wake_at, created_at) "
    "SELECT {merchant}, 'product', 'filled.' || i, CASE WHEN i % 2 = 0 THEN 'waiting' ELSE 'done' END, 0, 0, "
    "'2999-01-01', '2020-01-01'"
)


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    """A merchant with a cart left, one message due now, and very much waiting."""
    kontor = kontor_on_both
    kontor.leave_cart()
    _fill(kontor)
    now = clock.now()
    first = kontor.rows(effects)[0].id
    with transaction(kontor.machine.db) as session:
        session.execute(update(effects).where(effects.c.id == first).values(wake_at=now - timedelta(hours=1)))
        announce(session, kontor.merchant_id, now - timedelta(hours=1))
    return kontor


def test_every_hot_question_uses_its_own_index(kontor: Kontor) -> None:
    machine = kontor.machine
    subject = _subject(kontor)
    with _heard(machine.db) as asked:
        assert claims.claim(machine) is not None
        _due_again(kontor)
        acting.run(machine)
        inbox.run(machine)
        look_ups.run(machine)
        sweep.leases(machine)
        with reading(machine.db) as session:
            load(session, kontor.merchant_id, [subject], kontor.now())
    used = {_plan(machine.db, *one) for one in asked}
    for index, words in {
        "ix_effects_due": ("UPDATE effects", "ORDER BY effects.wake_at"),
        "ix_inbound_new": ("SELECT inbound.id", "ORDER BY inbound.id"),
        "ix_inbound_new_orders": ("EXISTS", "inbound.about_orders"),
        "uq_look_ups_waiting": ("EXISTS", "inbound.about_orders"),
        "ix_effects_leased": ("UPDATE effects SET", "effects.lease_until <"),
        "ix_look_ups_due": ("look_ups.wake_at <=", "LIMIT"),
        "ix_look_ups_asking": ("SELECT look_ups", "look_ups.lease_until <"),
        "ix_effects_enrolment": ("SELECT", "effects.slot_day", "effects.kind ="),
    }.items():
        plans = [plan for statement, plan in used if all(word in statement for word in words)]
        assert plans, f"nobody asked what {index} is for"
        assert all(index in plan for plan in plans), f"{index}:\n" + "\n\n".join(plans)


def _fill(kontor: Kontor) -> None:
    with autocommit(kontor.machine.db) as connection:
        connection.execute(text("INSERT INTO " + PEOPLE.format(merchant=kontor.merchant_id, person=PERSON)))
        for into in (TRIPS, EFFECTS, INBOUND, LOOK_UPS):
            told = into.format(merchant=kontor.merchant_id, person=PERSON)
            connection.execute(text(NUMBERS.format(waiting=WAITING, into=told)))
        connection.exec_driver_sql("ANALYZE")


def _due_again(kontor: Kontor) -> None:
    claimed = (effects.c.merchant_id == kontor.merchant_id, effects.c.state == "claimed")
    kontor.write(update(effects).where(*claimed).values(state="pending", lease_until=None))
    with transaction(kontor.machine.db) as session:
        announce(session, kontor.merchant_id, clock.now() - timedelta(hours=1))


def _subject(kontor: Kontor) -> Subject:
    trip = kontor.rows(enrolments)[0]
    return Subject(trip.person_id, trip.subject_id)


@contextmanager
def _heard(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that goes to the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def hear(_c: object, _cursor: object, statement: str, values: Any, _x: object, many: bool) -> None:
        asked.append((statement, values[0] if many else values))

    def overhear(connection: Connection, sql: str, bound: Any) -> Any:
        asked.append((sql, bound))
        return executed(connection, sql, bound)

    executed = exchange.executed
    event.listen(engine, "before_cursor_execute", hear)
    with mock.patch.object(exchange, "executed", overhear):
        yield asked
    event.remove(engine, "before_cursor_execute", hear)


def _plan(engine: Engine, statement: str, values: Any) -> tuple[str, str]:
    if not statement.startswith(("SELECT", "UPDATE")):
        return statement, ""
    how = "EXPLAIN QUERY PLAN" if dialect_of(engine) == "sqlite" else "EXPLAIN"
    with autocommit(engine) as connection:
        rows = connection.exec_driver_sql(f"{how} {statement}", values).all()
    return statement, "\n".join(str(row[-1]) for row in rows)
