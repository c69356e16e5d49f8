"""A mail server that says no to everybody is told of; one that says no to somebody is not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.errors import AddressRefused, KontorError, Permanent, Retryable
from core.models.tables import effects, members, notices, trial_mails
from engine import notices as telling
from engine import refusals, sign_in
from tests.engine.stories import Postbox
from tests.support.kontor import Kontor

MARA = "mara@example.test"
NO = Permanent("the mail server refused the message: 554 5.7.1")
AWAY = Retryable("the mail server refused our user or password: 535")
GUESTS = [f"guest{n}@example.com" for n in range(9)]
REFUSES = "the mail server refuses your messages"
TAKES = "the mail server takes your messages again"


class Server(Postbox):
    """A mail server that refuses whom it is told to; Mara's own mails get through."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: dict[str, KontorError] = {}

    def send(self, message: Any, merchant_id: int) -> str:
        if message.to in self.refuses:
            raise self.refuses[message.to]
        return super().send(message, merchant_id)

    def told(self) -> list[str]:
        return [message.subject.partition(": ")[2] for message in self.sent if message.to == MARA]


@pytest.fixture
def server(kontor_on_both: Kontor) -> Server:
    server = Server()
    object.__setattr__(kontor_on_both.machine, "channel", server)
    object.__setattr__(kontor_on_both.machine, "own_channels", {})
    mara = kontor_on_both.rows(members)[0].id
    with transaction(kontor_on_both.machine.db) as session:
        sign_in.confirm(session, kontor_on_both.machine, kontor_on_both.merchant_id, mara, MARA)
    return server


def remind(kontor: Kontor, server: Server, guests: list[str], trouble: KontorError | None = None) -> None:
    """Each leaves a cart, one after the other, and the first reminder falls due."""
    server.refuses |= {guest: trouble for guest in guests if trouble is not None}
    for guest in guests:
        kontor.leave_cart(guest)
        kontor.forward(hours=1, minutes=1)
    refusals.mend_where_over(kontor.machine)
    telling.run(kontor.machine)


def later(kontor: Kontor, **span: float) -> None:
    for row in kontor.rows(notices, notices.c.tell_at.is_not(None)):
        sooner = update(notices).where(notices.c.id == row.id)
        kontor.write(sooner.values(tell_at=row.tell_at - timedelta(**span)))
    refusals.mend_where_over(kontor.machine)
    telling.run(kontor.machine)


def test_three_people_refused_in_a_row_are_told_once_again_after_three_days_and_when_it_is_over(
    kontor_on_both: Kontor, server: Server
) -> None:
    kontor = kontor_on_both
    remind(kontor, server, GUESTS[:2], NO)
    assert server.told() == []
    remind(kontor, server, GUESTS[2:3], NO)
    remind(kontor, server, GUESTS[3:5], NO)
    later(kontor, days=2)
    assert server.told() == [REFUSES]
    later(kontor, days=1)
    later(kontor, days=9)
    assert server.told() == [REFUSES] * 2
    remind(kontor, server, GUESTS[5:6])
    later(kontor, days=9)
    assert server.told() == [REFUSES, REFUSES, TAKES]


def test_the_letter_says_who_must_act(kontor_on_both: Kontor, server: Server) -> None:
    remind(kontor_on_both, server, GUESTS[:3], NO)
    letter = server.sent[-1].text
    assert f"it is for {kontor_on_both.machine.config.operator_name} to mend that" in letter
    assert f"/shops/{kontor_on_both.merchant.key}/activity\n" in letter


def test_where_others_are_taken_in_between_nobody_is_alarmed(kontor_on_both: Kontor, server: Server) -> None:
    for guest, other in zip(GUESTS[:4], GUESTS[4:8], strict=True):
        remind(kontor_on_both, server, [guest], NO)
        remind(kontor_on_both, server, [other])
    assert server.told() == []


def test_dead_mailboxes_are_no_refusal_of_hers(kontor_on_both: Kontor, server: Server) -> None:
    remind(kontor_on_both, server, GUESTS[:4], AddressRefused("550 5.1.1"))
    assert server.told() == []


def test_one_person_refused_thrice_is_one_person(kontor_on_both: Kontor, server: Server) -> None:
    remind(kontor_on_both, server, GUESTS[:1], NO)
    kontor_on_both.forward(days=4)
    assert [row.state for row in kontor_on_both.rows(effects)].count("failed") >= 1
    telling.run(kontor_on_both.machine)
    assert server.told() == []


def test_a_server_that_refuses_our_user_for_an_hour_is_told_of_and_one_away_for_minutes_is_not(
    kontor_on_both: Kontor, server: Server
) -> None:
    kontor = kontor_on_both
    server.refuses = dict.fromkeys(GUESTS[:3], AWAY)
    for guest in GUESTS[:3]:
        kontor.leave_cart(guest)
    kontor.forward(hours=1, minutes=20)
    telling.run(kontor.machine)
    assert server.told() == []
    kontor.forward(hours=1)
    telling.run(kontor.machine)
    assert server.told() == [REFUSES]
    server.refuses = {}
    kontor.forward(hours=1)
    later(kontor)
    assert server.told() == [REFUSES, TAKES]


def test_a_test_to_herself_that_arrives_ends_it(kontor_on_both: Kontor, server: Server) -> None:
    kontor = kontor_on_both
    remind(kontor, server, GUESTS[:3], NO)
    row = {"member_id": kontor.rows(members)[0].id, "by": "Mara", "flow": "cart_recovery", "step": 1}
    sent = row | {"merchant_id": kontor.merchant_id, "language": "en", "outcome": "sent", "at": clock.now()}
    kontor.write(trial_mails.insert().values(**sent))
    later(kontor)
    assert server.told() == [REFUSES, TAKES]
