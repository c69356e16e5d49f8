"""What web and worker hold in memory, idle and after many webhooks."""

from dataclasses import replace
from pathlib import Path

import psutil
from sqlalchemy import select

from bench.door import PLACE, Target, body_file
from bench.figures import Figure, measured, ratio
from bench.filling import shopify_merchant
from bench.servers import ROOT, Pair, Servers, wait_until, web, worker
from core.db import reading
from core.models.tables import inbound
from engine.machine import Machine

# As a shop's webhooks come: most say that a nameless cart has changed, some
# that somebody began to check out.
EVENTS = 100_000
CHECKOUTS = 5_000
FIRST = 100
PORTION = 10_000
AT_MOST = 130.0
NAMELESS = ROOT / "tests/payloads/shopify/carts_update.json"


def figures(servers: Servers) -> list[Figure]:
    return _of(servers.pair("PostgreSQL"), servers)


def _of(pair: Pair, servers: Servers) -> list[Figure]:
    machine = pair.machine()
    shop, body = shopify_merchant(machine), body_file(servers.folder)
    with web("app:create_app()", pair.settings, workers=1) as (port, web_pid), worker(pair.settings) as pid:
        checkouts = Target(port, "/webhooks/shopify", shop, body)
        changes = replace(checkouts, body=_nameless(servers.folder), topic="carts/update")
        # Idle, but with everything imported that a first webhook needs.
        checkouts.knock(1, FIRST)
        wait_until(lambda: _all_read(machine))
        idle = {"web": held(web_pid), "worker": held(pid)}
        begun = PORTION * CHECKOUTS // EVENTS
        for number in range(EVENTS // PORTION):
            changes.knock(2 * number + 2, PORTION - begun)
            checkouts.knock(2 * number + 3, begun)
        wait_until(lambda: _all_read(machine), patience=600)
        after = {"web": held(web_pid), "worker": held(pid)}
    machine.db.dispose()
    return [figure for name in idle for figure in _told(name, idle[name], after[name])]


def _nameless(folder: Path) -> Path:
    file = folder / "cart.json"
    recorded = NAMELESS.read_text()
    token = recorded.partition('"token": "')[2].partition('"')[0]
    file.write_text(recorded.replace(token, PLACE))
    return file


def _told(name: str, idle: float, after: float) -> list[Figure]:
    later = f"memory of {name} after {EVENTS:,} events"
    return [
        measured(f"memory_{name}_idle", f"memory of {name}, idle", [idle], unit="MB", at_most=AT_MOST),
        measured(f"memory_{name}", later, [after], unit="MB", at_most=AT_MOST),
        ratio(f"memory_{name}_growth", f"growth of {name}", [after], [idle], unit="MB", at_most=1.1),
    ]


def held(pid: int) -> float:
    """The largest process of the tree: gunicorn's own only watches."""
    process = psutil.Process(pid)
    return max(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


def _all_read(machine: Machine) -> bool:
    with reading(machine.db) as session:
        return session.execute(select(inbound.c.id).where(inbound.c.state == "new").limit(1)).first() is None
