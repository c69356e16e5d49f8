"""A worker dies, is slow, or is asked to stop: what becomes of what it had begun."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from core import clock
from core.db import reading, transaction
from core.errors import Retryable
from core.models.tables import effects, enrolments, inbound, work
from engine import effects as effects_engine
from engine import inbox, sweep
from engine.claims import claim
from engine.machine import Busy
from integrations.roles import Message
from tests.engine.stories import Postbox, save, step_settings, steps, trips, with_postbox
from tests.support.crowd import AN_HOUR, PLAIN, SmallShop
from tests.support.hurrying import let_leases_run_out, make_due
from tests.support.kontor import Kontor


class Killed(BaseException):
    """No code of ours catches it: as when the process is gone."""


class Deadly(Postbox):
    """A provider during whose call the worker dies, before or after it took
    the message; a `blind` one can't tell what it took, as a mail server."""

    def __init__(self, *, took_it: bool, blind: bool) -> None:
        super().__init__()
        self._took_it, self._blind = took_it, blind
        self.lethal = True

    def send(self, message: Message, merchant_id: int) -> str:
        if not self.lethal:
            return super().send(message, merchant_id)
        if self._took_it:
            super().send(message, merchant_id)
        raise Killed

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        return None if self._blind else super().was_sent(key, merchant_id)


def one_step(kontor: Kontor) -> None:
    save(kontor, steps=step_settings(1)[:1])


def die_while_sending(kontor: Kontor, channel: Deadly) -> None:
    """The worker is gone in the middle of the call; its lease runs out."""
    one_step(kontor)
    kontor.machine = replace(kontor.machine, channel=channel)
    kontor.leave_cart()
    with pytest.raises(Killed):
        kontor.forward(hours=1, minutes=1)
    channel.lethal = False
    assert steps(kontor) == [(1, "acting", None)]
    sweep.leases(kontor.machine)
    assert steps(kontor) == [(1, "acting", None)]
    let_leases_run_out(kontor)


def test_a_provider_that_took_the_message_says_so_and_it_is_done(kontor_on_both: Kontor) -> None:
    kontor, channel = kontor_on_both, Deadly(took_it=True, blind=False)
    die_while_sending(kontor, channel)
    sweep.leases(kontor.machine)
    kontor.settle()
    assert steps(kontor) == [(1, "done", None)]
    assert len(channel.sent) == 1
    assert trips(kontor) == [("completed", None)]


def test_a_provider_that_never_had_the_message_gets_it_again(kontor_on_both: Kontor) -> None:
    kontor, channel = kontor_on_both, Deadly(took_it=False, blind=False)
    die_while_sending(kontor, channel)
    sweep.leases(kontor.machine)
    kontor.settle()
    assert steps(kontor) == [(1, "done", None)]
    assert len(channel.sent) == 1
    assert trips(kontor) == [("completed", None)]


@pytest.mark.parametrize("took_it", [True, False])
def test_a_mail_server_cannot_tell_so_nothing_is_sent_blind_and_the_row_is_named(
    kontor_on_both: Kontor, took_it: bool
) -> None:
    kontor, channel = kontor_on_both, Deadly(took_it=took_it, blind=True)
    die_while_sending(kontor, channel)
    sweep.leases(kontor.machine)
    kontor.settle()
    assert steps(kontor) == [(1, "unknown", "unknown")]
    assert len(channel.sent) == int(took_it)
    assert trips(kontor) == [("completed", None)]
    row = kontor.rows(effects)[0]
    assert row.slot_day is not None, "what may have arrived counts under the cap"
    assert row.lease_until is None, "it is asked about once"


def test_what_was_only_claimed_goes_back_and_is_done_by_somebody_else(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    make_due(kontor)
    assert claim(kontor.machine) is not None
    kontor.settle()
    assert postbox.sent == []
    let_leases_run_out(kontor)
    sweep.leases(kontor.machine)
    kontor.settle()
    assert len(postbox.sent) == 1
    assert steps(kontor)[0] == (1, "done", None)


def test_a_slow_owner_whose_claim_was_given_away_sends_nothing(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    make_due(kontor)
    slow = claim(kontor.machine)
    assert slow is not None
    let_leases_run_out(kontor)
    sweep.leases(kontor.machine)
    quick = claim(kontor.machine)
    assert quick is not None
    effects_engine._work_through(kontor.machine, slow)
    assert postbox.sent == []
    effects_engine._work_through(kontor.machine, quick)
    assert len(postbox.sent) == 1


class Slow(Postbox):
    """A provider that answers after the lease is over; meanwhile the sweep runs."""

    def __init__(self, meanwhile: Callable[[], None], failing: Exception | None = None) -> None:
        super().__init__()
        self._meanwhile, self.failing = meanwhile, None
        self._answer = failing

    def send(self, message: Message, merchant_id: int) -> str:
        self._meanwhile()
        if self._answer is not None:
            answer, self._answer = self._answer, None
            raise answer
        return super().send(message, merchant_id)

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        return None


def sweep_during_the_call(kontor: Kontor, seen: list[object]) -> None:
    let_leases_run_out(kontor)
    sweep.leases(kontor.machine)
    seen.append(steps(kontor)[0])


def test_a_late_owner_still_says_that_it_was_done(kontor_on_both: Kontor) -> None:
    kontor, seen = kontor_on_both, list[object]()
    one_step(kontor)
    channel = Slow(lambda: sweep_during_the_call(kontor, seen))
    kontor.machine = replace(kontor.machine, channel=channel)
    kontor.leave_cart()
    kontor.forward(hours=1, minutes=1)
    assert seen == [(1, "unknown", "unknown")]
    assert steps(kontor) == [(1, "done", None)]
    assert trips(kontor) == [("completed", None)]


def test_a_late_owner_that_was_surely_refused_leaves_no_row_going_round(kontor_on_both: Kontor) -> None:
    """The trip has ended in doubt meanwhile: the refused message is left out
    with a reason instead of being claimed for ever."""
    kontor, seen = kontor_on_both, list[object]()
    one_step(kontor)
    refused = Retryable("come back later", after=timedelta(0))
    channel = Slow(lambda: sweep_during_the_call(kontor, seen), refused)
    kontor.machine = replace(kontor.machine, channel=channel)
    kontor.leave_cart()
    kontor.forward(hours=1, minutes=1)
    kontor.settle()
    assert seen[0] == (1, "unknown", "unknown")
    (row,) = kontor.rows(effects)
    assert row.state in ("skipped", "done")
    assert row.lease_until is None


def test_a_trip_that_ends_leaves_nothing_for_the_sweep(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    cart = make_due(kontor)
    assert claim(kontor.machine) is not None
    kontor.hear(kontor.store.pay(cart))
    assert [row.lease_until for row in kontor.rows(effects)] == [None, None]


def test_a_worker_that_is_asked_to_stop_finishes_one_message_and_gives_the_rest_back(
    kontor_on_both: Kontor,
) -> None:
    kontor = kontor_on_both
    shop = crowd(kontor, 5)
    channel = Slow(kontor.machine.stopping.set)
    machine = replace(kontor.machine, channel=channel)
    effects_engine.run(machine)
    assert len(channel.sent) == 1
    assert states(kontor, shop) == ["done", "pending", "pending", "pending", "pending"]
    machine.stopping.clear()
    kontor.machine = replace(machine, channel=channel, stopping=type(machine.stopping)())
    kontor.settle()
    assert len(channel.sent) == 5
    assert states(kontor, shop) == ["done"] * 5


def test_half_a_lease_is_a_batchs_time(kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow mail server keeps no rows that another thread could send."""
    kontor = kontor_on_both
    shop = crowd(kontor, 4)
    ahead = [timedelta(0)]
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda merchant=None: real(merchant) + ahead[0])
    lease = timedelta(seconds=kontor.machine.config.lease_seconds)

    def take_long() -> None:
        ahead[0] += lease / 3

    kontor.machine = replace(kontor.machine, channel=Slow(take_long))
    assert effects_engine.run_batch(kontor.machine)
    assert states(kontor, shop) == ["done", "done", "pending", "pending"]


def test_orders_are_heard_while_a_slow_mail_server_keeps_all_it_may(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    cart = make_due(kontor)
    machine = replace(kontor.machine, busy=Busy(4))
    for shop in (101, 102, 103):
        machine.busy.begin(shop)
    assert not effects_engine.run_batch(machine)
    kontor.deliver(kontor.store.pay(cart))
    assert inbox.run(machine) > 0
    assert trips(kontor) == [("exited", "bought")]


def test_the_sweep_mends_a_merchants_missing_entry(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    make_due(kontor)
    kontor.write(delete(work))
    assert claim(kontor.machine) is None
    sweep.recount_work(kontor.machine)
    kontor.settle()
    assert len(postbox.sent) == 1


def crowd(kontor: Kontor, people: int) -> SmallShop:
    """A shop of its own at which so many messages are due."""
    shop = SmallShop.open(kontor.machine, PLAIN)
    left = shop.leave_carts(people)
    shop.let_time_pass(AN_HOUR)
    kontor.deliver([webhook for cart in left for webhook in cart.webhooks])
    while _unread(kontor):
        inbox.run(kontor.machine)
    return shop


def _unread(kontor: Kontor) -> bool:
    with reading(kontor.machine.db) as session:
        return session.execute(select(inbound.c.id).where(inbound.c.state == "new")).first() is not None


def states(kontor: Kontor, shop: SmallShop) -> list[str]:
    with transaction(kontor.machine.db) as session:
        mine = select(effects.c.state).join(enrolments, enrolments.c.id == effects.c.enrolment_id)
        found = session.execute(mine.where(effects.c.merchant_id == shop.merchant_id))
        return sorted(found.scalars())
