"""What the driver is told and asked, in as few exchanges as the database allows.

On a quiet machine waiting for PostgreSQL costs more than what it does. So what
is only told goes along with the next question, or with the commit; it reaches
the database in its order and before anything that is said later. SQLite is
within the process and hears everything at once.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

# A statement as the driver takes it, and what is bound to its marks.
Told = tuple[str, Any]
# Where a connection keeps what it has yet to tell.
UNTOLD = "kontor_untold"
# libpq's word for a connection on which no transaction has begun.
IDLE = 0


def tell(connection: Connection, told: Told) -> None:
    """Nothing is asked back: an error comes with the next question or the commit."""
    if connection.dialect.name == "postgresql" and not _driver(connection).autocommit:
        connection.info.setdefault(UNTOLD, []).append(told)
    else:
        executed(connection, *told).close()


@contextmanager
def heard(connection: Connection, *asked: Told) -> Iterator[list[Any]]:
    """The driver's cursors of what is asked, in its order. Raises DBAPIError as SQLAlchemy does."""
    untold = connection.info.pop(UNTOLD, [])
    whole = [*untold, *asked]
    with ExitStack() as stack:
        with driver_errors(connection, *(sql for sql, _ in whole)), _at_once(connection, len(whole)):
            cursors = [stack.enter_context(closing(executed(connection, *one))) for one in whole]
        yield cursors[len(untold) :]


def executed(connection: Connection, sql: str, bound: Any) -> Any:
    """The driver's cursor, which whoever asks reads to its end and closes: left
    open it keeps what it reads from being tidied up."""
    cursor = connection.connection.cursor()
    with driver_errors(connection, sql):
        cursor.execute(sql, bound)
    return cursor


def keep_order(engine: Engine) -> None:
    """Whatever SQLAlchemy itself says comes after what was told before."""
    event.listen(engine, "before_cursor_execute", _before_statement)
    event.listen(engine, "commit", _deliver)
    event.listen(engine, "rollback", _forget)
    event.listen(engine.pool, "checkin", lambda _driver, record: record.info.pop(UNTOLD, None))


def _before_statement(connection: Connection, _cursor: Any, sql: str, *_rest: Any) -> None:
    if sql.startswith("ROLLBACK TO"):
        _forget(connection)
    _deliver(connection)


def _deliver(connection: Connection) -> None:
    if connection.info.get(UNTOLD):
        with heard(connection):
            pass


def _forget(connection: Connection) -> None:
    connection.info.pop(UNTOLD, None)


def _at_once(connection: Connection, many: int) -> AbstractContextManager[Any]:
    """The first statement goes together with the BEGIN, which the driver sends of itself."""
    if connection.dialect.name != "postgresql":
        return nullcontext()
    driver = _driver(connection)
    alone = many < 2 and (driver.autocommit or driver.info.transaction_status != IDLE)
    return nullcontext() if alone else driver.pipeline()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def driver_errors(connection: Connection, *sql: str) -> Iterator[None]:
    """The driver's errors as SQLAlchemy's, without what the statement carried:
    that may be personal, and errors end up in logs."""
    errors = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except errors as error:
        raise DBAPIError.instance(
            "; ".join(sql), None, error, errors, hide_parameters=True, dialect=connection.dialect
        ) from error
