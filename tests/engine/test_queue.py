"""The bell and its queue: it may be lost, doubled or forged, and carries nothing."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huey import Huey

import app
from core.config import Config
from core.models.tables import inbound, mailbox_messages
from core.queue import QUIET_SECONDS, Bell, open_queue
from engine.jobs import Jobs
from engine.machine import Machine
from engine.worker import Ticker
from integrations.roles import Request
from tests.support.kontor import Kontor, development

FOREIGN = "somebody-else's-secret-key-of-32-characters"


@pytest.fixture(params=["sqlite", "redis"])
def config(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Config:
    """Huey on its own SQLite file, and on a real Redis."""
    redis = {"REDIS_URL": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    return development(tmp_path, sqlite_url, **redis)


@pytest.fixture
def ringing(config: Config) -> Iterator[tuple[Kontor, Huey, Jobs]]:
    """A Kontor whose bells are heard by a real queue, as in the web process."""
    machine, queue, jobs = app.build(config)
    kontor = Kontor.open(config)
    kontor.door = type(kontor.door).of(replace(kontor.machine, bells=machine.bells))
    yield kontor, queue, jobs
    kontor.close()
    machine.db.dispose()


def test_a_bell_rings_at_most_once_in_ten_milliseconds_and_makes_the_last_ring_good() -> None:
    rings: list[float] = []
    bell = Bell(lambda: rings.append(time.monotonic()))
    began = time.monotonic()
    asked: list[float] = []

    def ring_often() -> None:
        for _ in range(300):
            asked.append(time.monotonic())
            bell.ring()
            time.sleep(0.0005)

    threads = [threading.Thread(target=ring_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(5 * QUIET_SECONDS)
    assert rings[-1] >= asked[-1]
    assert len(rings) <= (rings[-1] - began) / QUIET_SECONDS + 1


def test_a_single_ring_is_heard_at_once() -> None:
    heard = threading.Event()
    Bell(heard.set).ring()
    assert heard.wait(5)


def test_a_web_process_rings_and_does_nothing_itself(ringing: tuple[Kontor, Huey, Jobs]) -> None:
    kontor, queue, _ = ringing
    kontor.deliver(_a_cart(kontor))
    assert {row.state for row in kontor.rows(inbound)} == {"new"}
    _wait_for_the_bell(queue)
    task = queue.dequeue()
    with pytest.raises(RuntimeError, match="only rings"):
        task.execute()
    assert {row.state for row in kontor.rows(inbound)} == {"new"}


def test_many_webhooks_at_once_put_few_bells_into_the_queue(ringing: tuple[Kontor, Huey, Jobs]) -> None:
    kontor, queue, _ = ringing
    webhooks = [webhook for _ in range(20) for webhook in _a_cart(kontor)]
    began = time.monotonic()
    kontor.deliver(webhooks)
    _wait_for_the_bell(queue)
    assert queue.pending_count() <= (time.monotonic() - began) / QUIET_SECONDS + 2


def test_emptying_the_queue_loses_nothing_the_ticker_rings_again(
    ringing: tuple[Kontor, Huey, Jobs],
) -> None:
    kontor, queue, jobs = ringing
    kontor.deliver(_a_cart(kontor))
    _wait_for_the_bell(queue)
    queue.flush()
    assert queue.pending_count() == 0
    Ticker(replace(kontor.machine, bells=jobs.bells()))._tick()
    _wait_for_the_bell(queue)
    _work_off(queue, jobs, kontor.machine)
    assert {row.state for row in kontor.rows(inbound)} == {"done"}
    kontor.forward(hours=1, minutes=1)
    assert len(kontor.rows(mailbox_messages)) == 1


def test_a_message_that_somebody_else_signed_is_refused(config: Config, tmp_path: Path) -> None:
    """Whoever can write to the queue must not run code here."""
    ours = open_queue(config)
    theirs = open_queue(config.model_copy(update={"secret_key": FOREIGN}))
    sign = tmp_path / "they-were-here"
    task = theirs.task(name="due")(sign.touch)
    task()
    with pytest.raises(ValueError, match=r"[Ss]ignature"):
        ours.dequeue()
    assert not sign.exists()


def test_a_queue_that_is_away_fails_no_webhook(sqlite_url: str, tmp_path: Path) -> None:
    config = development(tmp_path, sqlite_url, REDIS_URL="redis://127.0.0.1:1/0")
    machine, _, _ = app.build(config)
    kontor = Kontor.open(config)
    kontor.door = type(kontor.door).of(replace(kontor.machine, bells=machine.bells))
    assert set(kontor.deliver(_a_cart(kontor))) == {200}
    assert {row.state for row in kontor.rows(inbound)} == {"new"}
    kontor.close()
    machine.db.dispose()


def _a_cart(kontor: Kontor) -> list[Request]:
    cart = kontor.store.begin_cart()
    added = kontor.store.add_to_cart(cart, "candle")
    return [*added, *kontor.store.leave_email(cart, "anna@example.com", opted_in=True)]


def _wait_for_the_bell(queue: Huey) -> None:
    """Until it has rung, and rung again if it owed one more ring."""
    end = time.monotonic() + 10
    while not queue.pending_count():
        assert time.monotonic() < end, "no bell"
        time.sleep(0.005)
    time.sleep(10 * QUIET_SECONDS)


def _work_off(queue: Huey, jobs: Jobs, machine: Machine) -> None:
    jobs.serve(machine)
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
