"""Statements that run for every row: compiled once, and handed to the driver itself.

SQLAlchemy's way from a statement to the driver costs as much again as the
database's answer. What runs once a page or once a webhook needs none of this.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Select,
    String,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.visitors import InternalTraversal

from core.exchange import Told, heard, tell


class Statement:
    """One constant statement; what changes is named by `bindparam`, and a list
    by `one_of`."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._made: dict[str, _Compiled] = {}

    def rows(self, bind: Session | Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it finds or returns, as the driver tells it: this suits numbers
        and words. Raises DBAPIError as SQLAlchemy does."""
        connection, compiled = self.compiled(bind)
        with heard(connection, compiled.told(values)) as (cursor,):
            return cursor.fetchall()  # type: ignore[no-any-return] # Drivers tell rows as tuples.

    def records(self, bind: Session | Connection, values: Mapping[str, Any]) -> list[Any]:
        """What it finds, by name and as SQLAlchemy would tell it."""
        return records_of(bind, [(self, values)])[0]

    def run(self, bind: Session | Connection, values: Mapping[str, Any]) -> int:
        """How many rows it touched."""
        connection, compiled = self.compiled(bind)
        with heard(connection, compiled.told(values)) as (cursor,):
            return int(cursor.rowcount)

    def tell(self, bind: Session | Connection, *many: Mapping[str, Any]) -> None:
        """Once for each of `many`, without waiting for what becomes of it: an
        error comes with the next question or the commit."""
        connection, compiled = self.compiled(bind)
        for values in many:
            tell(connection, compiled.told(values))

    def compiled(self, bind: Session | Connection) -> "tuple[Connection, _Compiled]":
        """As the database behind `bind` is told it."""
        connection = _connection(bind)
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = _compile(self._clause, dialect)
        return connection, self._made[dialect.name]


# A statement and what is bound to its names.
Asked = tuple[Statement, Mapping[str, Any]]


def records_of(bind: Session | Connection, asked: Sequence[Asked]) -> list[list[Any]]:
    """What each of these finds, in their order and one after the other, by name
    and as SQLAlchemy would tell it; in one exchange where the database can.
    Raises DBAPIError as SQLAlchemy does."""
    connection = _connection(bind)
    compiled = [statement.compiled(connection)[1] for statement, _ in asked]
    told = [one.told(values) for one, (_, values) in zip(compiled, asked, strict=True)]
    with heard(connection, *told) as cursors:
        return [one.read_all(cursor.fetchall()) for one, cursor in zip(compiled, cursors, strict=True)]


def _connection(bind: Session | Connection) -> Connection:
    return bind.connection() if isinstance(bind, Session) else bind


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column` is among the numbers or words bound as `name`: one statement
    for lists of any length, where IN would be a new one for each."""
    return _OneOf(column, bindparam(name, type_=_List(column.type.python_type)))


def one_found(column: ColumnElement[Any], wanted: Select[Any]) -> ColumnElement[bool]:
    """`column` is among what `wanted` finds, which is found first: an index of
    `column` can be used, also where other conditions would do as well."""
    return _OneOf(column, wanted.scalar_subquery())


class _List(TypeDecorator[list[Any]]):
    """A list as one value."""

    impl = String
    cache_ok = True

    def __init__(self, of: type) -> None:
        self.of = of
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(String())
        return dialect.type_descriptor(ARRAY(BigInteger if self.of is int else String))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class _OneOf(ColumnElement[bool]):
    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy declares it so.
        ("column", InternalTraversal.dp_clauseelement),
        ("among", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], among: ColumnElement[Any]) -> None:
        self.type = Boolean()
        self.column, self.among = column, among

    def self_group(self, against: Any = None) -> Any:
        """As it stands: SQLite would be asked for `… = 1`, which no index answers."""
        return self


@compiles(_OneOf)
def _one_of(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, among = (compiler.process(part, **options) for part in (element.column, element.among))
    is_list = isinstance(element.among, BindParameter)
    if compiler.dialect.name == "postgresql":
        return f"{column} = ANY ({among})" if is_list else f"{column} = ANY (ARRAY{among})"
    # A bound value's mark, or a subselect.
    among = f"(SELECT value FROM json_each({among}))" if is_list else among  # noqa: S608 - See above.
    return f"{column} IN {among}"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`names` are in the order of the marks, or None where marks are named;
    `fixed` are values that stand in the statement itself; `row` is made of what
    is found, in which `read` says how some columns are understood."""

    sql: str
    names: Sequence[str] | None
    fixed: Mapping[str, Any]
    prepared: Sequence[tuple[str, Callable[[Any], Any]]]
    row: Callable[[Iterable[Any]], Any]
    read: Sequence[tuple[int, Callable[[Any], Any]]]

    def told(self, values: Mapping[str, Any]) -> Told:
        whole = {**self.fixed, **values}
        for name, prepare in self.prepared:
            if name in values:
                whole[name] = prepare(whole[name])
        return self.sql, whole if self.names is None else tuple(whole[name] for name in self.names)

    def read_all(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        return [self._read(row) for row in rows]

    def _read(self, row: Sequence[Any]) -> Any:
        values = list(row)
        for position, read in self.read:
            values[position] = read(values[position])
        return self.row(values)


def _compile(clause: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled: Any = clause.compile(dialect=dialect)
    assert "POSTCOMPILE" not in compiled.string, "IN makes a new statement for each length"
    assert not getattr(compiled, "insert_prefetch", ()), "SQLAlchemy fills in defaults, the driver does not"
    prepared = {}
    for name, bind in compiled.binds.items():
        processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            prepared[name] = processor
    given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    fixed = {name: prepared[name](value) if name in prepared else value for name, value in given.items()}
    return _Compiled(
        compiled.string, compiled.positiontup, fixed, [*prepared.items()], *_reading(compiled, dialect)
    )


def _reading(compiled: Any, dialect: Dialect) -> tuple[Any, Sequence[tuple[int, Callable[[Any], Any]]]]:
    columns = compiled._result_columns  # noqa: SLF001 - SQLAlchemy tells nobody else what will be found.
    names = [column.keyname for column in columns]
    kind: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc] # noqa: PYI024 - The names are known only here.
    readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return kind._make, [(position, read) for position, read in enumerate(readers) if read is not None]
