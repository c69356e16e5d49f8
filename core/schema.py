"""Bringing a database to the newest version of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine

HERE = Path(__file__).parent / "migrations"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision` in one transaction."""
    with engine.begin() as connection:
        command.upgrade(_alembic(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take back every migration after `revision`, all of them for "base"."""
    with engine.begin() as connection:
        command.downgrade(_alembic(connection), revision)


def check(engine: Engine) -> None:
    """Raises alembic.util.exc.CommandError where tables and models differ."""
    with engine.begin() as connection:
        command.check(_alembic(connection))


def _alembic(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config
