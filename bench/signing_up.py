"""Sign-ups taken at the form, against Flask and a bare INSERT."""

import json
import subprocess
import sys
import time
from typing import Any

from bench.figures import Figure, ratio
from bench.filling import sandbox_merchant
from bench.floors.sign_up import prepare
from bench.servers import ROOT, Pair, Servers, web
from core.db import reading, transaction
from core.events import Stock
from core.models import Merchant
from core.models.tables import tallies
from engine.machine import Machine
from engine.sign_up_forms import QUICK, give
from tests.support.waiting import BLANKET, stock

ROUNDS = 3
COUNT = 400


def figures(servers: Servers) -> list[Figure]:
    return [_of(servers.pair(kind)) for kind in ("SQLite", "PostgreSQL")]


def _of(pair: Pair) -> Figure:
    machine = pair.machine()
    merchant_id = sandbox_merchant(machine)
    stock(machine, merchant_id, Stock("none"))
    with reading(machine.db) as session:
        key = session.get_one(Merchant, merchant_id).key
    prepare(pair.floor_url)
    ours: list[float] = []
    floor: list[float] = []
    with (
        web("app:create_app()", pair.settings) as (port, _),
        web("bench.floors.sign_up:app", {"FLOOR_DATABASE": pair.floor_url}) as (bare, _),
    ):
        for number in range(ROUNDS + 1):
            forms = _forms(machine, merchant_id, number)
            time.sleep(QUICK.total_seconds())
            joined, inserted = _seconds(port, f"/s/{key}/waitlist", forms), _seconds(bare, "/sign-ups", forms)
            # The first round warms both sides up.
            if number:
                ours.append(COUNT / joined)
                floor.append(COUNT / inserted)
            _forget_tries(machine)
    machine.db.dispose()
    what = f"sign-ups taken at the form/s, {pair.name}"
    return ratio(f"sign_ups_{pair.name.lower()}", what, ours, floor, unit="/s")


def _forms(machine: Machine, merchant_id: int, number: int) -> list[dict[str, str]]:
    """As the page gives them to so many people, filled in by each."""
    return [
        {
            "variant": BLANKET,
            "email": f"anna-{number}-{person}@example.com",
            "locale": "en",
            "form": give(machine.config, merchant_id, BLANKET, "en"),
            "website": "",
        }
        for person in range(COUNT)
    ]


def _seconds(port: int, path: str, forms: list[dict[str, str]]) -> float:
    order = json.dumps({"port": port, "path": path, "forms": forms})
    done = subprocess.run(
        (sys.executable, "-m", "bench.posts"),
        input=order,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=ROOT,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    if told["taken"] != len(forms):
        raise RuntimeError(f"only {told['taken']} of {len(forms)} sign-ups were taken")
    return float(told["seconds"])


def _forget_tries(machine: Machine) -> None:
    """The next round comes from the same addresses of the loopback, an hour later."""
    with transaction(machine.db) as session:
        session.execute(tallies.delete())
