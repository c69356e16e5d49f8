"""What web and worker hold in memory, idle and after many webhooks."""

import psutil
from sqlalchemy import func, select

from bench.door import Target, body_file
from bench.figures import Figure, measured, ratio
from bench.filling import shopify_merchant
from bench.servers import Pair, Servers, wait_until, web, worker
from core.db import reading
from core.models.tables import inbound
from engine.machine import Machine

EVENTS = 100_000
FIRST = 100
AT_MOST = 130.0
PORTION = 5_000


def figures(servers: Servers) -> list[Figure]:
    return _of(servers.pair("PostgreSQL"), servers)


def _of(pair: Pair, servers: Servers) -> list[Figure]:
    machine = pair.machine()
    shop, body = shopify_merchant(machine), body_file(servers.folder)
    with web("app:create_app()", pair.settings, workers=1) as (port, web_pid), worker(pair.settings) as worker_pid:
        target = Target(port, "/webhooks/shopify", shop, body)
        # Idle, but with everything imported that a first webhook needs.
        _hear(machine, target, 0, FIRST)
        idle = {"web": _held(web_pid), "worker": _held(worker_pid)}
        for mark in range(EVENTS // PORTION):
            _hear(machine, target, mark + 1, PORTION)
        after = {"web": _held(web_pid), "worker": _held(worker_pid)}
    machine.db.dispose()
    return [figure for name in idle for figure in _told(name, idle[name], after[name])]


def _hear(machine: Machine, target: Target, mark: int, count: int) -> None:
    target.knock(mark, count)
    wait_until(lambda: not _unread(machine), patience=300)


def _told(name: str, idle: float, after: float) -> list[Figure]:
    return [
        measured(f"memory_{name}_idle", f"memory of {name}, idle", [idle], unit="MB", at_most=AT_MOST),
        measured(f"memory_{name}", f"memory of {name} after {EVENTS:,} events", [after], unit="MB", at_most=AT_MOST),
        ratio(f"memory_{name}_growth", f"growth of {name}", [after], [idle], unit="MB", at_most=1.1),
    ]


def _held(pid: int) -> float:
    """The largest process of the tree: gunicorn's own only watches."""
    process = psutil.Process(pid)
    return max(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


def _unread(machine: Machine) -> int:
    with reading(machine.db) as session:
        return int(
            session.execute(select(func.count()).where(inbound.c.state == "new")).scalar_one()
        )
