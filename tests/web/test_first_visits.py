"""Two windows open the freshly installed app at one moment: the tokens that are kept are those that live."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core import clock
from core.db import reading, transaction
from core.errors import Retryable
from core.models import Merchant
from core.models.tables import exchanges, merchants
from engine import exchanging, privacy, retention
from engine.access import access_to, binding
from tests.web.in_admin import Admin, in_admin

WITHIN = 20


@pytest.fixture
def admin(tmp_path: Path, migrated_url: str) -> Iterator[Admin]:
    with in_admin(tmp_path, migrated_url) as found:
        yield found


@contextmanager
def held_up(admin: Admin, name: str, *, after: bool) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first call of the platform is held up, before it is made or before its answer comes:
    one event says that it is, the other lets it go on."""
    whose: Any = {
        "tokens": admin.door.app.extensions["kontor.admins"]["shopify"],
        "profile": admin.door.machine.connected["shopify"],
    }[name]
    honest, there, go_on = getattr(whose, name), threading.Event(), threading.Event()

    def slow(*asked: Any) -> Any:
        first = not there.is_set()
        answer = honest(*asked) if after else None
        if first:
            there.set()
            assert go_on.wait(WITHIN)
        return answer if after else honest(*asked)

    setattr(whose, name, slow)
    try:
        yield there, go_on
    finally:
        go_on.set()
        delattr(whose, name)


def stored(admin: Admin) -> tuple[str, str]:
    row, vault = admin.connection(), admin.door.machine.vault
    return (
        vault.open(row.token, binding(row.merchant_id, "token")).decode(),
        vault.open(row.refresh, binding(row.merchant_id, "refresh")).decode(),
    )


def assert_alive(admin: Admin) -> None:
    """The pair that is kept is Shopify's newest, and can be renewed."""
    before = stored(admin)
    assert before[1] == list(admin.shop.installation.refreshes)[-1]
    assert not admin.shop.installation.refreshes[before[1]].dead
    admin.change_connection(token_ends_at=clock.now() + timedelta(minutes=1))
    renewed = access_to(admin.door.machine, admin.connection().merchant_id).token
    assert renewed == stored(admin)[0] != before[0]
    assert admin.connection().state == "active"


def merchants_of(admin: Admin) -> int:
    with reading(admin.door.machine.db) as db:
        return len(db.execute(select(merchants.c.id)).all())


def lease_is_over(admin: Admin) -> None:
    with transaction(admin.door.machine.db) as db:
        db.execute(update(exchanges).values(lease_until=clock.now() - timedelta(seconds=1)))


Visiting = Callable[[], "Future[TestResponse]"]


@pytest.fixture
def visiting(admin: Admin) -> Iterator[Visiting]:
    """A visit in a window of its own."""
    with ThreadPoolExecutor(4) as windows:
        yield lambda: windows.submit(admin.visit)


@pytest.mark.parametrize("after", [False, True], ids=["before Shopify answered", "after"])
def test_the_second_window_waits_for_the_tokens_of_the_first(
    admin: Admin, visiting: Visiting, after: bool
) -> None:
    with held_up(admin, "tokens", after=after) as (there, go_on):
        first = visiting()
        assert there.wait(WITHIN)
        second = visiting()
        threading.Event().wait(0.3)
        assert not second.done()
        go_on.set()
        pages = [window.result(WITHIN) for window in (first, second)]
    assert [page.status_code for page in pages] == [200, 200]
    assert [page.request.path for page in pages] == [f"/m/{admin.key()}"] * 2
    assert len(admin.shopify.token_calls) == merchants_of(admin) == 1
    assert_alive(admin)


def test_who_overslept_the_lease_keeps_nothing_and_sees_the_page_all_the_same(
    admin: Admin, visiting: Visiting
) -> None:
    """It got its tokens first and would store them last: they are dead by then."""
    with held_up(admin, "profile", after=True) as (there, go_on):
        first = visiting()
        assert there.wait(WITHIN)
        lease_is_over(admin)
        assert visiting().result(WITHIN).status_code == 200
        newer = stored(admin)
        go_on.set()
        assert first.result(WITHIN).status_code == 200
    assert len(admin.shopify.token_calls) == 2
    assert stored(admin) == newer
    assert merchants_of(admin) == 1
    assert_alive(admin)


def test_who_overslept_it_and_is_first_to_store_does_no_harm_either(admin: Admin, visiting: Visiting) -> None:
    """Both have their tokens, and the one whose turn is over stores first."""
    with held_up(admin, "profile", after=True) as (there, go_on):
        first = visiting()
        assert there.wait(WITHIN)
        lease_is_over(admin)
        with held_up(admin, "tokens", after=True) as (second_there, second_goes_on):
            second = visiting()
            assert second_there.wait(WITHIN)
            go_on.set()
            assert first.result(WITHIN).status_code == 503, "nothing is stored yet"
            second_goes_on.set()
            assert second.result(WITHIN).status_code == 200
    assert_alive(admin)


def test_where_the_first_gets_no_tokens_the_second_does(admin: Admin, visiting: Visiting) -> None:
    admin.shopify.fail("status", times=1, on="token")
    with held_up(admin, "tokens", after=False) as (there, go_on):
        first = visiting()
        assert there.wait(WITHIN)
        second = visiting()
        go_on.set()
        assert [window.result(WITHIN).status_code for window in (first, second)] == [503, 200]
    assert_alive(admin)


def test_ten_windows_exchange_once(admin: Admin) -> None:
    with ThreadPoolExecutor(10) as windows:
        pages = list(windows.map(lambda _: admin.visit(), range(10)))
    assert {page.status_code for page in pages} == {200}
    assert len(admin.shopify.token_calls) == 1
    assert_alive(admin)


@pytest.mark.parametrize("left", [False, True], ids=["token ended", "app was gone"])
def test_two_windows_that_mend_a_connection_exchange_once(
    admin: Admin, visiting: Visiting, left: bool
) -> None:
    admin.visit()
    with transaction(admin.door.machine.db) as db:
        merchant = db.scalars(select(Merchant)).one()
        if left:
            privacy.uninstall(db, merchant)
        else:
            privacy.needs_merchant(db, merchant.id, "the app must be opened again")
    before = len(admin.shopify.token_calls)
    with held_up(admin, "tokens", after=True) as (there, go_on):
        windows = [visiting(), visiting()]
        assert there.wait(WITHIN)
        go_on.set()
        assert [window.result(WITHIN).status_code for window in windows] == [200, 200]
    assert len(admin.shopify.token_calls) == before + 1
    assert_alive(admin)


def test_no_transaction_is_open_while_shopify_is_asked(admin: Admin, visiting: Visiting) -> None:
    with held_up(admin, "tokens", after=False) as (there, go_on):
        first = visiting()
        assert there.wait(WITHIN)
        assert admin.door.machine.db.pool.checkedout() == 0  # type: ignore[attr-defined]
        go_on.set()
        assert first.result(WITHIN).status_code == 200


def test_who_waits_too_long_is_told_to_try_again(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "PATIENCE", timedelta(seconds=0.2))
    machine = admin.door.machine
    with exchanging.turn(machine, "shopify", admin.shop.domain):
        assert admin.visit().status_code == 503
        with (
            pytest.raises(Retryable),
            exchanging.turn(machine, "shopify", admin.shop.domain),
        ):
            raise AssertionError("it is another's turn")
        with exchanging.turn(machine, "shopify", "other.myshopify.com"):
            pass
    assert admin.visit().status_code == 200


def test_the_turns_of_a_shop_are_forgotten_after_a_day(admin: Admin) -> None:
    admin.visit()
    with transaction(admin.door.machine.db) as db:
        db.execute(update(exchanges).values(began_at=clock.now() - timedelta(days=2)))
    retention.retention(admin.door.machine)
    with reading(admin.door.machine.db) as db:
        assert db.execute(select(exchanges)).all() == []
