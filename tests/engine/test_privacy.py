"""Letting go: erasure at the person's wish, uninstalling, and what is kept how long."""

from datetime import timedelta

from sqlalchemy import update

from core import clock
from core.db import transaction
from core.models.tables import addresses, carts, effects, inbound, mailbox_messages, people, suppressions
from engine import privacy, retention
from tests.engine.stories import ANNA, BEN, decided, sent, steps, trips
from tests.support.kontor import Kontor


def test_who_asks_to_be_forgotten_is_forgotten_and_never_written_to_again(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    kontor.leave_cart(BEN)
    kontor.forward(hours=2)
    kontor.hear(kontor.store.ask_for_erasure(ANNA))
    assert trips(kontor) == [("exited", "erased"), ("active", None)]
    assert [row.masked for row in kontor.rows(addresses)] == ["b…@example.com"]
    assert len(kontor.rows(mailbox_messages)) == 1
    assert [row.reason for row in kontor.rows(suppressions)] == ["erased"]
    kontor.forward(days=3)
    assert sent(kontor) == [1, 1, 2]


def test_all_bodies_that_named_the_person_are_emptied_and_no_others(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    named = len(kontor.rows(inbound))
    kontor.leave_cart(BEN)
    kontor.hear(kontor.store.ask_for_erasure(ANNA))
    kept = [row.body is not None for row in kontor.rows(inbound)]
    # The first body of each cart named nobody yet.
    assert kept[1:named] == [False] * (named - 1)
    assert all(kept[named:-1])


def test_a_forgotten_person_who_comes_back_is_refused_as_erased(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    kontor.hear(kontor.store.ask_for_erasure(ANNA))
    kontor.leave_cart(ANNA)
    kontor.forward(days=3)
    assert decided(kontor)[-1] == ("refused", ("erased",))
    assert sent(kontor) == []


def test_a_cart_that_comes_after_the_erasure_it_preceded_brings_nobody_back(kontor: Kontor) -> None:
    cart = kontor.store.begin_cart()
    late = list(kontor.store.add_to_cart(cart, "mug"))
    late += kontor.store.leave_email(cart, ANNA, opted_in=True)
    kontor.hear(kontor.store.ask_for_erasure(ANNA))
    kontor.hear(late)
    kontor.forward(days=3)
    assert sent(kontor) == []


def test_nothing_of_the_person_is_left_to_read(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    kontor.forward(hours=2)
    kontor.hear(kontor.store.ask_for_erasure(ANNA))
    (person,) = kontor.rows(people)
    assert (person.first_name, person.locale, person.country, person.seen) == (None, None, None, {})
    assert person.erased_at is not None
    assert [(row.url, row.locale) for row in kontor.rows(carts)] == [(None, None)]
    assert [row.content for row in kontor.rows(effects)] == [None, None]


def test_uninstalling_ends_everything_that_waits(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, kontor.merchant)
    assert steps(kontor) == [(1, "done", None), (2, "skipped", "uninstalled")]
    assert trips(kontor) == [("exited", "uninstalled")]


def test_bodies_go_after_thirty_days_and_messages_after_ninety(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    _age(kontor, days=29)
    retention.retention(kontor.machine)
    assert all(row.body for row in kontor.rows(inbound))
    _age(kontor, days=31)
    retention.retention(kontor.machine)
    assert not any(row.body for row in kontor.rows(inbound))
    assert len(kontor.rows(mailbox_messages)) == 1
    assert kontor.rows(effects)[0].content is not None
    _age(kontor, days=91)
    retention.retention(kontor.machine)
    assert kontor.rows(mailbox_messages) == []
    assert kontor.rows(effects)[0].content is None
    assert sent(kontor) == [1], "that it was sent is still known"


def _age(kontor: Kontor, days: int) -> None:
    long_ago = clock.now() - timedelta(days=days)
    kontor.write(update(inbound).values(received_at=long_ago))
    kontor.write(update(effects).where(effects.c.settled_at.is_not(None)).values(settled_at=long_ago))
    kontor.write(update(mailbox_messages).values(at=long_ago))
