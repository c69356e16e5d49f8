"""The real Admin schema of 2026-10, built once per process and only when asked for.

The file is Shopify's own introspection result without its descriptions; beside
it stand which scopes a type or field asks for, and which fields are protected
customer data.
"""

import gzip
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, build_client_schema

VERSION = "2026-10"
FILE = Path(__file__).with_name(f"admin-schema.{VERSION}.json.gz")
LONGEST_LIST = 250


@cache
def _stored() -> Any:
    return json.loads(gzip.decompress(FILE.read_bytes()))


@cache
def admin_schema() -> GraphQLSchema:
    schema = build_client_schema({"__schema": _stored()["__schema"]})
    for name, reader in (("DateTime", _moment), ("Decimal", _decimal), ("URL", _link), ("ID", _id)):
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        # A client's schema lets every text through; the real one does not.
        if name != "ID":
            scalar.parse_value = reader  # type: ignore[method-assign]
    return schema


def scopes_for(name: str) -> tuple[str, ...]:
    """Any one of these opens the type or field; empty: no scope is needed."""
    return tuple(_stored()["scopes"].get(name, ()))


def protection_of(type_name: str, field_name: str) -> str | None:
    """Which kind of protected customer data a field holds: name, email, phone or address."""
    kind: str | None = _stored()["protected"].get(f"{type_name}.{field_name}")
    return kind


def _moment(value: Any) -> str:
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise GraphQLError(f"{value!r} is no ISO 8601 date and time") from error
    if parsed.tzinfo is None:
        raise GraphQLError(f"{value!r} names no zone")
    return str(value)


def _decimal(value: Any) -> str:
    try:
        return str(Decimal(str(value)))
    except InvalidOperation as error:
        raise GraphQLError(f"{value!r} is no decimal number") from error


def _link(value: Any) -> str:
    if not (isinstance(value, str) and re.match(r"https?://[^/]", value)):
        raise GraphQLError(f"{value!r} is no URL")
    return value


def _id(value: Any) -> str:
    return str(value)
