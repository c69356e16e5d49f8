"""Bringing a database to the newest version of the tables."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

HERE = Path(__file__).parent / "migrations"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision` in one transaction."""
    with engine.begin() as connection:
        _command().upgrade(_alembic(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take back every migration after `revision`, all of them for "base"."""
    with engine.begin() as connection:
        _command().downgrade(_alembic(connection), revision)


def check(engine: Engine) -> None:
    """Raises alembic.util.exc.CommandError where tables and models differ."""
    with engine.begin() as connection:
        _command().check(_alembic(connection))


def _alembic(connection: Connection) -> "AlembicConfig":
    """Alembic costs megabytes, and a running web or worker never migrates."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def _command() -> ModuleType:
    from alembic import command

    return command
