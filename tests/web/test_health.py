"""For the operator's monitor: alive, late, or away, in one answer."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import ConnectionError as RedisAway
from sqlalchemy.exc import OperationalError

from core import clock
from core.db import insert, transaction
from core.models.tables import heartbeats
from engine.work import announce
from tests.web.doorstep import Doorstep, doorstep


@pytest.fixture
def door(migrated_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, migrated_url) as found:
        yield found


def seen(door: Doorstep, ago: timedelta) -> None:
    with transaction(door.machine.db) as session:
        session.execute(insert(heartbeats, session).values(name="w1", at=clock.now() - ago))


def asked(door: Doorstep) -> tuple[int, dict[str, Any]]:
    answer = door.client.get("/healthz")
    told: dict[str, Any] = answer.get_json()
    return answer.status_code, told


def test_with_a_worker_at_work_all_is_well(door: Doorstep) -> None:
    seen(door, timedelta(seconds=5))
    status, told = asked(door)
    assert status == 200
    assert (told["database"], told["queue"], told["worker"]) == ("ok", "ok", "ok")
    assert (told["oldest_due_seconds"], told["unread_webhooks"]) == (0.0, 0)


@pytest.mark.parametrize("ago", [None, timedelta(seconds=90)])
def test_without_a_worker_it_says_so(door: Doorstep, ago: timedelta | None) -> None:
    if ago is not None:
        seen(door, ago)
    status, told = asked(door)
    assert (status, told["worker"]) == (503, "not seen")


def test_it_tells_how_late_the_latest_row_is_and_how_much_is_unread(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    door.deliver(shop, "order.updated", b"{}")
    with transaction(door.machine.db) as session:
        announce(session, shop.id, clock.now() - timedelta(minutes=5))
    told = asked(door)[1]
    assert 299 < told["oldest_due_seconds"] < 360
    assert told["unread_webhooks"] == 1


def test_a_queue_that_is_away_is_named(door: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise RedisAway("connection refused")

    seen(door, timedelta(0))
    monkeypatch.setattr(door.app.extensions["kontor.queue"], "pending_count", away)
    status, told = asked(door)
    assert (status, told["queue"]) == (503, "ConnectionError")


def test_a_database_that_is_away_is_named(door: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_anything: object) -> object:
        raise OperationalError("connect", None, Exception("refused"))

    monkeypatch.setattr(door.machine.db, "connect", away)
    status, told = asked(door)
    assert (status, told["database"]) == (503, "OperationalError")


def test_it_tells_nothing_of_anybody(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    text = door.client.get("/healthz").text
    assert shop.key not in text
    assert shop.address not in text
