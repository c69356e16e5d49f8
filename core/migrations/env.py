"""How Alembic reaches our database and knows our tables."""

from alembic import context
from sqlalchemy import Connection, text

from core.config import read_config
from core.db import connect
from core.models import metadata

LOCK = 7_245_001


def run() -> None:
    """Migrate the connection the caller gave, or the configured database."""
    given = context.config.attributes.get("connection")
    if given is not None:
        return _migrate(given)
    with connect(read_config().sqlalchemy_url).connect() as connection:
        _migrate(connection)
        connection.commit()
    return None


def _migrate(connection: Connection) -> None:
    """Two releases at once must not migrate together."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
