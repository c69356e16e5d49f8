"""Deciding stays quick however much a shop has seen: no question of a webhook reads a whole table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import Connection, Engine, event, text

from core import exchange
from core.db import autocommit, dialect_of, reading
from core.models.tables import enrolments
from tests.engine.stories import mode
from tests.support.kontor import Kontor
from web import shop_health

NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO {} FROM n"
)
AT = "'2020-01-01'"
# A thousand is added to each number, so that none meets a row of the story.
FILLED = {
    "people": f"(id, merchant_id, version, seen, created_at) SELECT i + 1000, {{m}}, 1, '{{{{}}}}', {AT}",
    "addresses": (
        "(id, merchant_id, person_id, channel, fingerprint, value, masked, created_at) "
        f"SELECT i + 1000, {{m}}, i + 1000, 'email', 'print.' || i, 'x', 'x', {AT}"
    ),
    "consents": (
        "(merchant_id, address_id, channel, purpose, state, act_at, source, recorded_at) "
        f"SELECT {{m}}, i + 1000, 'email', 'marketing', 'opted_in', {AT}, 'shop', {AT}"
    ),
    "suppressions": (
        "(merchant_id, channel, fingerprint, reason, at) "
        f"SELECT {{m}}, 'email', 'other.' || i, 'erased', {AT}"
    ),
    "carts": (
        "(id, merchant_id, person_id, ref, kind, currency, total_minor, started_at, activity_at, "
        "platform_at, digest, test, created_at) "
        f"SELECT i + 1000, {{m}}, i + 1000, 'cart.' || i, 'cart', 'EUR', 1, {AT}, {AT}, {AT}, '', false, {AT}"
    ),
    "lines": (
        "(merchant_id, cart_id, position, title, quantity, price_minor) SELECT {m}, i + 1000, 0, 'Mug', 1, 1"
    ),
    "orders": (
        "(merchant_id, person_id, ref, name, cart_ref, cart_token, phone_fingerprint, "
        "currency, total_minor, net_minor, "
        "refunded_minor, bought, test, placed_at, discount_codes, platform_at, digest, created_at) "
        "SELECT {m}, i + 1000, 'order.' || i, 'x', 'ref.' || i, 'token.' || i, 'phone.' || i, "
        f"'EUR', 1, 1, 0, true, false, {AT}, '[]', {AT}, '', {AT}"
    ),
    "enrolments": (
        "(merchant_id, person_id, flow, mode, subject, subject_id, episode, state, since, "
        "settings_version, enrolled_at) "
        f"SELECT {{m}}, i + 1000, 'cart_recovery', 'live', 'cart', i + 1000, 1, 'completed', {AT}, 1, {AT}"
    ),
}


def test_no_question_of_a_webhook_reads_a_whole_table(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    _fill(kontor)
    with _heard(kontor.machine.db) as asked:
        kontor.leave_cart()
        kontor.leave_cart()
    assert len(kontor.rows(enrolments, enrolments.c.state == "active")) == 1
    assert len(asked) > 20
    whole = [
        f"{statement}\n{plan}"
        for statement, plan in (_plan(kontor.machine.db, *one) for one in asked)
        for table in FILLED
        if f"Seq Scan on {table}" in plan or f"SCAN {table}" in plan
    ]
    assert not whole, "\n\n".join(whole)


def test_settings_are_read_once_and_again_after_a_change(kontor: Kontor) -> None:
    with _heard(kontor.machine.db) as asked:
        kontor.leave_cart("anna@example.com")
        kontor.leave_cart("ben@example.com")
        assert _readings(asked) == 1
        mode(kontor, "off")
        asked.clear()
        kontor.leave_cart("carla@example.com")
        kontor.leave_cart("dora@example.com")
    assert _readings(asked) == 1


def _readings(asked: list[Any]) -> int:
    return sum("FROM settings_versions" in statement for statement, *_ in asked)


def test_a_quiet_shops_page_does_not_look_through_everybodys_webhooks(kontor_on_both: Kontor) -> None:
    db = kontor_on_both.machine.db
    columns = "(merchant_id, dedupe, topic, about_orders, state, received_at)"
    with autocommit(db) as connection:
        told = f"{columns} SELECT {kontor_on_both.merchant_id}, 'd.' || i, 'x', false, 'done', {AT}"
        connection.execute(text(NUMBERS.format(f"inbound {told}")))
        connection.exec_driver_sql("ANALYZE")
    with reading(db) as session, _heard(db) as asked:
        shop_health._webhooks(session, kontor_on_both.merchant_id + 1000)
    plans = [_plan(db, *one) for one in asked if "inbound" in one[0]]
    assert len(plans) == 2
    assert not [plan for _, plan in plans if "SCAN inbound" in plan or "inbound_pkey" in plan]


def _fill(kontor: Kontor) -> None:
    with autocommit(kontor.machine.db) as connection:
        for table, columns in FILLED.items():
            connection.execute(text(NUMBERS.format(f"{table} {columns.format(m=kontor.merchant_id)}")))
        connection.exec_driver_sql("ANALYZE")


@contextmanager
def _heard(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every question that goes to the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def hear(_c: object, _cursor: object, statement: str, values: Any, _x: object, _many: bool) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    def overhear(connection: Connection, sql: str, bound: Any) -> Any:
        if sql.startswith("SELECT"):
            asked.append((sql, bound))
        return executed(connection, sql, bound)

    executed = exchange.executed
    event.listen(engine, "before_cursor_execute", hear)
    with mock.patch.object(exchange, "executed", overhear):
        yield asked
    event.remove(engine, "before_cursor_execute", hear)


def _plan(engine: Engine, statement: str, values: Any) -> tuple[str, str]:
    how = "EXPLAIN QUERY PLAN" if dialect_of(engine) == "sqlite" else "EXPLAIN"
    with autocommit(engine) as connection:
        rows = connection.exec_driver_sql(f"{how} {statement}", values).all()
    return statement, "\n".join(str(row[-1]) for row in rows)
