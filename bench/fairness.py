"""A small merchant's due steps while another merchant has a million due."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bench.figures import Figure, measured
from bench.filling import sandbox_merchant, steps, waiting_rows
from bench.sending import smtp_settings
from bench.servers import Pair, Servers, wait_until, worker
from bench.sink import sink
from core import clock
from core.db import reading
from core.models.tables import effects
from engine.machine import Machine

A_MILLION = 1_000_000
# Of the million the first are real work: people, carts and mails.
REAL = 15_000
STEPS = 30
APART = timedelta(seconds=0.5)
WARM = timedelta(seconds=5)


def figures(servers: Servers) -> list[Figure]:
    with sink() as port:
        return [_of(servers.pair(kind), port) for kind in ("SQLite", "PostgreSQL")]


def _of(pair: Pair, port: int) -> Figure:
    machine = pair.machine()
    large, small = sandbox_merchant(machine), sandbox_merchant(machine)
    now = clock.now()
    steps(machine, large, [now - timedelta(hours=6)] * REAL)
    waiting_rows(machine, large, A_MILLION - REAL, now - timedelta(minutes=1))
    with worker(smtp_settings(pair, port)):
        first = clock.now() + WARM
        ids = steps(machine, small, [first + n * APART for n in range(STEPS)])
        wait_until(lambda: len(_settled(machine, ids)) == STEPS)
    delays = [(row.settled_at - row.due_at).total_seconds() for row in _settled(machine, ids)]
    machine.db.dispose()
    what = f"a small merchant's delay beside a million due, {pair.name}"
    return measured(f"fairness_{pair.name.lower()}", what, delays, unit="s", at_most=2.0)


def _settled(machine: Machine, ids: list[int]) -> list[Any]:
    found = select(effects.c.due_at, effects.c.settled_at).where(
        effects.c.id.in_(ids), effects.c.state == "done"
    )
    with reading(machine.db) as session:
        return list(session.execute(found))
