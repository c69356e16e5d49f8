"""Letting go: who asks to be erased is gone at once, what is old is emptied, a shop that left is deleted."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from core import clock
from core.db import reading, transaction
from core.models import Merchant, metadata
from core.models.tables import (
    addresses,
    carts,
    connections,
    decisions,
    effects,
    enrolments,
    inbound,
    mailbox_messages,
    orders,
    people,
    suppressions,
)
from engine import privacy, retention
from engine.identity import fingerprint
from integrations.sandbox.bodies import Body
from tests.support.kontor import Kontor

ANNA, BEA = "anna@example.com", "bea@example.com"


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    """Anna and Bea left carts and got a mail each; Anna's second one waits."""
    kontor = kontor_on_both
    for who in (BEA, ANNA):
        kontor.leave_cart(who)
    kontor.forward(hours=2)
    return kontor


def erase(kontor: Kontor, email: str = ANNA) -> None:
    kontor.hear(kontor.store.ask_for_erasure(email))


def told_in_clear(kontor: Kontor, word: str) -> list[str]:
    """Where in the merchant's opened bodies and mails the word still stands."""
    vault, kept = kontor.machine.vault, kontor.rows(inbound, inbound.c.body.is_not(None))
    opened = [(row.topic, vault.open(row.body, f"inbound:{row.merchant_id}:{row.dedupe}")) for row in kept]
    return [topic for topic, body in opened if word.encode() in body]


def everything_but_the_shops_own(kontor: Kontor) -> str:
    """All that Kontor keeps, as text; the sandbox shop's records are the shop's."""
    tables = [table for table in metadata.sorted_tables if table.name != "sandbox_records"]
    with reading(kontor.machine.db) as session:
        return "\n".join(str(row) for table in tables for row in session.execute(select(table)))


def test_who_asks_to_be_erased_is_forgotten_and_only_a_hash_stays(kontor: Kontor) -> None:
    assert told_in_clear(kontor, ANNA)
    erase(kontor)
    assert told_in_clear(kontor, ANNA) == []
    assert told_in_clear(kontor, BEA)
    assert [row.masked for row in kontor.rows(addresses)] == ["b…@example.com"]
    print_ = fingerprint(kontor.machine.vault, kontor.merchant_id, "email", ANNA)
    assert [(row.fingerprint, row.reason) for row in kontor.rows(suppressions)] == [(print_, "erased")]
    erased = kontor.rows(people, people.c.erased_at.is_not(None))
    assert [(row.first_name, row.locale, row.country, row.seen) for row in erased] == [(None, None, None, {})]


def test_her_mails_and_their_links_go_and_nobody_elses(kontor: Kontor) -> None:
    cart_of_hers = [row.url for row in kontor.rows(carts) if row.url][-1]
    erase(kontor)
    assert len(kontor.rows(mailbox_messages)) == 1
    sent = {row.person_id: (row.content is not None, "links" in row.payload) for row in done(kontor)}
    assert sorted(sent.values()) == [(False, False), (True, True)]
    assert cart_of_hers not in [row.url for row in kontor.rows(carts)]


def test_what_waited_for_her_is_left_out_and_she_gets_nothing_more(kontor: Kontor) -> None:
    erase(kontor)
    kontor.forward(days=5)
    gone = kontor.rows(people, people.c.erased_at.is_not(None))[0].id
    hers = kontor.rows(effects, effects.c.person_id == gone)
    assert [(row.state, row.reason) for row in hers] == [("done", None), ("skipped", "erased")]
    trips = kontor.rows(enrolments, enrolments.c.person_id == gone)
    assert [(row.state, row.reason) for row in trips] == [("exited", "erased")]


def test_a_later_cart_of_the_same_address_is_refused_as_erased(kontor: Kontor) -> None:
    erase(kontor)
    kontor.leave_cart(" ANNA@example.com")
    kontor.forward(days=5)
    assert ["erased"] in [row.reasons for row in kontor.rows(decisions)]
    # Her one mail went with her; Bea's two are all there is.
    assert len(kontor.rows(mailbox_messages)) == 2


def test_who_is_not_known_may_be_erased_in_advance(kontor: Kontor) -> None:
    erase(kontor, "carla@example.com")
    kontor.leave_cart("carla@example.com")
    kontor.forward(hours=2)
    assert len(kontor.rows(mailbox_messages)) == 2


def test_asking_twice_is_as_good_as_once(kontor: Kontor) -> None:
    erase(kontor)
    before = len(kontor.rows(suppressions))
    erase(kontor)
    assert len(kontor.rows(suppressions)) == before


def test_an_order_remains_but_tells_nothing_of_her(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(cart_ref(kontor)))
    assert len(kontor.rows(orders)) == 1
    erase(kontor)
    assert [row.phone_fingerprint for row in kontor.rows(orders)] == [None]
    kept = everything_but_the_shops_own(kontor)
    assert ANNA not in kept
    assert "a…@example.com" not in kept


def test_a_shop_in_use_is_not_deleted_whatever_it_is_told(kontor: Kontor) -> None:
    kontor.hear([kontor.store.webhook("shop.redact", Body())])
    assert [row.state for row in kontor.rows(inbound)][-1] == "done"
    assert kontor.rows(people)


def test_a_shop_that_left_is_deleted_when_it_asks_with_all_that_was_kept(kontor: Kontor) -> None:
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, session.get_one(Merchant, kontor.merchant_id))
    kontor.hear([kontor.store.webhook("shop.redact", Body())])
    with reading(kontor.machine.db) as session:
        for table in metadata.sorted_tables:
            if "merchant_id" in table.c or table.name == "merchants":
                assert session.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name


def test_of_a_shop_that_left_nothing_new_is_kept(kontor: Kontor) -> None:
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, session.get_one(Merchant, kontor.merchant_id))
    before = (len(kontor.rows(carts)), len(kontor.rows(decisions)))
    cart = kontor.store.begin_cart()
    kontor.hear(kontor.store.add_to_cart(cart, kontor.store.products()[0].variants[0].ref))
    kontor.hear(kontor.store.leave_email(cart, "carla@example.com", opted_in=True))
    assert (len(kontor.rows(carts)), len(kontor.rows(decisions))) == before
    assert told_in_clear(kontor, "carla@example.com") == []


def test_a_shop_that_left_may_still_have_somebody_erased(kontor: Kontor) -> None:
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, session.get_one(Merchant, kontor.merchant_id))
    erase(kontor)
    assert told_in_clear(kontor, ANNA) == []


def test_leaving_ends_what_waits_and_takes_the_tokens(kontor: Kontor) -> None:
    kontor.write(update(connections).values(token=b"sealed"))
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, session.get_one(Merchant, kontor.merchant_id))
    assert [(row.state, row.token) for row in kontor.rows(connections)] == [("uninstalled", None)]
    assert {(row.state, row.reason) for row in kontor.rows(enrolments)} == {("exited", "uninstalled")}
    waiting = ("pending", "claimed", "held")
    assert kontor.rows(effects, effects.c.state.in_(waiting)) == []


@pytest.mark.parametrize(
    ("days", "bodies", "mails"), [(29, True, True), (31, False, True), (91, False, False)]
)
def test_bodies_are_emptied_after_thirty_days_and_mails_after_ninety(
    kontor: Kontor, days: int, bodies: bool, mails: bool
) -> None:
    with time_machine.travel(clock.now() + timedelta(days=days)):
        retention.retention(kontor.machine)
    assert bool(kontor.rows(inbound, inbound.c.body.is_not(None))) is bodies
    assert bool([row for row in done(kontor) if row.content is not None]) is mails
    assert bool(kontor.rows(mailbox_messages)) is mails
    assert len(kontor.rows(inbound)) > 0
    assert len(done(kontor)) == 2


def test_what_nobody_has_read_yet_is_not_emptied(kontor: Kontor) -> None:
    kontor.deliver(kontor.store.ask_for_erasure(BEA))
    with time_machine.travel(clock.now() + timedelta(days=31)):
        retention.retention(kontor.machine)
    assert [row.topic for row in kontor.rows(inbound, inbound.c.body.is_not(None))] == ["customer.redact"]


def done(kontor: Kontor) -> list[Any]:
    return kontor.rows(effects, effects.c.state == "done")


def cart_ref(kontor: Kontor) -> str:
    return str(kontor.rows(carts)[-1].ref)
