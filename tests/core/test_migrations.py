"""Migrations lead to the very tables of the models, there and back, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from core import schema
from core.db import connect
from core.models import metadata
from tests.support.kontor import development


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = connect(development(tmp_path, database_url).sqlalchemy_url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_a_new_database_gets_the_tables_of_the_models(empty: Engine) -> None:
    schema.migrate(empty)
    assert tables(empty) == set(metadata.tables)
    schema.check(empty)


def test_whoever_goes_back_to_the_beginning_can_come_again(empty: Engine) -> None:
    schema.migrate(empty)
    schema.downgrade(empty, "base")
    assert tables(empty) == set()
    schema.migrate(empty)
    assert tables(empty) == set(metadata.tables)
    schema.check(empty)


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    schema.migrate(empty)
    schema.migrate(empty)
    schema.check(empty)
