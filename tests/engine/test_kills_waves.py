"""Workers die while lines are told in waves; the mail server's book shows: nobody is lost or told twice."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import reading
from core.models.tables import effects, restocks, sign_ups
from engine import restocks as lines
from tests.fakes.smtp import FakeMailServer
from tests.support.crowd import PLAIN, SmallShop
from tests.support.site import SENDERS, Site
from tests.support.waiting import SOME, stand_in_line, stock
from tests.torture import DELAY

SHOPS, PEOPLE, KILLS = 6, 45, 20
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    on_postgres = request.param == "postgresql"
    url = str(request.getfixturevalue("migrated_postgres_url" if on_postgres else "sqlite_url"))
    queue = str(request.getfixturevalue("redis_url")) if on_postgres else ""
    with FakeMailServer(delay=DELAY, delay_after=DELAY) as mail:
        opened = Site.open(tmp_path, mail, random.randrange(10**6), url, queue)
        yield opened
        opened.close()


def test_killing_workers_loses_nobody_in_line_and_tells_nobody_twice(site: Site) -> None:
    for number in range(SHOPS):
        _open_line(site, number)
    for _ in range(2):
        site.start_worker()
    for _ in range(KILLS):
        _strike(site)
    site.mail.delay = site.mail.delay_after = 0.0
    site.wait_until(lambda: _all_told(site))
    arrived = Counter(recipient for mail in site.mail.accepted for recipient in mail.to)
    assert all(count == 1 for count in arrived.values())
    with reading(site.machine.db) as session:
        messages = list(session.execute(select(effects.c.state).where(effects.c.kind == "send_message")))
        wishes = Counter(session.execute(select(sign_ups.c.state)).scalars())
    doubtful = sum(1 for row in messages if row.state == "unknown")
    assert doubtful <= KILLS * SENDERS
    assert wishes == {"told": SHOPS * PEOPLE}
    assert len(messages) == SHOPS * PEOPLE
    assert len(arrived) >= SHOPS * PEOPLE - doubtful


def _open_line(site: Site, number: int) -> None:
    """A shop where so many people wait for what is back this moment."""
    machine, shop = site.machine, SmallShop.open(site.machine, PLAIN)
    variant_id = stock(machine, shop.merchant_id, SOME)
    emails = [f"person{place}@shop{number}.example" for place in range(PEOPLE)]
    stand_in_line(machine, shop.merchant_id, variant_id, emails)
    assert lines.notify_now(machine, shop.merchant_id, variant_id, PEOPLE, "Mara")


def _strike(site: Site) -> None:
    """Kill one worker at a random moment of a mail's way, sometimes empty the queue too."""
    worker = site.workers[0]
    worker.wait_until_it_works(site.machine.db)
    taken = site.mail.beginnings
    site.wait_until(lambda: site.mail.beginnings > taken or _all_told(site))
    worker.kill()
    site.workers.remove(worker)
    site.start_worker()
    if site.dice.random() < 0.3:
        site.queue.flush()


def _all_told(site: Site) -> bool:
    """Nobody waits any more and nothing is owned."""
    waits = select(sign_ups.c.id).where(sign_ups.c.state.in_(["waiting", "called"]))
    owned = select(effects.c.id).where(effects.c.lease_until.is_not(None))
    with reading(site.machine.db) as session:
        assert session.execute(select(restocks.c.id).limit(1)).first() is not None
        return not any(session.execute(query.limit(1)).first() for query in (waits, owned))
