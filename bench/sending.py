"""From a due step to the mail server's yes, against render and send alone."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from bench.figures import Figure, ratio
from bench.filling import sandbox_merchant, steps
from bench.servers import ROOT, Pair, Servers, wait_until, worker
from bench.sink import sink
from core import clock
from core.db import reading, transaction
from core.models.tables import effects
from engine.machine import Machine
from engine.work import announce

ROUNDS = 5
COUNT = 800
MERCHANTS = 4
THREADS = 4
LATER = timedelta(hours=1)


def figures(servers: Servers) -> list[Figure]:
    with sink() as port:
        return [_of(servers.pair(kind), port) for kind in ("SQLite", "PostgreSQL")]


def smtp_settings(pair: Pair, port: int) -> dict[str, str]:
    mail = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "SMTP_STARTTLS": "never", "WORKER_THREADS": str(THREADS)}
    return pair.settings | mail


def _of(pair: Pair, port: int) -> Figure:
    machine = pair.machine()
    merchants = [sandbox_merchant(machine) for _ in range(MERCHANTS)]
    ours: list[float] = []
    floor: list[float] = []
    with worker(smtp_settings(pair, port)):
        for number in range(ROUNDS + 1):
            sent, floor_s = _sent(machine, merchants), alone(port, COUNT, THREADS)
            # The first round warms both sides up.
            if number:
                ours.append(COUNT / sent)
                floor.append(COUNT / floor_s)
    machine.db.dispose()
    key, what = pair.name.lower(), f"due step to accepted by a mail server/s, {pair.name}"
    return ratio(f"sending_{key}", what, ours, floor, unit="/s", at_least=0.6)


def alone(port: int, count: int, threads: int) -> float:
    """The floor's seconds for so many messages, in a process of its own."""
    command = (sys.executable, "-m", "bench.floors.sending", str(port), str(count), str(threads))
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    return float(done.stdout)


def _sent(machine: Machine, merchants: list[int]) -> float:
    """The seconds from the first claim to the last answer, as the rows tell."""
    share, due = COUNT // len(merchants), clock.now() - timedelta(seconds=1)
    sent = [number for merchant in merchants for number in steps(machine, merchant, [due] * share, LATER)]
    # All at once, so that filling the tables does not slow the sending down.
    with transaction(machine.db) as session:
        session.execute(update(effects).where(_among(sent)).values(wake_at=due))
        for merchant in merchants:
            announce(session, merchant, due)
    # The rows tell when; looking often would only take the processor away.
    wait_until(lambda: _told(machine, sent).done == COUNT, every=0.25)
    told = _told(machine, sent)
    return float((told.ended - told.began).total_seconds())


def _among(numbers: list[int]) -> ColumnElement[bool]:
    return effects.c.id.between(numbers[0], numbers[-1])


def _told(machine: Machine, numbers: list[int]) -> Any:
    began, ended = func.min(effects.c.claimed_at), func.max(effects.c.settled_at)
    found = select(func.count().label("done"), began.label("began"), ended.label("ended"))
    with reading(machine.db) as session:
        return session.execute(found.where(_among(numbers), effects.c.state == "done")).one()
