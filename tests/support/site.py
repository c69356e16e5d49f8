"""One Kontor on real parts, with real worker processes and a crowd of shoppers."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huey import Huey
from sqlalchemy import select

import app
from core.config import read_config
from core.db import reading
from core.models.tables import effects, enrolments, inbound
from engine.machine import Machine
from tests.fakes.smtp import FakeMailServer
from tests.support.crowd import AN_HOUR, MOST_PER_SHOP, Left, Shop, open_shops
from tests.support.workers import WorkerProcess
from web.doors import Door

LEASE_SECONDS = 3
THREADS = 3
# One thread is always kept free of sending.
SENDERS = THREADS - 1
PATIENCE = 240.0
LOOK_EVERY = 0.1


@dataclass
class Site:
    """One Kontor on real parts: its worker processes, its shops, its mail server."""

    machine: Machine
    queue: Huey
    door: Door
    mail: FakeMailServer
    environment: dict[str, str]
    folder: Path
    seed: int
    dice: random.Random
    opening: Callable[[Machine, int], Iterator[Shop]] = open_shops
    shops: list[Shop] = field(default_factory=list)
    delivered: list[Left] = field(default_factory=list)
    workers: list[WorkerProcess] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        folder: Path,
        mail: FakeMailServer,
        seed: int,
        database_url: str,
        redis_url: str = "",
        more: Mapping[str, str] | None = None,
    ) -> "Site":
        environment = {
            "KONTOR_ENV": "development",
            "DATABASE_URL": database_url,
            "QUEUE_FILE": str(folder / "queue.db"),
            "REDIS_URL": redis_url,
            "SMTP_URL": mail.url,
            "SMTP_STARTTLS": "never",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "WORKER_THREADS": str(THREADS),
            "LOG_LEVEL": "warning",
            **(more or {}),
        }
        machine, queue, _ = app.build(read_config(environment))
        return cls(machine, queue, Door.of(machine), mail, environment, folder, seed, random.Random(seed))

    def close(self) -> None:
        """Also where a test failed half-way."""
        for worker in self.workers:
            worker.kill()
        self.door.writing.close()
        self.machine.db.dispose()

    def fill(self, carts: int) -> list[Left]:
        """Carts at many shops, all left an hour ago, none of them told yet."""
        each = MOST_PER_SHOP - 10
        self.shops = list(self.opening(self.machine, -(-carts // each)))
        left = [cart for shop in self.shops for cart in shop.leave_carts(each)]
        for shop in self.shops:
            shop.let_time_pass(AN_HOUR)
        self.dice.shuffle(left)
        return left[:carts]

    def deliver(self, left: Sequence[Left]) -> None:
        for cart in left:
            answers = {self.door.knock(cart.platform, webhook).status_code for webhook in cart.webhooks}
            assert answers == {200}
        self.delivered += left

    def start_worker(self) -> None:
        self.workers.append(WorkerProcess.start(self.environment, self.folder))

    def in_flight(self) -> int:
        return len(self.delivered) - len(self.mail.accepted)

    def is_settled(self) -> bool:
        """Nothing unread, nothing running, nobody still to be asked."""
        unread = select(inbound.c.id).where(inbound.c.state == "new")
        under_way = select(enrolments.c.id).where(enrolments.c.state.in_(["active", "held"]))
        owned = select(effects.c.id).where(effects.c.lease_until.is_not(None))
        with reading(self.machine.db) as session:
            return not any(session.execute(query.limit(1)).first() for query in (unread, under_way, owned))

    def wait_until(self, it_is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not it_is_so():
            assert time.monotonic() < end, "the crowd was not served in time"
            time.sleep(LOOK_EVERY)

    def states(self) -> set[str]:
        """Of all effects but codes that are to be taken out again some day."""
        with reading(self.machine.db) as session:
            query = select(effects.c.state).where(effects.c.undo.is_(False)).distinct()
            return set(session.execute(query).scalars())
