"""What the law asked of us is recorded once, and what was done about it stays as it was done."""

from core.db import reading, transaction
from core.models import Merchant
from engine import legal_acts
from engine.machine import Machine
from tests.support.kontor import Kontor

DUTY = legal_acts.SHOP_ERASURE


def asked(kontor: Kontor) -> None:
    machine: Machine = kontor.machine
    with transaction(machine.db) as session:
        legal_acts.ask(session, machine.vault, session.get_one(Merchant, kontor.merchant_id), DUTY)


def closed(kontor: Kontor, outcome: str) -> None:
    with transaction(kontor.machine.db) as session:
        legal_acts.close(session, session.get_one(Merchant, kontor.merchant_id), DUTY, outcome)


def outcomes(kontor: Kontor) -> list[str | None]:
    with reading(kontor.machine.db) as session:
        merchant = session.get_one(Merchant, kontor.merchant_id)
        return [row.outcome for row in legal_acts.of_merchant(session, merchant)]


def test_a_duty_told_twice_is_one(kontor_on_both: Kontor) -> None:
    asked(kontor_on_both)
    asked(kontor_on_both)
    assert outcomes(kontor_on_both) == [None]


def test_a_later_duty_leaves_the_record_of_an_earlier_one_alone(kontor_on_both: Kontor) -> None:
    asked(kontor_on_both)
    closed(kontor_on_both, "still_installed")
    asked(kontor_on_both)
    assert outcomes(kontor_on_both) == ["still_installed", None]
    closed(kontor_on_both, "erased")
    assert outcomes(kontor_on_both) == ["still_installed", "erased"]
