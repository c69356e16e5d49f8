"""Who is meant: two names of one person are one person, with all that was theirs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from core.db import reading, transaction
from core.events import Contact
from core.models.tables import addresses, carts, decisions, effects, enrolments, inbound_people, people
from engine.identity import Found, masked, name_binding, resolve
from integrations.sandbox import seed
from tests.support.kontor import Kontor

AT = datetime(2026, 5, 5, 10, tzinfo=UTC)
ANNA = Contact(email="Anna@Example.com ", first_name="Anna", locale="de-AT", country="AT")
NUMBER_7 = Contact(customer_ref="7", first_name="Änne")
BOTH = Contact(email="anna@example.com", customer_ref="7")


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    return kontor_on_both


def meet(kontor: Kontor, contact: Contact, at: datetime = AT) -> Found | None:
    with transaction(kontor.machine.db) as session:
        return resolve(session, kontor.machine.vault, kontor.merchant_id, contact, at)


def first_name(kontor: Kontor) -> str:
    row = kontor.rows(people)[0]
    return kontor.machine.vault.open(row.first_name, name_binding(kontor.merchant_id, row.id)).decode()


def test_somebody_without_a_name_is_nobody(kontor: Kontor) -> None:
    assert meet(kontor, Contact(phone="+43 1 234", first_name="Anna")) is None
    assert meet(kontor, Contact(email="  ")) is None
    assert kontor.rows(people) == []


def test_an_address_is_one_person_however_it_is_written(kontor: Kontor) -> None:
    first = meet(kontor, ANNA)
    assert meet(kontor, Contact(email="anna@example.COM")) == first
    assert [row.masked for row in kontor.rows(addresses)] == ["A…@Example.com"]


def test_who_is_known_by_two_names_becomes_one_person_as_soon_as_one_names_both(kontor: Kontor) -> None:
    elder, younger = meet(kontor, ANNA), meet(kontor, NUMBER_7)
    assert elder is not None
    assert younger is not None
    assert elder.person_id != younger.person_id
    assert meet(kontor, BOTH) == elder
    assert [row.id for row in kontor.rows(people)] == [elder.person_id]
    assert {row.person_id for row in kontor.rows(addresses)} == {elder.person_id}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0)])
def test_what_was_told_last_counts_whatever_came_first(kontor: Kontor, order: tuple[int, ...]) -> None:
    told = [(ANNA, AT), (NUMBER_7, AT + timedelta(hours=1)), (BOTH, AT + timedelta(hours=2))]
    for number in order:
        meet(kontor, *told[number])
    assert first_name(kontor) == "Änne"
    assert [(row.locale, row.country) for row in kontor.rows(people)] == [("de-AT", "AT")]


def test_every_meeting_moves_the_persons_version(kontor: Kontor) -> None:
    meet(kontor, ANNA)
    before = kontor.rows(people)[0].version
    meet(kontor, ANNA)
    assert kontor.rows(people)[0].version == before + 1


def test_a_merged_person_keeps_trips_messages_decisions_and_bodies(kontor: Kontor) -> None:
    kontor.leave_cart("anna@example.com", opted_in=True)
    kontor.leave_cart("bea@example.com", opted_in=False)
    decided = len(kontor.rows(decisions))
    names = [Contact(email="anna@example.com", customer_ref="7"), Contact(email="bea@example.com")]
    elder, younger = (meet(kontor, name) for name in names)
    assert elder is not None
    assert younger is not None
    bodies = {row.inbound_id for row in kontor_links(kontor)}
    assert meet(kontor, Contact(email="bea@example.com", customer_ref="7")) is not None
    assert [row.id for row in kontor.rows(people)] == [elder.person_id]
    assert len(kontor.rows(decisions)) == decided
    for table in (carts, enrolments, effects, decisions, addresses):
        known = {row.person_id for row in kontor.rows(table)} - {None}
        assert known == {elder.person_id}, table.name
    assert {row.inbound_id for row in kontor_links(kontor)} == bodies
    assert {row.person_id for row in kontor_links(kontor)} == {elder.person_id}


def test_of_two_trips_of_one_person_the_newer_carts_goes_on(kontor: Kontor) -> None:
    kontor.leave_cart("anna@example.com")
    kontor.forward(minutes=10)
    kontor.leave_cart("bea@example.com")
    meet(kontor, Contact(email="anna@example.com", customer_ref="7"))
    meet(kontor, Contact(email="bea@example.com", customer_ref="7"))
    states = [(row.state, row.reason) for row in kontor.rows(enrolments)]
    assert states == [("exited", "cart_replaced"), ("active", None)]
    ended = kontor.rows(enrolments)[0].ended_at
    assert abs(ended - kontor.now()) < timedelta(minutes=5)


def test_one_merchants_person_is_a_stranger_to_another(kontor: Kontor) -> None:
    mine = meet(kontor, ANNA)
    with transaction(kontor.machine.db) as session:
        theirs = resolve(session, kontor.machine.vault, other_merchant(kontor), ANNA, AT)
    assert mine is not None
    assert theirs is not None
    assert mine.person_id != theirs.person_id


def test_workers_that_meet_a_new_person_at_once_make_one(kontor: Kontor) -> None:
    ready = Barrier(4)

    def meet_at_once(_number: int) -> Found | None:
        ready.wait(timeout=30)
        return meet(kontor, BOTH)

    with ThreadPoolExecutor(4) as pool:
        met = set(pool.map(meet_at_once, range(4)))
    assert len(met) == 1
    with reading(kontor.machine.db) as session:
        assert session.execute(select(func.count()).select_from(people)).scalar_one() == 1


@pytest.mark.parametrize(
    ("channel", "value", "shown"),
    [
        ("email", "jürgen@example.com", "j…@example.com"),
        ("email", '"a@b"@example.com', '"…@example.com'),
        ("email", "x", "…x"),
        ("phone", "+43 1 234567", "…567"),
        ("customer", "12", "…12"),
    ],
)
def test_pages_show_enough_to_know_an_address_and_too_little_to_use_it(
    channel: str, value: str, shown: str
) -> None:
    assert masked(channel, value) == shown


def kontor_links(kontor: Kontor) -> list[Any]:
    with reading(kontor.machine.db) as session:
        return list(session.execute(select(inbound_people)))


def other_merchant(kontor: Kontor) -> int:
    return seed.seed(kontor.machine.runtime).id
