"""Due rows claimed and settled a second, by the engine's own claim and settle."""

import time
from collections.abc import Callable
from datetime import timedelta

from bench.figures import Figure, ratio
from bench.filling import sandbox_merchant, waiting_rows
from bench.floors.claims import BATCH, Due
from bench.servers import Pair, Servers
from core import clock
from core.db import turn
from engine.claims import claim_on
from engine.machine import Machine
from engine.settling import Outcome, settle

ROUNDS = 9
ROWS = 1000
MANY = 1_000_000
FEW = 10_000


def figures(servers: Servers) -> list[Figure]:
    return [figure for kind in ("SQLite", "PostgreSQL") for figure in _of(servers, kind)]


def filled(pair: Pair, count: int) -> Machine:
    """A machine whose one merchant has `count` rows waiting, all due."""
    machine = pair.machine()
    waiting_rows(machine, sandbox_merchant(machine), count, clock.now() - timedelta(minutes=1))
    return machine


def _of(servers: Servers, kind: str) -> list[Figure]:
    many, few, floor_pair = servers.pair(kind), servers.pair(kind), servers.pair(kind)
    due = Due(floor_pair.floor_url)
    due.fill(MANY)
    machines = {"many": filled(many, MANY), "few": filled(few, FEW)}
    rates = _rounds(machines, due)
    for machine in machines.values():
        machine.db.dispose()
    due.close()
    key, what = kind.lower(), "due rows claimed and settled/s at 1 million"
    return [
        ratio(f"claims_{key}", f"{what}, {kind}", rates["many"], rates["floor"], unit="/s", at_least=0.5),
        ratio(
            f"claims_scale_{key}",
            f"{what} against 10 thousand, {kind}",
            rates["many"],
            rates["few"],
            unit="/s",
            at_least=0.4,
        ),
    ]


def _rounds(machines: dict[str, Machine], due: Due) -> dict[str, list[float]]:
    sides: dict[str, Callable[[], float]] = {
        "floor": lambda: due.work(ROWS),
        "many": lambda: work(machines["many"], ROWS),
        "few": lambda: work(machines["few"], ROWS),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS):
        for name, side in sides.items():
            seconds = side()
            # The first round warms caches and connections up.
            if number:
                rates[name].append(ROWS / seconds)
    return rates


def work(machine: Machine, count: int) -> float:
    """Claim and settle `count` rows with nothing done in between; the seconds."""
    began = time.perf_counter()
    done = 0
    with machine.db.connect() as connection:
        while done < count:
            batch = claim_on(connection, machine, BATCH)
            assert batch is not None
            claims = batch.claims.items()
            outcomes = [Outcome(row, number, "done", ("claimed",)) for row, number in claims]
            with turn(connection), connection.begin():
                done += settle(connection, outcomes)
    return time.perf_counter() - began
