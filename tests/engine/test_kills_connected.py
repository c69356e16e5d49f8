"""Workers die at random moments while they call fake shops: no mail and no code is lost or made twice."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.smtp import FakeMailServer
from tests.support.connected_crowd import hang_up, town
from tests.support.site import Site
from tests.torture import DELAY, torture

KILLS = int(os.environ.get("KILLS", "5"))
IN_FLIGHT = 40
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=["shopify", "woocommerce"])
def site(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[Site]:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    with (
        FakeMailServer(delay=DELAY, delay_after=DELAY) as mail,
        town(str(request.param), tmp_path) as shops,
    ):
        opened = Site.open(tmp_path, mail, seed, sqlite_url, more=shops.settings)
        opened.opening = shops.open_shops
        yield opened
        hang_up(opened.machine)
        opened.close()


def test_killing_workers_makes_no_code_twice_and_loses_no_mail(site: Site) -> None:
    tally = torture(site, KILLS, IN_FLIGHT)
    sys.stdout.write(tally.told() + "\n")
    assert not tally.faults
    assert (tally.kills, tally.codes) == (KILLS, tally.expected)
