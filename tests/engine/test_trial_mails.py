"""A test to oneself goes to one's own proven address, not too often, and what became of it is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models.tables import effects, members, trial_mails
from engine import sign_in
from engine import trial_mails as trials
from engine.retention import retention
from tests.engine.stories import Postbox, save_shop, with_postbox
from tests.engine.test_preview import look
from tests.support.kontor import Kontor

MARA = "mara@birch.example"


@pytest.fixture
def postbox(kontor: Kontor) -> Postbox:
    return with_postbox(kontor)


def member(kontor: Kontor) -> int:
    return int(kontor.rows(members)[0].id)


def prove_address(kontor: Kontor) -> None:
    with transaction(kontor.machine.db) as session:
        sign_in.confirm(session, kontor.machine, kontor.merchant_id, member(kontor), MARA)


def send(kontor: Kontor, step: int = 1, **typed: str) -> str:
    shown = look(kontor, step, **typed)
    return trials.send_test(kontor.machine, kontor.merchant, member(kontor), step, "en", shown)


def outcomes(kontor: Kontor) -> list[str]:
    return [row.outcome for row in kontor.rows(trial_mails)]


def test_it_arrives_marked_with_what_was_typed_and_is_no_mail_to_a_shopper(
    kontor: Kontor, postbox: Postbox
) -> None:
    prove_address(kontor)
    assert send(kontor, subject="Tea at {shop}") == "sent"
    (mail,) = postbox.sent
    assert (mail.to, mail.subject) == (MARA, "[Test] Tea at Birch & Ember")
    assert mail.sender_name == "Birch & Ember"
    assert "List-Unsubscribe" not in mail.headers
    assert "/example/cart" in mail.html
    assert kontor.rows(effects) == []
    (row,) = kontor.rows(trial_mails)
    assert (row.by, row.flow, row.step, row.language, row.outcome) == (
        "You",
        "cart_recovery",
        1,
        "en",
        "sent",
    )


def test_who_has_proven_no_address_gets_none_and_nothing_is_sent_elsewhere(
    kontor: Kontor, postbox: Postbox
) -> None:
    save_shop(kontor, reply_to="hello@birch.example")
    assert send(kontor) == "no_address"
    assert trials.shown_address(kontor.machine, kontor.merchant_id, member(kontor)) is None
    assert postbox.sent == []
    assert outcomes(kontor) == []


def test_a_strangers_member_is_nobody_here(kontor: Kontor, postbox: Postbox) -> None:
    prove_address(kontor)
    assert trials.own_address(kontor.machine, kontor.merchant_id + 1, member(kontor)) is None


def test_too_many_in_a_short_time_are_not_sent(kontor: Kontor, postbox: Postbox) -> None:
    prove_address(kontor)
    assert [send(kontor) for _ in range(trials.MOST + 1)] == ["sent"] * trials.MOST + ["too_many"]
    earlier = clock.now() - trials.WITHIN
    kontor.write(update(trial_mails).values(at=earlier))
    assert send(kontor) == "sent"
    assert len(postbox.sent) == trials.MOST + 1


def test_a_day_has_its_ceiling_too(kontor: Kontor, postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MOST_A_DAY", 2)
    prove_address(kontor)
    assert [send(kontor) for _ in range(3)] == ["sent", "sent", "too_many"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Retryable("busy"), "busy"),
        (Permanent("no such user"), "refused"),
        (NeedsMerchant("password"), "refused"),
        (InDoubt("the line broke"), "in_doubt"),
    ],
)
def test_a_failure_is_told_and_written_down(
    kontor: Kontor, postbox: Postbox, error: Exception, outcome: str
) -> None:
    prove_address(kontor)
    postbox.failing = error
    assert send(kontor) == outcome
    assert outcomes(kontor) == [outcome]


def test_the_last_ones_are_listed_and_old_ones_go(kontor: Kontor, postbox: Postbox) -> None:
    prove_address(kontor)
    for step in (1, 2, 1):
        send(kontor, step)
    with reading(kontor.machine.db) as session:
        shown = trials.latest(session, kontor.merchant_id, "cart_recovery", 1)
    assert [row.step for row in shown] == [1, 1]
    kontor.write(update(trial_mails).values(at=clock.now() - timedelta(days=91)))
    retention(kontor.machine)
    assert outcomes(kontor) == []
