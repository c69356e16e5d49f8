"""What is kept comes back as it was, on SQLite and PostgreSQL alike."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, Table, func, inspect, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from core.db import insert, reading, transaction
from core.models import metadata
from core.models import tables as t
from core.models.merchants import new_key

AT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)
BEYOND_DOUBLES = 2**53 + 1


def keep(db: Engine, table: Table, **values: Any) -> int:
    """One row; its number."""
    with transaction(db) as session:
        made = session.execute(insert(table, session).values(**values).returning(table.c.id))
        return int(made.scalar_one())


def an_order(db: Engine, merchant_id: int, ref: str, **values: Any) -> int:
    defaults = {
        "name": "#1",
        "currency": "EUR",
        "total_minor": 0,
        "net_minor": 0,
        "refunded_minor": 0,
        "bought": True,
        "test": False,
        "placed_at": AT,
        "platform_at": AT,
        "digest": "",
        "discount_codes": [],
        "created_at": AT,
    }
    return keep(db, t.orders, merchant_id=merchant_id, ref=ref, **(defaults | values))


def a_person(db: Engine, merchant_id: int) -> int:
    return keep(db, t.people, merchant_id=merchant_id, version=1, seen={}, created_at=AT)


def a_trip(db: Engine, merchant_id: int, person_id: int, cart_id: int, **values: Any) -> int:
    defaults = {
        "flow": "cart_recovery",
        "mode": "live",
        "subject": "cart",
        "episode": 1,
        "lane": f"person:{person_id}",
        "state": "active",
        "since": AT,
        "settings_version": 1,
        "enrolled_at": AT,
    }
    who = {"merchant_id": merchant_id, "person_id": person_id, "subject_id": cart_id}
    return keep(db, t.enrolments, **who, **(defaults | values))


def an_effect(db: Engine, merchant_id: int, key: str, **values: Any) -> int:
    defaults = {
        "flow": "cart_recovery",
        "mode": "live",
        "kind": "send_message",
        "purpose": "marketing",
        "step": 1,
        "undo": False,
        "state": "pending",
        "due_at": AT,
        "wake_at": AT,
        "claim": 0,
        "attempts": 0,
        "settings_version": 1,
        "payload": {},
    }
    return keep(db, t.effects, merchant_id=merchant_id, key=key, **(defaults | values))


def a_look_up(db: Engine, merchant_id: int, ref: str, **values: Any) -> int:
    defaults = {"kind": "order", "state": "waiting", "claim": 0, "attempts": 0, "wake_at": AT}
    who = {"merchant_id": merchant_id, "ref": ref, "created_at": AT}
    return keep(db, t.look_ups, **who, **(defaults | values))


def one(db: Engine, statement: Any) -> Any:
    with reading(db) as session:
        return session.execute(statement).one()


def all_of(db: Engine, statement: Any) -> list[Any]:
    with reading(db) as session:
        return list(session.execute(statement).scalars())


def test_ten_thousand_cents_add_up_to_the_cent_and_stay_whole_numbers(db: Engine, merchant_id: int) -> None:
    amounts = [1, 10, 1999, 2**53 + 1, 92_233_720_368]
    for number, minor in enumerate(amounts):
        an_order(db, merchant_id, str(number), total_minor=minor, refunded_minor=-minor)
    total, back = one(db, select(func.sum(t.orders.c.total_minor), func.sum(t.orders.c.refunded_minor)))
    assert (int(total), int(back)) == (sum(amounts), -sum(amounts))
    assert [type(minor) for minor in all_of(db, select(t.orders.c.total_minor))] == [int] * len(amounts)


def test_a_time_keeps_its_microseconds_and_comes_back_aware(db: Engine, merchant_id: int) -> None:
    order = an_order(db, merchant_id, "1", placed_at=AT)
    read = all_of(db, select(t.orders.c.placed_at).where(t.orders.c.id == order))[0]
    assert read == AT
    assert read.utcoffset() == timedelta(0)


def test_a_time_of_another_zone_is_the_same_moment(db: Engine, merchant_id: int) -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))
    an_order(db, merchant_id, "1", placed_at=there)
    same = select(t.orders.c.placed_at).where(t.orders.c.placed_at == AT)
    assert [at.isoformat() for at in all_of(db, same)] == [AT.isoformat()]


def test_a_time_that_names_no_zone_is_refused(db: Engine, merchant_id: int) -> None:
    with pytest.raises((StatementError, ValueError)):
        an_order(db, merchant_id, "1", placed_at=AT.replace(tzinfo=None))


def test_times_are_ordered_to_the_microsecond(db: Engine, merchant_id: int) -> None:
    moments = [AT, AT + timedelta(microseconds=1), AT.replace(microsecond=0), AT + timedelta(hours=2)]
    for number, at in enumerate(moments):
        an_order(db, merchant_id, str(number), placed_at=at)
    found = all_of(db, select(t.orders.c.placed_at).order_by(t.orders.c.placed_at.desc()))
    assert found == sorted(moments, reverse=True)
    later = select(t.orders.c.placed_at).where(t.orders.c.placed_at > AT)
    assert len(all_of(db, later)) == 2


@pytest.mark.parametrize("ref", [str(BEYOND_DOUBLES), "00042", "gid://shopify/Cart/Z2NwLX", "Größe-ß"])
def test_a_platforms_id_is_kept_to_the_letter(db: Engine, merchant_id: int, ref: str) -> None:
    an_order(db, merchant_id, ref, cart_token=ref)
    assert all_of(db, select(t.orders.c.ref).where(t.orders.c.cart_token == ref)) == [ref]


def test_our_own_numbers_reach_beyond_two_to_the_fifty_third(db: Engine, merchant_id: int) -> None:
    an_order(db, merchant_id, "1", clicked_effect_id=BEYOND_DOUBLES)
    assert all_of(db, select(t.orders.c.clicked_effect_id)) == [BEYOND_DOUBLES]


def test_what_is_written_as_json_is_read_as_it_was(db: Engine, merchant_id: int) -> None:
    told = {"links": {"cart": "https://tea.example/ü?a=1"}, "value": 10, "none": None, "list": [1, "zwei"]}
    an_effect(db, merchant_id, "k1", payload=told)
    an_order(db, merchant_id, "1", discount_codes=["DANKE-10", "für-dich"])
    assert all_of(db, select(t.effects.c.payload)) == [told]
    assert all_of(db, select(t.orders.c.discount_codes)) == [["DANKE-10", "für-dich"]]


def test_sealed_bytes_and_days_come_back_as_they_were(db: Engine, merchant_id: int) -> None:
    sealed = bytes(range(256))
    an_effect(db, merchant_id, "k1", content=sealed, slot_day=date(2026, 2, 28))
    row = one(db, select(t.effects.c.content, t.effects.c.slot_day))
    assert (bytes(row.content), row.slot_day) == (sealed, date(2026, 2, 28))


def test_the_same_delivery_is_kept_once_for_each_merchant(db: Engine, merchant_id: int) -> None:
    values = {"topic": "orders/create", "about_orders": True, "state": "new", "received_at": AT}
    keep(db, t.inbound, merchant_id=merchant_id, dedupe="d", **values)
    with pytest.raises(IntegrityError):
        keep(db, t.inbound, merchant_id=merchant_id, dedupe="d", **values)
    assert keep(db, t.inbound, merchant_id=another_merchant(db), dedupe="d", **values)


def test_an_effects_key_is_unique_for_ever_and_for_all(db: Engine, merchant_id: int) -> None:
    an_effect(db, merchant_id, "k1", state="done")
    with pytest.raises(IntegrityError):
        an_effect(db, another_merchant(db), "k1")


@pytest.mark.parametrize("state", ["active", "held"])
def test_a_person_has_one_running_trip_of_a_flow_at_a_time(db: Engine, merchant_id: int, state: str) -> None:
    person = a_person(db, merchant_id)
    first = a_trip(db, merchant_id, person, 1, state=state)
    with pytest.raises(IntegrityError):
        a_trip(db, merchant_id, person, 2)
    with transaction(db) as session:
        session.execute(update(t.enrolments).where(t.enrolments.c.id == first).values(state="exited"))
    assert a_trip(db, merchant_id, person, 2)


def test_a_shadow_trip_stands_in_no_live_trips_way(db: Engine, merchant_id: int) -> None:
    person = a_person(db, merchant_id)
    a_trip(db, merchant_id, person, 1, mode="shadow")
    assert a_trip(db, merchant_id, person, 1, mode="live")


def test_one_cart_never_has_a_second_trip(db: Engine, merchant_id: int) -> None:
    person = a_person(db, merchant_id)
    a_trip(db, merchant_id, person, 1, state="completed", lane=None)
    with pytest.raises(IntegrityError):
        a_trip(db, merchant_id, person, 1)


@pytest.mark.parametrize("state", ["asking", "done", "gone", "failed"])
def test_a_question_is_unique_only_while_it_waits(db: Engine, merchant_id: int, state: str) -> None:
    first = a_look_up(db, merchant_id, "7")
    with pytest.raises(IntegrityError):
        a_look_up(db, merchant_id, "7")
    with transaction(db) as session:
        session.execute(update(t.look_ups).where(t.look_ups.c.id == first).values(state=state))
    assert a_look_up(db, merchant_id, "7")


def test_a_line_belongs_to_a_cart_or_to_an_order_never_to_both_or_none(db: Engine, merchant_id: int) -> None:
    line = {"merchant_id": merchant_id, "position": 0, "title": "Mug", "quantity": 1, "price_minor": 5}
    order = an_order(db, merchant_id, "1")
    assert keep(db, t.lines, order_id=order, **line)
    with pytest.raises(IntegrityError):
        keep(db, t.lines, **line)


def test_with_a_merchant_goes_everything_that_is_hers_and_nothing_else(db: Engine, merchant_id: int) -> None:
    other = another_merchant(db)
    for owner in (merchant_id, other):
        everything_of(db, owner)
    before = {table.name: owned(db, table, other) for table in tables_of_merchants()}
    assert all(before.values()), f"the story leaves out {[name for name, n in before.items() if not n]}"
    with transaction(db) as session:
        session.execute(t.merchants.delete().where(t.merchants.c.id == merchant_id))
    assert {table.name: owned(db, table, merchant_id) for table in tables_of_merchants()} == {
        table.name: 0 for table in tables_of_merchants()
    }
    assert {table.name: owned(db, table, other) for table in tables_of_merchants()} == before


def test_every_partial_index_of_the_models_is_in_the_database(db: Engine) -> None:
    wanted = {index.name for table in metadata.tables.values() for index in table.indexes}
    found = {index["name"] for table in metadata.tables for index in inspect(db).get_indexes(table)}
    assert wanted <= found


def another_merchant(db: Engine) -> int:
    values = {"key": "other", "name": "Other", "platform": "shopify", "timezone": "Europe/Berlin"}
    more = {"country": "DE", "currency": "EUR", "locale": "de", "clock_offset_ms": 0, "settings_rev": 1}
    return keep(db, t.merchants, **values, **more, created_at=AT)


def tables_of_merchants() -> list[Table]:
    return [table for table in metadata.sorted_tables if "merchant_id" in table.c]


def owned(db: Engine, table: Table, merchant_id: int) -> int:
    with reading(db) as session:
        mine = select(func.count()).select_from(table).where(table.c.merchant_id == merchant_id)
        return int(session.execute(mine).scalar_one())


def everything_of(db: Engine, owner: int) -> None:
    """A row in every table that belongs to merchants."""
    ids: dict[str, int] = {}
    for table in tables_of_merchants():
        row = {column.name: _filled(column, owner, ids) for column in table.columns if _is_needed(column)}
        first = next(iter(table.primary_key))
        with transaction(db) as session:
            made = session.execute(insert(table, session).values(**row).returning(first))
            ids[table.name] = int(made.scalar_one())


def _is_needed(column: Any) -> bool:
    """What must be given, whose it is, and the cart of a line, which has one owner."""
    given = not column.nullable and not (column.primary_key and not column.foreign_keys)
    return given or column.name == "merchant_id" or (column.table.name, column.name) == ("lines", "cart_id")


def _filled(column: Any, owner: int, ids: dict[str, int]) -> Any:
    for key in column.foreign_keys:
        table = key.column.table.name
        return owner if table == "merchants" else ids[table]
    kinds = {"UTCDateTime": AT, "Date": AT.date(), "Boolean": False, "JSON": {}, "LargeBinary": b"x"}
    text = f"{column.table.name}-{owner}"
    return kinds.get(type(column.type).__name__, 1 if isinstance(column.type, Integer) else text)


def test_a_merchants_key_can_be_given_to_a_command_and_is_not_guessed() -> None:
    keys = {new_key() for _ in range(500)}
    assert len(keys) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_]{16}", key) for key in keys)
