"""Who may be written to: the newest act wins by its own time, and an objection made here stays."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from core import clock
from core.db import insert, transaction
from core.events import ConsentState
from core.models.tables import addresses, consents, effects, suppressions
from core.reasons import Reason
from engine import consent
from engine.standing import Act, Standing, reasons_against
from integrations.roles import Request
from integrations.sandbox.bodies import ConsentBody, ContactBody
from tests.engine.stories import ANNA, BEN, decided, save_shop, sent, steps, trips
from tests.support.kontor import Kontor

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICIES = ("opted_in", "existing_customers", "platform")
NO_CONSENT, UNSUBSCRIBED = (Reason.NO_CONSENT,), (Reason.UNSUBSCRIBED,)


def act(state: ConsentState, day: int, source: str = "shop") -> Act:
    return Act(state, MONDAY + day * DAY, source)


def asked(*acts: Act, policy: str = "opted_in", bought: bool = False) -> tuple[Reason, ...]:
    return reasons_against(Standing(1, None, acts, bought), "marketing", policy)


def every_way(*acts: Act, policy: str = "opted_in", bought: bool = False) -> tuple[Reason, ...]:
    """The answer must not depend on the order in which the acts were told."""
    (answer,) = {asked(*told, policy=policy, bought=bought) for told in permutations(acts)}
    return answer


def test_the_newest_act_wins_by_the_time_of_the_act() -> None:
    assert every_way(act("opted_in", 1), act("opted_out", 2)) == UNSUBSCRIBED
    assert every_way(act("opted_out", 1), act("opted_in", 2)) == ()
    assert every_way(act("opted_in", 1), act("opted_out", 2), act("opted_in", 3)) == ()


def test_of_two_acts_of_one_moment_the_objection_wins() -> None:
    assert every_way(act("opted_in", 1), act("opted_out", 1)) == UNSUBSCRIBED


@pytest.mark.parametrize("policy", POLICIES)
def test_an_objection_at_kontor_yields_only_to_a_later_opt_in(policy: str) -> None:
    ours = act("opted_out", 5, "kontor")
    assert every_way(act("opted_in", 1), ours, policy=policy, bought=True) == UNSUBSCRIBED
    assert every_way(ours, act("pending", 6), policy=policy, bought=True) == UNSUBSCRIBED
    assert every_way(ours, act("opted_in", 6), policy=policy) == ()
    assert every_way(ours, act("opted_in", 6), act("opted_out", 7), policy=policy) == UNSUBSCRIBED
    assert every_way(act("opted_out", 8), ours, act("opted_in", 7), policy=policy) == UNSUBSCRIBED


def test_pending_is_no_consent() -> None:
    assert every_way(act("pending", 1)) == NO_CONSENT
    assert every_way(act("opted_in", 1), act("pending", 2)) == NO_CONSENT
    assert every_way(act("pending", 1), act("opted_in", 2)) == ()


@pytest.mark.parametrize("policy", POLICIES)
def test_silence_is_no_consent_but_no_objection_either(policy: str) -> None:
    assert asked(policy=policy) == NO_CONSENT
    expected = () if policy == "existing_customers" else NO_CONSENT
    assert asked(policy=policy, bought=True) == expected


def test_an_existing_customer_who_objected_is_left_alone() -> None:
    objected = asked(act("opted_out", 1), policy="existing_customers", bought=True)
    assert objected == UNSUBSCRIBED
    unconfirmed = every_way(act("opted_out", 1), act("pending", 2), policy="existing_customers", bought=True)
    assert unconfirmed == UNSUBSCRIBED


def test_service_mail_needs_no_consent_but_an_address_that_works() -> None:
    assert reasons_against(Standing(1), "service", "opted_in") == ()
    assert reasons_against(Standing(None), "service", "opted_in") == (Reason.NO_CONTACT,)
    assert reasons_against(Standing(1, Reason.BOUNCED), "service", "opted_in") == (Reason.BOUNCED,)


def test_an_unticked_box_is_silence_and_takes_no_earlier_consent_away(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(kontor.leave_cart(ANNA, opted_in=True)))
    kontor.leave_cart(ANNA, opted_in=False)
    kontor.forward(hours=2)
    assert len(kontor.rows(consents)) == 1
    assert sent(kontor) == [1]


def test_consent_that_comes_later_starts_the_trip(kontor: Kontor) -> None:
    cart = kontor.leave_cart(opted_in=False)
    assert decided(kontor)[-1] == ("refused", ("no_consent",))
    kontor.forward(minutes=20)
    kontor.hear(kontor.store.leave_email(cart, ANNA, opted_in=True))
    kontor.forward(hours=2)
    assert sent(kontor) == [1]


def test_the_text_shown_the_time_and_the_place_are_kept_with_the_consent(kontor: Kontor) -> None:
    kontor.leave_cart()
    (row,) = kontor.rows(consents)
    assert (row.state, row.purpose, row.channel) == ("opted_in", "marketing", "email")
    assert row.source
    assert row.text
    assert abs(row.act_at - kontor.now()) < timedelta(minutes=1)


def test_the_same_act_told_twice_is_one_row(kontor: Kontor) -> None:
    for _ in range(2):
        kontor.hear([_consent(kontor, "opted_in", kontor.now() - DAY)])
    acts = {row.act_at for row in kontor.rows(consents)}
    assert len(kontor.rows(consents)) == len(acts)


def test_the_shops_opt_out_stops_what_waits(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    kontor.hear([_consent(kontor, "opted_out", kontor.now())])
    kontor.forward(days=5)
    assert steps(kontor) == [(1, "done", None), (2, "skipped", "unsubscribed")]
    assert trips(kontor) == [("exited", "unsubscribed")]


def test_objecting_again_outdoes_what_the_shop_tells_of_the_time_between(kontor: Kontor) -> None:
    kontor.leave_cart()
    (address,) = kontor.rows(addresses, addresses.c.channel == "email")
    consent.opt_out(kontor.machine, kontor.merchant_id, address.id, "page", kontor.now())
    between = kontor.now() + timedelta(hours=1)
    kontor.forward(hours=2)
    consent.opt_out(kontor.machine, kontor.merchant_id, address.id, "page", kontor.now())
    kontor.hear([_consent(kontor, "opted_in", between)])
    kontor.leave_cart(opted_in=False)
    kontor.forward(days=5)
    assert sent(kontor) == []


def test_an_old_opt_out_told_late_stops_nobody(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.hear([_consent(kontor, "opted_out", kontor.now() - 30 * DAY)])
    kontor.forward(hours=2)
    assert sent(kontor) == [1]


def test_unsubscribing_is_effective_for_everything_that_waits(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    address = kontor.rows(addresses, addresses.c.channel == "email")[0]
    assert consent.opt_out(kontor.machine, kontor.merchant_id, address.id, "page", kontor.now())
    assert steps(kontor) == [(1, "done", None), (2, "skipped", "unsubscribed")]
    kontor.forward(days=20)
    kontor.leave_cart(opted_in=False)
    assert decided(kontor)[-1] == ("refused", ("unsubscribed",))
    # Ticking the box again is the shopper's own, later act.
    kontor.forward(minutes=5)
    kontor.leave_cart(opted_in=True)
    kontor.forward(hours=2)
    assert sent(kontor) == [1, 1]


def test_one_persons_objection_is_no_other_persons(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    kontor.leave_cart(BEN)
    anna = kontor.rows(addresses, addresses.c.channel == "email")[0]
    consent.opt_out(kontor.machine, kontor.merchant_id, anna.id, "page", kontor.now())
    kontor.forward(hours=2)
    assert sorted(steps(kontor)) == [
        (1, "done", None),
        (1, "skipped", "unsubscribed"),
        (2, "pending", None),
        (2, "skipped", "unsubscribed"),
    ]


@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.ERASED])
def test_a_suppressed_address_gets_nothing_even_when_it_was_suppressed_on_the_way(
    kontor: Kontor, reason: Reason
) -> None:
    kontor.leave_cart()
    address = kontor.rows(addresses, addresses.c.channel == "email")[0]
    with transaction(kontor.machine.db) as session:
        session.execute(
            insert(suppressions, session).values(
                merchant_id=kontor.merchant_id,
                channel="email",
                fingerprint=address.fingerprint,
                reason=reason.value,
                at=clock.now(),
            )
        )
    kontor.forward(days=5)
    assert steps(kontor) == [(1, "skipped", reason.value), (2, "skipped", reason.value)]


def test_an_existing_customer_is_somebody_with_a_paid_order_and_no_objection(kontor: Kontor) -> None:
    save_shop(kontor, consent_policy="existing_customers")
    kontor.hear(kontor.store.pay(kontor.leave_cart(ANNA, opted_in=False)))
    kontor.forward(days=1)
    kontor.leave_cart(ANNA, opted_in=False)
    kontor.leave_cart(BEN, opted_in=False)
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    assert ("refused", ("no_consent",)) in decided(kontor)
    kontor.hear([_consent(kontor, "opted_out", kontor.now())])
    kontor.forward(days=3)
    assert kontor.rows(effects, effects.c.step == 2)[0].reason == "unsubscribed"


def test_an_order_that_was_cancelled_makes_nobody_a_customer(kontor: Kontor) -> None:
    save_shop(kontor, consent_policy="existing_customers")
    kontor.hear(kontor.store.pay(kontor.leave_cart(ANNA, opted_in=False)))
    kontor.hear(kontor.store.cancel(kontor.store.orders()[0].ref))
    kontor.forward(days=1)
    kontor.leave_cart(ANNA, opted_in=False)
    assert decided(kontor)[-1] == ("refused", ("no_consent",))


def _consent(kontor: Kontor, state: ConsentState, at: datetime) -> Request:
    body = ConsentBody(
        contact=ContactBody(email=ANNA), state=state, at=at, source="newsletter", text="Yes, please."
    )
    return kontor.store.webhook("consent.changed", body)
