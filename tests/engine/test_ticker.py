"""The ticker looks at the rows and rings: what a lost bell would have said is said again."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import insert, select, update

from core import clock
from core.db import reading
from core.models.tables import heartbeats, look_ups, merchants
from engine.claims import claim
from engine.machine import Bells
from engine.worker import Ticker
from tests.support.hurrying import let_leases_run_out, make_due, pull_forward
from tests.support.kontor import Kontor


def test_the_ticker_is_silent_while_nothing_waits(kontor_on_both: Kontor) -> None:
    assert heard(kontor_on_both) == []


def test_the_ticker_rings_for_an_unread_webhook(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    kontor.deliver(kontor.store.add_to_cart(kontor.store.begin_cart(), "candle"))
    assert heard(kontor) == ["inbox"]


def test_the_ticker_rings_for_a_due_message_and_not_before(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    kontor.leave_cart()
    assert heard(kontor) == []
    pull_forward(kontor)
    assert heard(kontor) == ["due"]


def test_the_ticker_rings_for_a_clock_that_moves(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    target = kontor.now() + timedelta(hours=1)
    kontor.write(update(merchants).values(clock_target=target))
    assert heard(kontor) == ["due"]


def test_the_ticker_rings_for_a_question_to_the_shop(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    now = clock.now()
    question = {"merchant_id": kontor.merchant_id, "kind": "order", "ref": "order-1", "state": "waiting"}
    kontor.write(insert(look_ups).values(**question, claim=0, attempts=0, wake_at=now, created_at=now))
    assert heard(kontor) == ["look_ups"]


def test_the_ticker_rings_for_a_lease_that_is_over(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    make_due(kontor)
    assert claim(kontor.machine) is not None
    assert heard(kontor) == []
    let_leases_run_out(kontor)
    assert heard(kontor) == ["leases"]


def test_a_worker_is_seen_by_its_heartbeat(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    Ticker(kontor.machine)._tick()
    with reading(kontor.machine.db) as session:
        (row,) = session.execute(select(heartbeats)).all()
    assert clock.now() - row.at < timedelta(seconds=10)


def heard(kontor: Kontor) -> list[str]:
    """Which bells one look of the ticker rings."""
    rung: list[str] = []
    bells = Bells(*(lambda name=name: rung.append(name) for name in ("inbox", "due", "look_ups", "leases")))
    Ticker(replace(kontor.machine, bells=bells))._tick()
    return rung
