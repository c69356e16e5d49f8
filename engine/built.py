"""INSERTs that know ON CONFLICT, built once for each database."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.orm import Session

from core.db import dialect_of, insert
from core.statements import Asked, Statement


class BuiltOnce:
    """What `build` makes of the dialect of a session or connection; made when first wanted.
    Building a statement costs as much again as running it."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self._build = build
        self._built: dict[str, Any] = {}

    def __call__(self, session: Session | Connection) -> Any:
        dialect = dialect_of(session)
        if dialect not in self._built:
            self._built[dialect] = self._build(session)
        return self._built[dialect]


class Inserting:
    """INSERTs of single rows into one table, run by the driver: one statement
    for each database and set of columns. `finish` adds what is to happen
    on a conflict and what is returned."""

    def __init__(self, table: Table, finish: Callable[[Any], Any]) -> None:
        self._table, self._finish = table, finish
        self._made: dict[tuple[str, ...], Statement] = {}

    def asked(self, session: Session, values: Mapping[str, Any]) -> Asked:
        """For `records_of`, where several rows are added at once."""
        return self._statement(session, values), values

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What is returned of the row, if it was added."""
        return self._statement(session, values).rows(session, values)

    def tell(self, session: Session, *many: Mapping[str, Any]) -> None:
        """A row for each of `many`, which all name the same columns, without
        waiting: an error comes with the next question or the commit."""
        if many:
            self._statement(session, many[0]).tell(session, *many)

    def _statement(self, session: Session, values: Mapping[str, Any]) -> Statement:
        made_of = (dialect_of(session), *values)
        if made_of not in self._made:
            row = insert(self._table, session).values({name: bindparam(name) for name in values})
            self._made[made_of] = Statement(self._finish(row))
        return self._made[made_of]
