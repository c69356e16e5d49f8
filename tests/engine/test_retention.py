"""What has served its time goes, in batches, and nothing else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from core import clock
from core.db import reading
from core.models.tables import connecting, inbound, member_sessions, members, notices, sign_in_links
from engine import retention
from tests.support.kontor import Kontor


def put(kontor: Kontor, table: Table, *rows: Mapping[str, Any]) -> None:
    kontor.write(table.insert().values([dict(row) for row in rows]))


def count(kontor: Kontor, table: Table) -> int:
    with reading(kontor.machine.db) as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def ago(**span: float) -> Any:
    return clock.now() - timedelta(**span)


def who(kontor: Kontor) -> dict[str, int]:
    return {"merchant_id": kontor.merchant_id, "member_id": kontor.rows(members)[0].id}


def test_attempts_to_connect_go_after_a_day(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    told = {"platform": "woocommerce", "browser": "b", "domain": "shop.example", "found": {}}
    old = told | {"state": "1", "began_at": ago(days=1, minutes=1), "token": b"sealed"}
    put(kontor, connecting, old, told | {"state": "2", "began_at": ago(hours=23), "token": None})
    retention.retention(kontor.machine)
    with reading(kontor.machine.db) as session:
        assert list(session.execute(select(connecting.c.state)).scalars()) == ["2"]


def test_links_and_sessions_that_are_over_go(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    link, session = who(kontor) | {"used_at": None}, who(kontor) | {"began_at": ago(days=2), "seen_at": ago()}
    put(
        kontor,
        sign_in_links,
        link | {"secret": "old", "made_at": ago(days=2)},
        link | {"secret": "new", "made_at": ago(minutes=5)},
    )
    put(
        kontor,
        member_sessions,
        session | {"secret": "over", "ends_at": ago(minutes=1), "ended_at": None},
        session | {"secret": "ended", "ends_at": ago(days=-5), "ended_at": ago(minutes=1)},
        session | {"secret": "on", "ends_at": ago(days=-5), "ended_at": None},
    )
    retention.retention(kontor.machine)
    assert [row.secret for row in kontor.rows(sign_in_links)] == ["new"]
    assert [row.secret for row in kontor.rows(member_sessions)] == ["on"]
    assert kontor.rows(members) != []


def test_notices_go_ninety_days_after_they_were_mended(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    told = {"merchant_id": kontor.merchant_id, "detail": "", "told": 2, "claim": 2, "tell_at": None}
    put(
        kontor,
        notices,
        told | {"kind": "quiet", "raised_at": ago(days=200), "mended_at": ago(days=91)},
        told | {"kind": "quiet", "raised_at": ago(days=200), "mended_at": ago(days=89)},
        told | {"kind": "reconnect", "raised_at": ago(days=200), "mended_at": None},
    )
    retention.retention(kontor.machine)
    assert len(kontor.rows(notices)) == 2


def test_many_bodies_are_emptied_a_batch_at_a_time(
    kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kontor = kontor_on_both
    told = {"merchant_id": kontor.merchant_id, "topic": "t", "about_orders": False, "body": b"sealed"}
    old = told | {"state": "done", "received_at": ago(days=31)}
    put(kontor, inbound, *(old | {"dedupe": str(number)} for number in range(25)))
    put(kontor, inbound, old | {"dedupe": "unread", "state": "new"})
    monkeypatch.setattr(retention, "BATCH", 10)
    batches: list[int] = []
    honest = retention._some

    def some(*given: Any) -> int:
        batches.append(honest(*given))
        return batches[-1]

    monkeypatch.setattr(retention, "_some", some)
    retention.retention(kontor.machine)
    assert batches[:3] == [10, 10, 5]
    assert [row.dedupe for row in kontor.rows(inbound, inbound.c.body.is_not(None))] == ["unread"]
    assert len(kontor.rows(inbound)) == 26


def test_a_worker_that_is_to_end_leaves_the_rest_for_tomorrow(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    told: dict[str, Any] = {"platform": "woocommerce", "browser": "b", "domain": "shop.example", "found": {}}
    told["token"] = None
    put(kontor, connecting, told | {"state": "1", "began_at": ago(days=3)})
    kontor.machine.stopping.set()
    retention.retention(kontor.machine)
    assert count(kontor, connecting) == 1
