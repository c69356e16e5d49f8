"""Workers killed at random moments with a crowd in flight; what arrived is
counted at the mail server: `python -m tests.torture --kills 200 --seed 1`."""

import argparse
import fcntl
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core import schema
from core.db import reading
from core.models.tables import carts, discount_codes, effects, enrolments
from tests.fakes.smtp import FakeMailServer
from tests.support.connected_crowd import town
from tests.support.crowd import Left
from tests.support.postgres import Databases, start_postgres
from tests.support.site import SENDERS, Site
from tests.support.starting import Run
from tests.support.valkey import start_redis

IN_FLIGHT = 200
CARTS_PER_KILL = 15
DELAY = 0.3
# Fake shops are called over TLS, on SQLite; the sandbox on both pairs of real servers.
CONNECTED = ("shopify", "woocommerce")
PAIRS = ("sqlite", "postgres", *CONNECTED)


@dataclass
class Tally:
    """What came of it, as the mail server and our rows tell it."""

    seed: int
    expected: int = 0
    accepted: int = 0
    kills: int = 0
    flushes: int = 0
    least_in_flight: int = sys.maxsize
    doubtful: list[str] = field(default_factory=list)
    codes: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def told(self) -> str:
        lines = [
            f"seed {self.seed}: {self.kills} kills, {self.flushes} queues emptied, {self.seconds:.0f} s",
            f"{self.expected} mails due, {self.accepted} accepted, {self.codes} codes made",
            f"at least {self.least_in_flight} in flight at a kill",
            f"{len(self.doubtful)} in doubt, at most {self.kills * SENDERS} allowed",
            *(f"  in doubt: {row}" for row in self.doubtful),
            *(f"  FAULT: {fault}" for fault in self.faults),
        ]
        return "\n".join(lines)


def torture(site: Site, kills: int, in_flight: int = IN_FLIGHT) -> Tally:
    """Half of the crowd knocks before the first kill, the rest between kills."""
    began = time.monotonic()
    tally = Tally(site.seed)
    crowd = site.fill(in_flight + kills * CARTS_PER_KILL)
    buyers = _some_buy(site, crowd)
    site.deliver(crowd[:in_flight])
    waiting = crowd[in_flight:]
    for _ in range(2):
        site.start_worker()
    for _ in range(kills):
        waiting = _top_up(site, waiting, in_flight)
        _strike(site, tally)
    site.deliver(waiting)
    site.mail.delay = site.mail.delay_after = 0.0
    site.wait_until(site.is_settled)
    _end(site, tally)
    _count(site, tally, [cart for cart in crowd if cart not in buyers], buyers)
    tally.seconds = time.monotonic() - began
    return tally


def _some_buy(site: Site, crowd: Sequence[Left]) -> list[Left]:
    """One in twenty buys before we hear of the cart, and the webhook is lost."""
    buyers = list(crowd[::20])
    shops = {shop.merchant_id: shop for shop in site.shops}
    for cart in buyers:
        shops[cart.merchant_id].buy(cart)
    return buyers


def _top_up(site: Site, waiting: list[Left], in_flight: int) -> list[Left]:
    wanted = max(0, in_flight - site.in_flight())
    site.deliver(waiting[:wanted])
    return waiting[wanted:]


def _strike(site: Site, tally: Tally) -> None:
    """Kill one worker at a random moment of a mail's way, sometimes empty the queue too."""
    worker = site.workers[0]
    worker.wait_until_it_works(site.machine.db)
    taken = site.mail.beginnings
    site.wait_until(lambda: site.mail.beginnings > taken)
    time.sleep(site.dice.uniform(0.0, 2 * DELAY))
    tally.least_in_flight = min(tally.least_in_flight, site.in_flight())
    worker.kill()
    site.workers.remove(worker)
    tally.kills += 1
    site.start_worker()
    if site.dice.random() < 0.3:
        site.queue.flush()
        tally.flushes += 1


def _end(site: Site, tally: Tally) -> None:
    """Both workers are asked to stop and leave nothing half done."""
    for worker in site.workers:
        worker.wait_until_it_works(site.machine.db)
        status, seconds = worker.drain()
        if status != 0 or seconds > 25:
            tally.faults.append(f"a worker ended with {status} after {seconds:.1f} s")
    site.workers.clear()


def _count(site: Site, tally: Tally, due: Sequence[Left], buyers: Sequence[Left]) -> None:
    tally.expected, tally.accepted = len(due), len(site.mail.accepted)
    states = _states(site)
    arrived = Counter(recipient for mail in site.mail.accepted for recipient in mail.to)
    tally.faults += [f"{key} arrived {n} times" for key, n in site.mail.counts.items() if n > 1]
    for cart in due:
        row = states.get(cart.email)
        tally.faults += _judged(cart.email, row, arrived[cart.email])
        if row is not None and row.state == "unknown":
            tally.doubtful.append(f"{row.key} ({'arrived' if arrived[cart.email] else 'did not arrive'})")
    tally.faults += [f"{cart.email} bought and got a mail" for cart in buyers if arrived[cart.email]]
    if len(tally.doubtful) > tally.kills * SENDERS:
        tally.faults.append("more in doubt than were being sent")
    tally.faults += _errors_told(site)
    tally.codes = _count_codes(site, tally)


def _errors_told(site: Site) -> list[str]:
    """A worker that is killed says nothing; what is told as an error is one."""
    lines = (site.folder / "workers.log").read_text().splitlines()
    return [line[:600] for line in lines if '"level": "error"' in line or line.startswith("Traceback")]


def _states(site: Site) -> dict[str, Any]:
    """The message's row of every shopper, by address as the sink knows it."""
    found: dict[str, Any] = {}
    for shop in site.shops:
        by_cart = {cart.cart: cart.email for cart in shop.left}
        for row in _messages(site, shop.merchant_id):
            found[by_cart[row.ref]] = row
    return found


def _messages(site: Site, merchant_id: int) -> list[Any]:
    query = (
        select(effects.c.key, effects.c.state, effects.c.reason, carts.c.ref)
        .join(enrolments, enrolments.c.id == effects.c.enrolment_id)
        .join(carts, carts.c.id == enrolments.c.subject_id)
        .where(effects.c.merchant_id == merchant_id, effects.c.kind == "send_message")
    )
    with reading(site.machine.db) as session:
        return list(session.execute(query))


def _judged(email: str, row: Any | None, arrived: int) -> list[str]:
    """Done and arrived once, or in doubt and arrived at most once."""
    if row is None:
        return [f"{email} was lost: no row"]
    right = (row.state == "done" and arrived == 1) or (row.state == "unknown" and arrived <= 1)
    return [] if right else [f"{email}: {row.key} is {row.state} ({row.reason}), arrived {arrived} times"]


def _count_codes(site: Site, tally: Tally) -> int:
    """Every code of our rows is in the shop and every code of the shop in our rows."""
    with reading(site.machine.db) as session:
        noted = list(session.execute(select(discount_codes.c.effect_id, discount_codes.c.code)))
        creations = select(effects.c.state, effects.c.reason).where(effects.c.kind == "create_discount")
        states = Counter(f"{row.state} {row.reason or ''}".strip() for row in session.execute(creations))
    in_shop = [code for shop in site.shops for code in shop.codes()]
    one_each = len({row.effect_id for row in noted}) == len(noted) == states["done"]
    if not one_each or sorted(row.code for row in noted) != sorted(in_shop):
        tally.faults.append(f"codes: {len(noted)} noted, {len(in_shop)} in the shops, effects {dict(states)}")
    return len(in_shop)


@contextmanager
def servers() -> Iterator[Run]:
    """A run of our own, as pytest would make it, for real servers to live in."""
    run = Run(Path(tempfile.mkdtemp(prefix="kontor-torture-")))
    run.prepare()
    with (run.folder / "run").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield run
    with (run.folder / "keepers").open() as keepers:
        fcntl.flock(keepers, fcntl.LOCK_EX)
    shutil.rmtree(run.folder, ignore_errors=True)


def main() -> int:
    """One pair after the other; 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pair", choices=PAIRS)
    given = parser.parse_args()
    pairs = [given.pair] if given.pair else list(PAIRS)
    with servers() as run:
        tallies = [_told(pair, run, given.kills, given.seed) for pair in pairs]
    return int(any(tally.faults for tally in tallies))


def _told(pair: str, run: Run, kills: int, seed: int) -> Tally:
    folder = run.folder / f"{pair}-files"
    folder.mkdir()
    database_url, redis_url = f"sqlite:///{folder}/kontor.db", ""
    if pair == "postgres":
        database_url = Databases(run.once("postgres", start_postgres)).create()
        redis_url = f"{run.once('redis', start_redis)}/0"
    with FakeMailServer(delay=DELAY, delay_after=DELAY) as mail, ExitStack() as up:
        shops = up.enter_context(town(pair, folder)) if pair in CONNECTED else None
        more = shops.settings if shops else {}
        site = Site.open(folder, mail, seed, database_url, redis_url, more)
        site.opening = shops.open_shops if shops else site.opening
        schema.migrate(site.machine.db)
        try:
            tally = torture(site, kills)
        finally:
            site.close()
    print(f"{pair}\n{tally.told()}")
    return tally


if __name__ == "__main__":
    sys.exit(main())
