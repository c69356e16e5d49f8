"""Column types shared by the tables."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

# SQLite gives out row numbers for a column that is INTEGER to the letter.
BigId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def primary_key() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigId)


def belongs_to(column: str, **options: Any) -> Any:
    """A reference that goes with what it points to."""
    return Field(foreign_key=column, ondelete="CASCADE", sa_type=BigId, **options)


def minor_units(default: int = 0) -> Any:
    """Money is whole minor units, never NUMERIC, which SQLite keeps as REAL."""
    return Field(default=default, sa_type=BigInteger)


def json_column(**options: Any) -> Any:
    return Field(sa_type=Json, **options)
