"""Workers die at random moments; the mail server's book shows what that costs: nothing."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.smtp import FakeMailServer
from tests.support.site import Site
from tests.torture import DELAY, IN_FLIGHT, torture

KILLS = int(os.environ.get("KILLS", "20"))
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A Kontor on SQLite and Huey's SQLite file, and one on PostgreSQL and Redis."""
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    on_postgres = request.param == "postgresql"
    url = str(request.getfixturevalue("migrated_postgres_url" if on_postgres else "sqlite_url"))
    queue = str(request.getfixturevalue("redis_url")) if on_postgres else ""
    with FakeMailServer(delay=DELAY, delay_after=DELAY) as mail:
        opened = Site.open(tmp_path, mail, seed, url, queue)
        yield opened
        opened.close()


def test_killing_workers_loses_no_mail_and_doubles_none(site: Site) -> None:
    tally = torture(site, KILLS)
    sys.stdout.write(tally.told() + "\n")
    assert not tally.faults
    assert tally.kills == KILLS
    assert tally.least_in_flight >= 100


def test_a_worker_that_is_asked_to_stop_drains(site: Site) -> None:
    """It finishes what it is doing and gives the rest back; the next one loses and doubles nothing."""
    crowd = site.fill(IN_FLIGHT)
    site.deliver(crowd)
    site.start_worker()
    (worker,) = site.workers
    site.wait_until(lambda: len(site.mail.accepted) >= 5)
    status, seconds = worker.drain()
    assert (status, seconds < 25) == (0, True)
    assert site.in_flight() > IN_FLIGHT / 2
    assert site.states() <= {"pending", "done"}
    site.mail.delay = site.mail.delay_after = 0.0
    site.start_worker()
    site.wait_until(site.is_settled)
    assert site.states() == {"done"}
    assert sorted(site.mail.counts.values()) == [1] * IN_FLIGHT
