"""The door: accepted webhooks a second, and the slow ones at 300 a second."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, ratio
from bench.filling import SHOPIFY_SECRET, shopify_merchant
from bench.floors.door import prepare
from bench.servers import ROOT, Pair, Servers, load, web

ROUNDS = 5
COUNT = 1500
PACED = 900
LINES = 16
RATE = 300.0
PLACE = "1231231230000000000"
RECORDED = ROOT / "tests/payloads/shopify/checkouts_create.json"


@dataclass(frozen=True)
class Target:
    """One side of the comparison, ready to be knocked at."""

    port: int
    path: str
    shop: str
    body: Path
    topic: str = "checkouts/create"

    def knock(self, mark: int, count: int, rate: float = 0.0) -> dict[str, Any]:
        return load(
            {
                "port": self.port,
                "path": self.path,
                "secret": SHOPIFY_SECRET,
                "shop": self.shop,
                "topic": self.topic,
                "body_file": str(self.body),
                "placeholder": PLACE,
                "mark": f"{mark:011d}",
                "count": count,
                "lines": LINES,
                "rate": rate,
            }
        )


def figures(servers: Servers) -> list[Figure]:
    return [figure for kind in ("SQLite", "PostgreSQL") for figure in _of(servers.pair(kind), servers.folder)]


def body_file(folder: Path) -> Path:
    """The recorded checkout with a place in it that tells bodies apart."""
    file = folder / "checkout.json"
    recorded = RECORDED.read_text().replace('"123123123"', f'"{PLACE}"').replace("/123123123/", f"/{PLACE}/")
    recorded = recorded.replace("example@email.com", f"anna{PLACE}@example.com")
    file.write_text(recorded.replace("603851970716743426", PLACE))
    return file


@contextmanager
def doors(pair: Pair, folder: Path) -> Iterator[tuple[Target, Target]]:
    """Ours and the floor's, both running on the same kind of server."""
    shop, body = shopify_merchant(pair.machine()), body_file(folder)
    prepare(pair.floor_url)
    floor_settings = {"FLOOR_DATABASE": pair.floor_url, "FLOOR_SECRET": SHOPIFY_SECRET}
    with (
        web("app:create_app()", pair.settings) as (ours, _),
        web("bench.floors.door:app", floor_settings) as (floor, _),
    ):
        yield Target(ours, "/webhooks/shopify", shop, body), Target(floor, "/webhooks", shop, body)


def _of(pair: Pair, folder: Path) -> list[Figure]:
    rates: dict[bool, list[float]] = {True: [], False: []}
    slow: dict[bool, list[float]] = {True: [], False: []}
    with doors(pair, folder) as (ours, floor):
        for number in range(ROUNDS + 1):
            for is_ours, target in ((True, ours), (False, floor)):
                flat_out = target.knock(2 * number, COUNT)
                paced = target.knock(2 * number + 1, PACED, RATE)
                # The first round warms both sides up.
                if number:
                    rates[is_ours].append(COUNT / flat_out["seconds"])
                    slow[is_ours].append(_p99(paced["times"]))
    name, key = pair.name, pair.name.lower()
    rate, p99 = f"door, accepted/s, {name}", f"door, p99 at 300/s, {name}"
    return [
        ratio(f"door_rate_{key}", rate, rates[True], rates[False], unit="/s", at_least=0.75),
        ratio(f"door_p99_{key}", p99, slow[True], slow[False], unit="ms", at_most=1.5),
    ]


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98] * 1000
