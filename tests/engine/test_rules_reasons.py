"""Every reason in our records is on the closed list, in both languages; and everybody seen has a decision."""

import pytest

from core.errors import InDoubt, Permanent, Retryable
from core.models.tables import carts, decisions, effects, enrolments
from core.reasons import SENTENCES, Reason, sentence
from tests.engine.stories import is_known, sent, steps, with_postbox
from tests.support.kontor import Kontor


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_an_english_and_a_german_sentence(reason: Reason) -> None:
    english, german = SENTENCES[reason]
    assert english.endswith(".")
    assert german.endswith(".")
    assert english != german
    assert (sentence(reason, "en"), sentence(reason, "de-AT")) == (english, german)


def test_the_list_names_what_the_design_names() -> None:
    named = """bought no_consent no_contact unsubscribed bounced capped lost_slot quiet_hours out_of_stock
        cart_emptied cart_replaced below_minimum already_reminded shadow flow_off uninstalled erased duplicate
        expired held_out blast_held shop_unreachable provider_refused test_order before_live too_old resting
        unknown"""
    assert set(named.split()) <= set(Reason)


def test_a_nameless_cart_has_a_decision_that_says_so(kontor: Kontor) -> None:
    cart = kontor.store.begin_cart()
    kontor.hear(kontor.store.add_to_cart(cart, "mug"))
    (row,) = kontor.rows(decisions)
    assert (row.kind, row.reasons, row.person_id) == ("refused", ["no_contact"], None)
    assert row.subject_id == kontor.rows(carts)[0].id


def test_the_same_decision_is_counted_and_not_repeated(kontor: Kontor) -> None:
    cart = kontor.store.begin_cart()
    for variant in ("mug", "candle", "beans"):
        kontor.hear(kontor.store.add_to_cart(cart, variant))
    assert [row.times for row in kontor.rows(decisions)] == [3]


def test_a_refused_mail_frees_the_day_and_is_not_tried_again(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    postbox.failing = Permanent("550 no such user")
    kontor.leave_cart()
    kontor.forward(hours=3)
    (row,) = kontor.rows(effects, effects.c.step == 1)
    assert (row.state, row.reason, row.slot_day) == ("failed", "provider_refused", None)


def test_a_passing_refusal_is_tried_again_and_goes_once(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    postbox.failing = Retryable("450 try later")
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert [state for _, state, _ in steps(kontor)] == ["pending", "pending"]
    postbox.failing = None
    kontor.forward(hours=1)
    assert sent(kontor) == [1]
    assert len(postbox.sent) == 1


def test_a_broken_line_leaves_it_unknown_counts_as_sent_and_sends_nothing_blind(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    postbox.failing = InDoubt("the line broke")
    kontor.leave_cart()
    kontor.forward(hours=2)
    (row,) = kontor.rows(effects, effects.c.step == 1)
    assert (row.state, row.reason, row.slot_day is not None) == ("unknown", "unknown", True)
    postbox.failing = None
    kontor.forward(hours=10)
    assert postbox.sent == []
    kontor.forward(days=2)
    assert steps(kontor)[1] == (2, "done", None), "the trip goes on"


def test_all_records_of_a_busy_week_give_reasons_from_the_list(kontor: Kontor) -> None:
    for number in range(4):
        kontor.leave_cart(f"guest-{number}@example.com", opted_in=number > 0)
    kontor.store.switch("is_down", on=True)
    kontor.forward(hours=26)
    kontor.store.switch("is_down", on=False)
    kontor.leave_cart("guest-1@example.com")
    kontor.forward(days=6)
    told = [row.reason for row in kontor.rows(effects)] + [row.reason for row in kontor.rows(enrolments)]
    told += [reason for row in kontor.rows(decisions) for reason in row.reasons]
    assert all(is_known(reason) for reason in told), set(told)
    assert {"expired", "no_consent", "cart_replaced"} <= set(told)
