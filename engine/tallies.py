"""How often something was tried: counted anew after a while, and forgotten a day later.

Who tried is kept as a keyed hash alone. A power cut may undo a count: nobody
waits for the disk to be told of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, literal_column

from core import clock
from core.db import insert, passing
from core.models.tables import tallies
from core.statements import Statement
from engine.built import BuiltOnce
from engine.machine import Machine


@dataclass(frozen=True, slots=True)
class Limit:
    """So often at most within so long."""

    what: str
    most: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Try:
    limit: Limit
    whose: str


def has_room(machine: Machine, tries: Sequence[Try]) -> bool:
    """Count these, in their order; false where one was one too many, and what
    comes after it is not counted."""
    now = clock.now()
    with machine.db.connect() as connection, passing(connection):
        return all(_counted(connection, one, now) <= one.limit.most for one in tries)


def _counted(connection: Connection, one: Try, now: datetime) -> int:
    values = {"key": f"{one.limit.what}:{one.whose}", "now": now, "over": now - one.limit.within}
    return int(_COUNT(connection).rows(connection, values)[0][0])


def _built(connection: Connection) -> Statement:
    first: dict[str, Any] = {"key": bindparam("key"), "times": literal_column("1"), "since": bindparam("now")}
    row = insert(tallies, connection).values(first)
    is_over = tallies.c.since <= bindparam("over")
    again = {
        "times": case((is_over, literal_column("1")), else_=tallies.c.times + literal_column("1")),
        "since": case((is_over, row.excluded.since), else_=tallies.c.since),
    }
    return Statement(row.on_conflict_do_update(index_elements=["key"], set_=again).returning(tallies.c.times))


_COUNT = BuiltOnce(_built)
