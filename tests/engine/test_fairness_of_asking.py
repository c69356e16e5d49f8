"""Shops that are slow to answer don't keep the worker from its other work."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.db import transaction
from core.events import Event, LookUp
from core.models.tables import look_ups, readings
from engine import inbox, jobs
from engine.machine import Busy, Machine
from integrations.roles import Access
from tests.engine.connected import AtWooCommerce
from tests.support.kontor import Kontor

THREADS = 4


class Slow:
    """A shop that answers when it is told to; how many wait for it at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.at_once = threading.Semaphore(0)

    def answer(self, *_given: Any, **_more: Any) -> Any:
        self.at_once.release()
        self.go_on.wait(20)
        return {}


def together(work: Callable[[Machine], None], machine: Machine, slow: Slow) -> int:
    """Every thread of a worker at the same work; how many the slow shop keeps."""
    threads = [threading.Thread(target=work, args=(machine,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
        # One after the other, so that what is hinted at meanwhile is there to be found.
        thread.join(0.5)
    assert slow.at_once.acquire(timeout=20)
    thread.join(1)
    ended = [thread for thread in threads if not thread.is_alive()]
    slow.go_on.set()
    for thread in threads:
        thread.join(20)
    return THREADS - len(ended)


def test_reading_back_and_looking_after_keep_a_quarter_of_the_threads(
    woo: AtWooCommerce, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    assert len(woo.kontor.rows(readings)) > 1, "several of one shop are due, and its check-up too"
    for name in ("read_back", "mend_hooks"):
        monkeypatch.setattr(woo.live, name, slow.answer)
    assert together(jobs._upkeep, woo.machine, slow) == THREADS // 4


def test_one_shops_questions_keep_half_of_the_threads(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, number = Slow(), iter(range(100))

    def look_up(access: Access, wanted: Sequence[LookUp]) -> dict[LookUp, Sequence[Event]]:
        """While it is being asked more is hinted at."""
        if not slow.go_on.is_set():
            hint(kontor, next(number))
        slow.answer()
        return {}

    monkeypatch.setattr(kontor.machine.live["sandbox"], "look_up", look_up)
    hint(kontor, next(number))
    assert together(jobs._look_ups, kontor.machine, slow) <= THREADS // 2
    assert {row.state for row in kontor.rows(look_ups)} == {"gone"}


def hint(kontor: Kontor, number: int) -> None:
    with transaction(kontor.machine.db) as session:
        inbox.want(session, kontor.merchant_id, LookUp("order", str(number)))


def test_what_asks_shops_takes_no_place_from_what_is_sent() -> None:
    busy = Busy(THREADS)
    with busy.serving(1), busy.serving(1), busy.serving(2), busy.serving(3):
        assert busy.full() == [1], "one shop's own half counts all that is done with it"
        assert busy.has_room()
    assert busy.full() == []


def test_whoever_is_served_no_more_is_forgotten() -> None:
    busy = Busy(THREADS)
    for merchant in range(1000):
        busy.begin(merchant)
        busy.end(merchant)
    assert not busy._held
