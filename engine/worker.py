"""The worker: Huey's consumer, and a thread that rings when rows are due."""

import gc
import os
import socket
import threading
from datetime import datetime
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer
from sqlalchemy import exists, func, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db import insert, reading, transaction
from core.memory import few_heaps
from core.models.tables import effects, heartbeats, inbound, look_ups, merchants, work
from core.statements import Statement
from engine.jobs import Jobs
from engine.look_ups import ASKABLE, asked_of
from engine.machine import Machine

log = structlog.get_logger()

TICK = 0.1
HEARTBEAT_EVERY = 10.0
LEASES_EVERY = 1.0


def work_until_stopped(machine: Machine, queue: Huey, jobs: Jobs) -> None:
    """Serve until SIGTERM or SIGINT, then let running tasks finish: the host
    gives 30 seconds, Huey 25 of them."""
    few_heaps()
    jobs.serve(machine)
    ticker = Ticker(machine)
    ticker.start()
    consumer = _Consumer(
        machine,
        queue,
        workers=machine.config.worker_threads,
        initial_delay=0.02,
        max_delay=0.02,
        graceful_signal="TERM",
        shutdown_timeout=25,
    )
    # What is loaded by now stays: to look through it for what may go takes a tenth of a second.
    gc.freeze()
    try:
        consumer.run()
    finally:
        ticker.stop()


class _Consumer(Consumer):  # type: ignore[misc] # Huey publishes no types.
    """Tells the jobs to come to an end. Huey would wait for them on SIGTERM
    alone; on Ctrl-C it would drop them in the middle of a message."""

    def __init__(self, machine: Machine, queue: Huey, **options: Any) -> None:
        self._stopping = machine.stopping
        super().__init__(queue, **options)

    def stop(self, graceful: bool = False) -> None:
        self._stopping.set()
        super().stop(graceful=True)


# Asked ten times a second by every worker: one question, each part of which an index answers.
_WAITING = Statement(
    select(
        select(func.min(work.c.next_at)).scalar_subquery().label("due"),
        exists().where(merchants.c.clock_target.is_not(None)).label("moving"),
        exists().where(inbound.c.state == literal_column("'new'")).label("unread"),
        exists().where(*ASKABLE).label("askable"),
    )
)


class Ticker(threading.Thread):
    """Looks ten times a second whether rows are due and rings; a bell that
    was lost with a dead process is rung again here."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(name="ticker", daemon=True)
        self._machine = machine
        self._stopped = threading.Event()
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._next: dict[str, float] = {}

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=5)

    def run(self) -> None:
        while not self._stopped.wait(TICK):
            try:
                self._tick()
            except (SQLAlchemyError, OSError, RuntimeError):
                # The database or the queue is away; the next tick looks again.
                log.warning("ticker_could_not_look", exc_info=True)

    def _tick(self) -> None:
        now = clock.now()
        self._ring(now)
        if self._is_time("heartbeat", HEARTBEAT_EVERY, now):
            self._beat(now)
        if self._is_time("leases", LEASES_EVERY, now) and self._lease_is_over(now):
            self._machine.bells.leases()

    def _ring(self, now: datetime) -> None:
        """One cheap look at indexes decides which bells ring."""
        bells = self._machine.bells
        with reading(self._machine.db) as session:
            (found,) = _WAITING.records(session, asked_of(self._machine, now))
        due = found.due is not None and found.due <= now
        for wanted, ring in (
            (due or found.moving, bells.due),
            (found.unread, bells.inbox),
            (found.askable, bells.look_ups),
        ):
            if wanted:
                ring()

    def _lease_is_over(self, now: datetime) -> bool:
        over = select(effects.c.id).where(effects.c.lease_until < now).limit(1)
        asking = select(look_ups.c.id).where(look_ups.c.state == "asking", look_ups.c.lease_until < now)
        with reading(self._machine.db) as session:
            found = session.execute(over).first() or session.execute(asking.limit(1)).first()
        return found is not None

    def _beat(self, now: datetime) -> None:
        with transaction(self._machine.db) as session:
            row = insert(heartbeats, session).values(name=self._name, at=now)
            session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": now}))

    def _is_time(self, what: str, every: float, now: datetime) -> bool:
        moment = now.timestamp()
        if moment < self._next.get(what, 0.0):
            return False
        self._next[what] = moment + every
        return True
