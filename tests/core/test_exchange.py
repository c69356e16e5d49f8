"""What is only told reaches the database in its order, with the transaction, or not at all."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, Integer, bindparam, cast, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.db import autocommit, reading, transaction
from core.models.tables import merchants, remote_hosts
from core.statements import Statement, records_of

HOST, COUNT = remote_hosts.c.host, remote_hosts.c.timeouts
KEEP = Statement(insert(remote_hosts).values(host=bindparam("who"), timeouts=bindparam("count")))
WHO = HOST == bindparam("who")  # noqa: SIM300 - The column comes first, as in SQL.
MORE = Statement(update(remote_hosts).where(WHO).values(timeouts=COUNT * 2 + 1))
FOUND = Statement(select(remote_hosts).order_by(HOST))
DIVIDED = Statement(select(cast(10 / bindparam("by", type_=COUNT.type), Integer).label("quotient")))


def kept(db: Engine) -> dict[str, int]:
    with reading(db) as session:
        return {row.host: row.timeouts for row in session.execute(select(remote_hosts))}


def test_what_is_told_is_there_after_the_commit(db: Engine) -> None:
    with transaction(db) as session:
        KEEP.tell(session, {"who": "a", "count": 1}, {"who": "b", "count": 2})
    assert kept(db) == {"a": 1, "b": 2}


def test_whoever_asks_afterwards_finds_it_however_he_asks(db: Engine) -> None:
    with transaction(db) as session:
        KEEP.tell(session, {"who": "a", "count": 1})
        assert [row.host for row in FOUND.records(session, {})] == ["a"]
        KEEP.tell(session, {"who": "b", "count": 1})
        assert session.execute(select(func.count()).select_from(remote_hosts)).scalar_one() == 2
        KEEP.tell(session, {"who": "c", "count": 1})
        assert MORE.run(session, {"who": "c"}) == 1
        assert len(FOUND.rows(session, {})) == 3


def test_it_arrives_in_the_order_in_which_it_was_told(db: Engine) -> None:
    with transaction(db) as session:
        KEEP.tell(session, {"who": "a", "count": 0})
        MORE.tell(session, {"who": "a"})
        session.execute(update(remote_hosts).values(timeouts=COUNT * 10))
        MORE.tell(session, {"who": "a"}, {"who": "a"})
    assert kept(db) == {"a": 43}


def test_nothing_of_it_is_left_where_the_transaction_is_given_up(db: Engine) -> None:
    with reading(db) as session:
        KEEP.tell(session, {"who": "a", "count": 1})
    with transaction(db) as session:
        KEEP.tell(session, {"who": "b", "count": 1})
    assert kept(db) == {"b": 1}


def test_nothing_of_a_part_that_is_given_up_is_left(db: Engine) -> None:
    with transaction(db) as session:
        KEEP.tell(session, {"who": "a", "count": 1})
        part = session.begin_nested()
        KEEP.tell(session, {"who": "b", "count": 1})
        part.rollback()
        KEEP.tell(session, {"who": "c", "count": 1})
    assert kept(db) == {"a": 1, "c": 1}


def test_what_is_refused_stops_the_commit_and_says_so(db: Engine) -> None:
    with transaction(db) as session:
        KEEP.tell(session, {"who": "a", "count": 1})
    with pytest.raises(IntegrityError) as refused, transaction(db) as session:
        KEEP.tell(session, {"who": "b", "count": 1}, {"who": "a", "count": 1})
    assert kept(db) == {"a": 1}
    assert "remote_hosts" in str(refused.value)
    assert "'a'" not in str(refused.value.statement)


def test_of_questions_asked_together_the_faulty_one_is_the_error(db: Engine) -> None:
    if db.dialect.name == "sqlite":
        pytest.skip("SQLite divides by nothing without complaint")
    asked = [(FOUND, {}), (DIVIDED, {"by": 0}), (FOUND, {})]
    with pytest.raises(DBAPIError) as fault, transaction(db) as session:
        records_of(session, asked)
    assert getattr(fault.value.orig, "sqlstate", "") == "22012"
    assert kept(db) == {}


def test_where_each_statement_stands_alone_it_is_done_at_once(db: Engine) -> None:
    with autocommit(db) as connection:
        KEEP.tell(connection, {"who": "a", "count": 1})
        assert kept(db) == {"a": 1}


def test_a_row_reads_as_it_would_with_sqlalchemy(db: Engine, merchant_id: int) -> None:
    with transaction(db) as session:
        session.execute(update(merchants).values(clock_target=datetime(2027, 1, 2, 3, tzinfo=UTC)))
        (row,) = Statement(select(merchants)).records(session, {})
        assert tuple(row) == tuple(session.execute(select(merchants)).one())
        assert row.id == merchant_id
        assert row.clock_target.tzinfo is not None
