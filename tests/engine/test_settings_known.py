"""Settings kept in memory: never older than what she saved, and never more than a few shops'."""

from dataclasses import replace

from core.db import reading
from core.models.tables import enrolments, settings_versions
from engine import changes, settings_known
from engine.settings_known import KnownSettings
from tests.engine.stories import CART_RECOVERY
from tests.support.kontor import Kontor


def test_what_she_saves_in_another_process_holds_for_the_next_cart(kontor: Kontor) -> None:
    kontor.leave_cart("anna@example.com")
    elsewhere = replace(kontor.machine, known_settings=KnownSettings())
    changes.set_mode(elsewhere, kontor.merchant_id, CART_RECOVERY, "off", "Mara")
    kontor.leave_cart("ben@example.com")
    assert len(kontor.rows(enrolments)) == 1, "anna alone"


def test_another_shops_settings_are_never_taken_for_hers(kontor: Kontor) -> None:
    with reading(kontor.machine.db) as session:
        hers = kontor.machine.settings_of(session, kontor.merchant_id, 1)
        others = kontor.machine.settings_of(session, kontor.merchant_id + 1, 1)
    assert (hers.flows["cart_recovery"].mode, others.flows["cart_recovery"].mode) == ("live", "off")
    assert kontor.rows(settings_versions)


def test_only_the_shops_asked_for_last_are_kept(kontor: Kontor) -> None:
    known, flows = KnownSettings(), kontor.machine.flows.values()
    with reading(kontor.machine.db) as session:
        first = known.of(session, 1, 1, flows)
        assert known.of(session, 1, 1, flows) is first
        for other in range(settings_known.MOST):
            known.of(session, other + 2, 1, flows)
        assert known.of(session, 1, 1, flows) is not first
