"""The real servers behind the tests: each test has an empty one to itself."""

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from tests.support.postgres import Databases


def as_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_its_database_empty(database_url: str, turn: int) -> None:
    engine = create_engine(as_sqlalchemy(database_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (turn INTEGER)"))
        connection.execute(text("INSERT INTO seen VALUES (:turn)"), {"turn": turn})
        assert connection.execute(text("SELECT turn FROM seen")).scalars().all() == [turn]
    engine.dispose()


def test_a_database_can_be_copied_with_what_is_in_it(postgres_url: str, databases: Databases) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'milk' AS text")
    copy = databases.create(template=postgres_url)
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT text FROM notes").fetchone() == ("milk",)
    databases.drop(copy)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_its_redis_empty(redis_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)
