"""From a due step to the mail server's yes, against render and send alone."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from bench.figures import Figure, ratio
from bench.filling import sandbox_merchant, steps
from bench.servers import ROOT, Pair, Servers, wait_until, worker
from bench.sink import sink
from core import clock
from core.db import reading
from core.models.tables import effects
from engine.machine import Machine

ROUNDS = 5
COUNT = 800
MERCHANTS = 4
THREADS = 4


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
            sent, alone = _sent(machine, merchants), _alone(port)
            # The first round warms both sides up.
            if number:
                ours.append(COUNT / sent)
                floor.append(COUNT / alone)
    machine.db.dispose()
    key, what = pair.name.lower(), f"due step to accepted by a mail server/s, {pair.name}"
    return ratio(f"sending_{key}", what, ours, floor, unit="/s", at_least=0.6)


def _alone(port: int) -> float:
    """The floor's seconds, in a process of its own."""
    command = (sys.executable, "-m", "bench.floors.sending", str(port), str(COUNT), str(THREADS))
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    return float(done.stdout)


def _sent(machine: Machine, merchants: list[int]) -> float:
    """The seconds from the first claim to the last answer, as the rows tell."""
    last = _greatest(machine)
    for merchant_id in merchants:
        due = clock.now() - timedelta(seconds=1)
        steps(machine, merchant_id, [due] * (COUNT // len(merchants)))
    wait_until(lambda: _told(machine, last).done == COUNT)
    told = _told(machine, last)
    return float((told.ended - told.began).total_seconds())


def _greatest(machine: Machine) -> int:
    with reading(machine.db) as session:
        return int(session.execute(select(func.coalesce(func.max(effects.c.id), 0))).scalar_one())


def _told(machine: Machine, after: int) -> Any:
    began, ended = func.min(effects.c.claimed_at), func.max(effects.c.settled_at)
    found = select(func.count().label("done"), began.label("began"), ended.label("ended"))
    with reading(machine.db) as session:
        return session.execute(found.where(effects.c.id > after, effects.c.state == "done")).one()
