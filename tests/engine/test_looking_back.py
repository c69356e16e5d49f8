"""Before a flow goes live the merchant is told what the last thirty days would have been."""

from typing import Any

import pytest
from sqlalchemy import update

from core.db import reading
from core.models.tables import decisions, effects, enrolments, look_backs
from engine import looking_back
from tests.engine.stories import ANNA, BEN, CART_RECOVERY, mode, save, sent
from tests.support.kontor import Kontor

CLARA, DORA = "clara@example.com", "dora@example.com"


def a_fortnight(kontor: Kontor) -> None:
    """Four people leave carts: one buys soon, one later, one never agreed, one comes twice."""
    early = kontor.leave_cart(ANNA)
    kontor.forward(minutes=20)
    kontor.hear(kontor.store.pay(early))
    late = kontor.leave_cart(BEN, variants=2)
    kontor.leave_cart(CLARA, opted_in=False)
    kontor.leave_cart(DORA)
    kontor.forward(hours=30)
    kontor.hear(kontor.store.pay(late))
    kontor.leave_cart(DORA, variants=3)
    kontor.forward(days=5)


def look(kontor: Kontor) -> Any:
    looking_back.ask(kontor.machine, kontor.merchant_id, CART_RECOVERY, "Mara")
    looking_back.run(kontor.machine)
    with reading(kontor.machine.db) as session:
        return looking_back.newest(session, kontor.merchant_id, CART_RECOVERY.key)


def test_what_it_tells_is_what_really_happens_to_the_same_people(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    save(kontor, steps=_steps(kontor, every_step=True))
    mode(kontor, "live")
    a_fortnight(kontor)
    really = sent(kontor)
    assert len(really) > 3
    told = look(kontor).told["opted_in"]
    written = kontor.rows(enrolments, enrolments.c.id.in_(_written(kontor)))
    assert told["messages"] == len(really)
    assert told["people"] == len({row.person_id for row in written})


def test_nothing_is_written_sent_or_decided(kontor: Kontor) -> None:
    mode(kontor, "off")
    a_fortnight(kontor)
    row = look(kontor)
    assert row.state == "done"
    assert row.told["opted_in"]["messages"] > 0
    assert kontor.rows(effects) == kontor.rows(enrolments) == kontor.rows(decisions) == []


def test_who_bought_before_the_first_mail_and_who_bought_anyway_are_told_apart(kontor: Kontor) -> None:
    mode(kontor, "off")
    a_fortnight(kontor)
    told = look(kontor).told["opted_in"]
    assert told["carts"] == 5
    assert told["people"] == 2, "Ben and Dora"
    assert told["bought_anyway"] == 1, "Ben, after a day"
    assert told["bought_first"] == 1, "Anna, within the hour"
    assert told["refused"] == {"no_consent": 1, "resting": 1}, "Clara; and Dora, who had just been written to"


def test_each_consent_policy_is_told(kontor: Kontor) -> None:
    mode(kontor, "off")
    first = kontor.leave_cart(CLARA, opted_in=False)
    kontor.hear(kontor.store.pay(first))
    kontor.forward(days=15)
    kontor.leave_cart(CLARA, opted_in=False)
    kontor.forward(days=4)
    told = look(kontor).told
    assert set(told) == {"opted_in", "existing_customers"}
    assert (told["opted_in"]["people"], told["existing_customers"]["people"]) == (0, 1)


def test_a_cart_older_than_thirty_days_is_not_looked_at(kontor: Kontor) -> None:
    mode(kontor, "off")
    kontor.leave_cart(ANNA)
    kontor.forward(days=31)
    row = look(kontor)
    assert (row.state, row.people, row.told) == ("done", 0, {})


def test_carts_of_nobody_are_counted_and_nothing_else(kontor: Kontor) -> None:
    mode(kontor, "off")
    cart = kontor.store.begin_cart()
    kontor.hear(kontor.store.add_to_cart(cart, kontor.store.products()[0].variants[0].ref))
    row = look(kontor)
    assert (row.people, row.nameless) == (0, 1)


def test_whoever_takes_it_up_after_a_crash_goes_on_where_it_was(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode(kontor, "off")
    a_fortnight(kontor)
    whole = look(kontor).told
    monkeypatch.setattr(looking_back, "PEOPLE_AT_ONCE", 1)
    monkeypatch.setattr(looking_back, "PORTIONS_A_TURN", 1)
    looking_back.ask(kontor.machine, kontor.merchant_id, CART_RECOVERY, "Mara")
    assert looking_back.run(kontor.machine, most=2) == 2
    (half,) = kontor.rows(look_backs)
    assert (half.state, half.people_done) == ("waiting", 2)
    kontor.write(update(look_backs).values(claim=look_backs.c.claim + 1, lease_until=kontor.now()))
    kontor.write(update(look_backs).values(lease_until=None))
    looking_back.run(kontor.machine)
    (row,) = kontor.rows(look_backs)
    assert (row.state, row.people_done, row.told) == ("done", row.people, whole)


def test_asked_for_anew_the_former_work_is_dropped(kontor: Kontor, monkeypatch: pytest.MonkeyPatch) -> None:
    mode(kontor, "off")
    a_fortnight(kontor)
    usual = looking_back._portion

    def meanwhile(machine: Any, row: Any) -> Any:
        monkeypatch.setattr(looking_back, "_portion", usual)
        values = usual(machine, row)
        looking_back.ask(machine, kontor.merchant_id, CART_RECOVERY, "Ada")
        return values

    monkeypatch.setattr(looking_back, "_portion", meanwhile)
    looking_back.ask(kontor.machine, kontor.merchant_id, CART_RECOVERY, "Mara")
    looking_back.run(kontor.machine, most=1)
    (row,) = kontor.rows(look_backs)
    assert (row.state, row.asked_by, row.people_done) == ("waiting", "Ada", 0)


def test_what_goes_wrong_three_times_is_told_and_blocks_nobody(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no such past")

    monkeypatch.setattr(looking_back, "tell", broken)
    mode(kontor, "off")
    kontor.leave_cart(ANNA)
    kontor.forward(days=2)
    assert look(kontor).state == "failed"


def _steps(kontor: Kontor, *, every_step: bool) -> list[dict[str, Any]]:
    steps = CART_RECOVERY.Settings().model_dump(mode="json")["steps"]
    return [step | {"on": every_step, "incentive": "none", "value": 0} for step in steps]


def _written(kontor: Kontor) -> set[int]:
    gone = kontor.rows(effects, effects.c.kind == "send_message", effects.c.state == "done")
    return {row.enrolment_id for row in gone}
