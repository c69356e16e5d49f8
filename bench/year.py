"""A year of one large shop, written in bulk by the database itself."""

from dataclasses import dataclass
from datetime import datetime
from string import Template

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db import autocommit, dialect_of, transaction
from engine.machine import Machine

YEAR = 365 * 86_400

# All trips are one person's: who she is counts nowhere.
PEOPLE = """
    INSERT INTO people (id, merchant_id, version, seen, created_at)
    SELECT 1, $merchant, 1, '{}', $trip FROM ($one) AS s
"""
CARTS = """
    INSERT INTO carts (id, merchant_id, person_id, ref, kind, currency, total_minor,
        started_at, activity_at, platform_at, digest, test, created_at)
    SELECT n, $merchant, 1, 'c' || n, 'cart', 'EUR', 4900, $trip, $trip, $trip, '', false, $trip
    FROM ($trips) AS s
"""
TRIPS = """
    INSERT INTO enrolments (id, merchant_id, person_id, flow, mode, subject, subject_id, episode, state,
        since, settings_version, enrolled_at)
    SELECT n, $merchant, 1, 'cart_recovery', 'live', 'cart', n, 1, 'completed', $trip, 1, $trip
    FROM ($trips) AS s
"""
# Two a trip. Most go out, some are left out, few fail, and of long ago some are in doubt.
MESSAGES = """
    INSERT INTO effects (id, merchant_id, key, enrolment_id, person_id, flow, mode, kind, purpose, step, undo,
        state,
        reason,
        due_at, claim, attempts, settings_version, payload, acted_at, settled_at)
    SELECT n, $merchant, 'y' || n, (n + 1) / 2, 1, 'cart_recovery', 'live', 'send_message', 'marketing',
        2 - n % 2, false,
        CASE WHEN n % 997 = 0 THEN 'failed' WHEN n % 11 = 0 THEN 'skipped'
            WHEN n % 9973 = 0 AND n < $half THEN 'unknown' ELSE 'done' END,
        CASE WHEN n % 997 = 0 THEN 'provider_refused' WHEN n % 33 = 0 THEN 'capped'
            WHEN n % 11 = 0 THEN 'bought' END,
        $message, 1, 1, 1, '{}', $message, $message
    FROM ($messages) AS s
"""
# Every tenth message is clicked.
CLICKS = """
    INSERT INTO clicks (merchant_id, effect_id, link, at, counted)
    SELECT $merchant, n * 10, 'cart', $click, true FROM ($clicks) AS s
"""
# Half of them follow a click; the others are of carts that were reminded.
ORDERS = """
    INSERT INTO orders (id, merchant_id, person_id, ref, name, cart_ref, currency, total_minor, net_minor,
        refunded_minor, bought, test, placed_at, paid_at, discount_codes, platform_at, digest, heard,
        clicked_effect_id, created_at)
    SELECT n, $merchant, 1, 'o' || n, '#' || n, 'c' || (n * $apart / 2),
        CASE WHEN n % 20 = 0 THEN 'USD' ELSE 'EUR' END, 4900, 4100,
        CASE WHEN n % 25 = 0 THEN 4100 ELSE 0 END, n % 30 <> 0, false, $order, $order, '[]', $order, '', true,
        CASE WHEN n % 2 = 0 THEN (n * $apart / 10) * 10 END, $order
    FROM ($orders) AS s
"""


@dataclass(frozen=True)
class Year:
    """So many messages and orders, spread evenly over the time up to `ends`."""

    merchant_id: int
    ends: datetime
    messages: int
    orders: int
    lasts: int = YEAR


def write(machine: Machine, year: Year) -> None:
    """Into a database in which no trip and no order was before."""
    with transaction(machine.db) as session:
        if dialect_of(session) == "postgresql":
            # Looking up each row's owner, who is known to be there, takes longer than writing the row.
            session.execute(text("SET LOCAL session_replication_role = replica"))
        named = _named(dialect_of(session), year)
        for statement in (PEOPLE, CARTS, TRIPS, MESSAGES, CLICKS, ORDERS):
            _run(session, Template(statement).substitute(named))
    if machine.db.dialect.name == "postgresql":
        # As it does by itself from time to time.
        with autocommit(machine.db) as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _run(session: Session, statement: str) -> None:
    """A colon here is the clock's, and names no value."""
    session.execute(text(statement.replace(":", "\\:")))


def _named(dialect: str, year: Year) -> dict[str, str]:
    trips, clicks, start = year.messages // 2, year.messages // 10, year.ends.timestamp() - year.lasts
    counts = {"one": 1, "trips": trips, "messages": year.messages, "clicks": clicks, "orders": year.orders}
    # A message is due an hour after its trip began: what is due is over.
    moments = {"trip": (trips, 3600), "message": (year.messages, 0), "click": (clicks, 0)}
    moments["order"] = (year.orders, 0)
    return {
        "merchant": str(year.merchant_id),
        "half": str(year.messages // 2),
        "apart": str(year.messages // year.orders),
        **{name: _numbers(dialect, count) for name, count in counts.items()},
        **{name: _moment(dialect, start - ago, year.lasts / n) for name, (n, ago) in moments.items()},
    }


def _numbers(dialect: str, count: int) -> str:
    if dialect == "postgresql":
        return f"SELECT n FROM generate_series(1, {count}) AS g(n)"
    more = f"SELECT n + 1 FROM r WHERE n < {count}"
    return f"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL {more}) SELECT n FROM r"


def _moment(dialect: str, start: float, apart: float) -> str:
    if dialect == "postgresql":
        return f"to_timestamp({start} + n * {apart}) AT TIME ZONE 'UTC'"
    return f"strftime('%Y-%m-%d %H:%M:%f', {start} + n * {apart}, 'unixepoch') || '000'"
