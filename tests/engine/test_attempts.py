"""What becomes of a connection that was begun, on both databases, also where two come at one moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import build
from core.db import reading
from core.models.tables import connecting as attempts_made
from core.models.tables import connections, members, merchants
from engine import attempts, connecting
from engine.attempts import Begun
from engine.connecting import Whom
from engine.machine import Bells, Machine
from integrations.live import Profile, Tokens
from tests.support.kontor import development
from tests.support.stopped import StoppedClock

STORE, VISITOR, EMAIL = "shop.example", "203.0.113.7", "anna@example.com"
KEYS = "ck_one:cs_two"


@pytest.fixture
def machine(migrated_url: str, tmp_path: Path) -> Iterator[Machine]:
    made = replace(build(development(tmp_path, migrated_url))[0], bells=Bells())
    yield made
    made.db.dispose()


def begin(machine: Machine, former: str | None = None, visitor: str = VISITOR) -> Begun:
    number = attempts.count(machine, "woocommerce", STORE, visitor)
    assert number is not None
    return attempts.begin(machine, number, STORE, {"name": "Mugs", "entry": ""}, EMAIL, former)


def hand(machine: Machine, begun: Begun, platform: str = "woocommerce") -> bool:
    return attempts.hand_over(machine, platform, begun.state, KEYS)


def test_the_browser_that_began_finds_what_it_began(machine: Machine) -> None:
    begun = begin(machine)
    found = attempts.of_browser(machine, begun.browser)
    assert found is not None
    assert (found.domain, found.found["name"], found.email, found.token) == (STORE, "Mugs", EMAIL, None)
    assert hand(machine, begun)
    found = attempts.of_browser(machine, begun.browser)
    assert found is not None
    assert found.token == KEYS
    assert KEYS not in repr(found)


@pytest.mark.parametrize("browser", [None, "", "x", "guessed"])
def test_no_other_browser_does(machine: Machine, browser: str | None) -> None:
    begin(machine)
    assert attempts.of_browser(machine, browser) is None


def test_nothing_secret_and_no_address_is_kept_in_the_clear(machine: Machine) -> None:
    begun = begin(machine)
    hand(machine, begun)
    with reading(machine.db) as session:
        kept = str(session.execute(select(attempts_made)).all())
    for secret in (begun.state, begun.browser, EMAIL, VISITOR, "ck_one", "cs_two"):
        assert secret not in kept


def test_a_state_is_good_for_one_hand_over_at_its_own_platform(machine: Machine) -> None:
    begun = begin(machine)
    assert not hand(machine, begun, "shopify")
    assert [hand(machine, begun) for _ in range(3)] == [True, False, False]


def test_of_two_hand_overs_at_one_moment_one_is_taken(machine: Machine) -> None:
    begun = begin(machine)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: hand(machine, begun), range(4)))
    assert sorted(taken) == [False, False, False, True]


def test_what_ends_at_one_moment_ends_once(machine: Machine) -> None:
    """A confirmation and the other browser's coming back: one of them counts."""
    begun = begin(machine)
    hand(machine, begun)
    found = attempts.of_browser(machine, begun.browser)
    assert found is not None
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: attempts.end(machine, found.id), range(4)))
    assert sorted(ended) == [False, False, False, True]


def test_beginning_again_in_the_same_browser_ends_what_was_before(machine: Machine) -> None:
    first = begin(machine)
    second = begin(machine, first.browser)
    assert attempts.of_browser(machine, first.browser) is None
    assert not hand(machine, first)
    assert hand(machine, second)


def test_an_own_a_foreign_and_an_unknown_return_are_told_apart(machine: Machine) -> None:
    begun, other = begin(machine), begin(machine)
    assert attempts.came_with(machine, begun.state, begun.browser) == "own"
    assert attempts.came_with(machine, "x" * 40, begun.browser) == "unknown"
    assert attempts.came_with(machine, begun.state, other.browser) == "foreign"
    assert attempts.of_browser(machine, begun.browser) is None
    assert attempts.of_browser(machine, other.browser) is not None


def test_keys_settle_first_and_are_dropped_in_the_end(machine: Machine, stopped: StoppedClock) -> None:
    begun = begin(machine)
    hand(machine, begun)
    found = attempts.of_browser(machine, begun.browser)
    assert found is not None
    assert found.settles_in == attempts.SETTLING
    stopped.real += attempts.CONFIRMED_WITHIN - timedelta(seconds=1)
    attempts.drop_late(machine)
    found = attempts.of_browser(machine, begun.browser)
    assert found is not None
    assert not found.settles_in
    stopped.real += timedelta(seconds=1)
    attempts.drop_late(machine)
    with reading(machine.db) as session:
        (row,) = session.execute(select(attempts_made)).all()
    assert (row.token, set(row.found)) == (None, {"visitor"})
    stopped.real += timedelta(hours=1)
    attempts.drop_late(machine)
    with reading(machine.db) as session:
        assert session.execute(select(attempts_made)).all() == []


def test_a_visitor_and_a_store_have_so_many_attempts_an_hour(machine: Machine, stopped: StoppedClock) -> None:
    for _ in range(attempts.MOST_OF_VISITOR):
        begin(machine)
    assert attempts.count(machine, "woocommerce", "other.example", VISITOR) is None
    for number in range(attempts.MOST_OF_STORE - attempts.MOST_OF_VISITOR):
        begin(machine, visitor=f"198.51.100.{number}")
    assert attempts.count(machine, "woocommerce", STORE, "192.0.2.1") is None
    stopped.real += timedelta(hours=1, seconds=1)
    begin(machine)


def test_all_addresses_of_one_line_are_one_visitor(machine: Machine) -> None:
    for number in range(attempts.MOST_OF_VISITOR):
        begin(machine, visitor=f"2001:db8:1:2::{number:x}")
    assert attempts.count(machine, "woocommerce", "other.example", "2001:db8:1:2:ffff::1") is None
    assert attempts.count(machine, "woocommerce", "other.example", "2001:db8:1:3::1") is not None
    mapped = [f"::ffff:{VISITOR}", VISITOR] * (attempts.MOST_OF_VISITOR // 2)
    for number, visitor in enumerate(mapped):
        assert attempts.count(machine, "woocommerce", f"{number}.example", visitor) is not None
    assert attempts.count(machine, "woocommerce", "other.example", VISITOR) is None


def test_two_who_connect_one_store_at_one_moment_share_its_merchant(machine: Machine) -> None:
    profile = Profile(STORE, None, "Mugs", "EUR", "Europe/Madrid", meta={"version": "9.9.5"})

    def connect(name: str) -> int:
        whom = Whom(name, name)
        return connecting.connect(machine, "woocommerce", profile, Tokens(KEYS), whom, address=name * 8)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(connect, ("anna", "beaa", "cleo", "dora")))
    assert len(found) == 1
    with reading(machine.db) as session:
        counts = [
            len(session.execute(select(table.c.id)).all()) for table in (merchants, connections, members)
        ]
    assert counts == [1, 1, 4]
