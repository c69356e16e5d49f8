"""The doors the queue knocks at: each calls one function that looks at rows."""

from collections.abc import Callable

import structlog
from huey import Huey, crontab

from core.queue import Bell
from engine import (
    attempts,
    awaiting,
    checkups,
    effects,
    inbox,
    look_ups,
    looking_back,
    mail_servers,
    notices,
    readings,
    recounting,
    refusals,
    restocks,
    retention,
    senders,
    sign_in,
    sign_up_endings,
    sign_up_letters,
    simulation,
    summaries,
    sweep,
)
from engine.machine import Bells, Machine

log = structlog.get_logger()

BATCHES_A_TURN = 10


class Jobs:
    """The tasks of one queue. `serve` gives them the machine to work with;
    a web process only rings."""

    def __init__(self, queue: Huey) -> None:
        self._machine: Machine | None = None
        self._inbox = queue.task(name="inbox")(self._door(_inbox))
        self._due = queue.task(name="due")(self._door(_due))
        self._look_ups = queue.task(name="look_ups")(self._door(_look_ups))
        self._leases = queue.task(name="leases")(self._door(sweep.leases))
        self._upkeep = queue.task(name="upkeep")(self._door(_upkeep))
        queue.periodic_task(crontab(minute="*"), name="sweep")(self._door(_sweep))
        queue.periodic_task(crontab(minute="17", hour="3"), name="retention")(self._door(retention.retention))

    def bells(self) -> Bells:
        rung = (self._inbox, self._due, self._look_ups, self._leases, self._upkeep)
        return Bells(*(Bell(job).ring for job in rung))

    def serve(self, machine: Machine) -> None:
        self._machine = machine

    def _door(self, work: Callable[[Machine], None]) -> Callable[[], None]:
        def job() -> None:
            if self._machine is None:
                raise RuntimeError("this process only rings; jobs run in the worker")
            work(self._machine)

        return job


def settle_all(machine: Machine, most: int = 10_000) -> None:
    """Do everything that is to be done right now, in this thread: for tests
    and for commands that run without a worker."""
    for _ in range(most):
        busy = inbox.run(machine) + look_ups.run(machine) + effects.run(machine)
        if not busy and not _time_goes_on(machine):
            return


def _time_goes_on(machine: Machine) -> bool:
    """While a clock waits for what is due to be settled, more may come due."""
    return simulation.run(machine) or effects.run(machine) > 0


def _inbox(machine: Machine) -> None:
    if inbox.run(machine) >= inbox.MOST:
        machine.bells.inbox()
    machine.bells.look_ups()


def _due(machine: Machine) -> None:
    """A bounded run, then the bell again: the other jobs get their turn."""
    if effects.run(machine, most=BATCHES_A_TURN) >= BATCHES_A_TURN:
        machine.bells.due()
        return
    while not machine.stopping.is_set() and _time_goes_on(machine):
        effects.run(machine)


def _look_ups(machine: Machine) -> None:
    """Whoever is at it goes on until nothing waits."""
    if machine.busy.asking.acquire(blocking=False):
        try:
            look_ups.run(machine)
        finally:
            machine.busy.asking.release()


def _upkeep(machine: Machine) -> None:
    """What is not urgent: letters first, for somebody may wait for a link to
    sign in. Then a bounded turn at shops, which may be slow, and the bell
    again; where enough threads are at that already, they go on, or the sweep."""
    sign_in.run(machine)
    letters = sign_up_letters.run(machine)
    awaiting.mend_where_over(machine)
    refusals.mend_where_over(machine)
    mail_servers.let_go_on(machine)
    notices.run(machine)
    summaries.run(machine)
    if letters:
        machine.bells.upkeep()
    if not machine.busy.upkeep.acquire(blocking=False):
        return
    try:
        busy = readings.run(machine, most=1) + checkups.run(machine, most=1)
        busy += looking_back.run(machine, most=1) + recounting.run(machine, most=1)
        busy += senders.run(machine, most=1)
    finally:
        machine.busy.upkeep.release()
    if busy:
        machine.bells.upkeep()


def _sweep(machine: Machine) -> None:
    sweep.leases(machine)
    sweep.recount_work(machine)
    restocks.look_again_at_forgotten(machine)
    attempts.drop_late(machine)
    sign_up_endings.expire(machine)
    machine.bells.inbox()
    machine.bells.look_ups()
    machine.bells.upkeep()
