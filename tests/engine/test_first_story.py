"""The main job, from a cart that was left to the mail and the purchase."""

from core.models.tables import decisions, effects, mailbox_messages
from tests.support.kontor import Kontor


def test_a_subscriber_who_leaves_a_cart_gets_one_mail_after_an_hour_and_none_after_buying(
    kontor_on_both: Kontor,
) -> None:
    kontor = kontor_on_both
    cart = kontor.leave_cart()
    kontor.forward(minutes=59)
    assert kontor.rows(mailbox_messages) == []
    kontor.forward(minutes=2)
    assert len(kontor.rows(mailbox_messages)) == 1
    kontor.hear(kontor.store.pay(cart))
    kontor.forward(days=5)
    assert len(kontor.rows(mailbox_messages)) == 1
    assert [(row.step, row.state, row.reason) for row in kontor.rows(effects)] == [
        (1, "done", None),
        (2, "skipped", "bought"),
    ]


def test_a_guest_who_ticked_nothing_gets_nothing_and_the_reason_is_recorded(kontor: Kontor) -> None:
    kontor.leave_cart(opted_in=False)
    kontor.forward(days=5)
    assert kontor.rows(mailbox_messages) == []
    assert ["no_consent"] in [row.reasons for row in kontor.rows(decisions)]


def test_a_cart_that_becomes_somebody_elses_is_never_sent_to_the_first_person(kontor: Kontor) -> None:
    cart = kontor.leave_cart("anna@example.com")
    kontor.forward(minutes=20)
    kontor.hear(kontor.store.leave_email(cart, "gustav@example.com"))
    kontor.forward(days=5)
    assert kontor.rows(mailbox_messages) == []
    told = {(row.kind, tuple(row.reasons)) for row in kontor.rows(decisions)}
    assert ("exited", ("other_person",)) in told
    assert ("refused", ("no_consent",)) in told
