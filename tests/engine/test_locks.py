"""Everything at the same moment, on PostgreSQL: whoever comes first, the records end the same."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

import app
from core.db import reading, transaction
from core.events import Contact
from core.models import Merchant
from core.models.tables import carts, effects, enrolments, inbound, mailbox_messages, orders, people
from engine import changes, inbox, privacy, sweep
from engine import effects as effects_engine
from engine.claims import claim
from engine.jobs import settle_all
from engine.machine import Bells, Busy, Machine
from integrations.roles import Request
from tests.support.crowd import AN_HOUR, PLAIN, WITH_CODE, Left, SmallShop
from tests.support.kontor import development
from web.doors import Door

THREADS = 6
SHOPS = 6
PEOPLE = 20
News = tuple[Request, ...]


@dataclass
class Town:
    """Several shops on one PostgreSQL, and threads that do their work."""

    machine: Machine
    door: Door
    shops: list[SmallShop]

    def deliver(self, webhooks: Sequence[Request]) -> None:
        assert {self.door.knock("sandbox", webhook).status_code for webhook in webhooks} <= {200}

    def at_once(self, *jobs: Callable[[], object]) -> None:
        """Each job in a thread of its own; what one raises, the test raises."""
        faults: list[BaseException] = []
        gate = threading.Barrier(len(jobs))
        threads = [threading.Thread(target=_run, args=(job, gate, faults)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
        assert faults == []

    def read_inbox(self) -> None:
        while self.count(inbound.c.state == "new"):
            inbox.run(self.machine)

    def count(self, *where: Any) -> int:
        with reading(self.machine.db) as session:
            query = select(func.count()).where(*where)
            return int(session.execute(query).scalar_one())

    def deadlocks(self) -> int:
        with reading(self.machine.db) as session:
            session.execute(text("SELECT pg_stat_force_next_flush()"))
            query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            return int(session.execute(query).scalar_one())


def _run(job: Callable[[], object], gate: threading.Barrier, faults: list[BaseException]) -> None:
    gate.wait(30)
    try:
        job()
    except BaseException as fault:  # noqa: BLE001 - a thread's fault is the test's to report
        faults.append(fault)


@pytest.fixture
def town(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Town]:
    machine, _, _ = app.build(development(tmp_path, migrated_postgres_url))
    machine = replace(machine, bells=Bells(), busy=Busy(2 * THREADS))
    shops = [SmallShop.open(machine, WITH_CODE if number % 2 else PLAIN) for number in range(SHOPS)]
    opened = Town(machine, Door.of(machine), shops)
    yield opened
    opened.door.writing.close()
    machine.db.dispose()


def leave(town: Town, each: int = PEOPLE) -> list[Left]:
    return [cart for shop in town.shops for cart in shop.leave_carts(each)]


def bought(town: Town, left: Sequence[Left]) -> list[News]:
    """What the shops send of each purchase: the order, paid, and its cart."""
    stores = {shop.merchant_id: shop.store for shop in town.shops}
    return [stores[cart.merchant_id].pay(cart.cart) for cart in left]


def touched(town: Town, left: Sequence[Left]) -> list[News]:
    """One more piece goes into each cart."""
    stores = {shop.merchant_id: shop.store for shop in town.shops}
    return [stores[cart.merchant_id].add_to_cart(cart.cart, "candle") for cart in left]


def in_both_orders(first: Sequence[News], second: Sequence[News]) -> list[Request]:
    """Person by person, the one before the other and the other way round."""
    found: list[Request] = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        found += one + other if number % 2 else other + one
    return found


def test_a_cart_and_its_order_at_the_same_moment_leave_no_trip_running(town: Town) -> None:
    left = leave(town)
    news = [cart.webhooks + more for cart, more in zip(left, touched(town, left), strict=True)]
    town.deliver(in_both_orders(news, bought(town, left)))
    town.at_once(*[town.read_inbox] * THREADS)
    assert town.count(enrolments.c.state.in_(["active", "held"])) == 0
    assert_whole(town, len(left))


def test_an_order_ends_a_running_trip_while_its_cart_changes_and_its_message_is_due(town: Town) -> None:
    left = leave(town)
    for shop in town.shops:
        shop.let_time_pass(AN_HOUR)
    town.deliver([webhook for cart in left for webhook in cart.webhooks])
    town.read_inbox()
    town.deliver(in_both_orders(touched(town, left), bought(town, left)))

    def send() -> None:
        while town.count(inbound.c.state == "new"):
            effects_engine.run(town.machine)
            sweep.leases(town.machine)

    def save() -> None:
        flow = town.machine.flows["cart_recovery"]
        for shop in town.shops:
            changes.apply_times(town.machine, shop.merchant_id, flow)

    town.at_once(*[town.read_inbox] * 3, send, send, save)
    settle_all(town.machine)
    # The shop knew of every order before the first message was claimed.
    assert town.count(mailbox_messages.c.id > 0) == 0
    assert town.count(enrolments.c.reason == "bought") == len(left)
    assert_whole(town, len(left))


def test_a_webhook_that_comes_while_its_person_is_being_erased_is_read_all_the_same(town: Town) -> None:
    shop = town.shops[0]
    (left,) = shop.leave_carts(1)
    town.deliver(left.webhooks)
    town.read_inbox()
    erasing, go_on = threading.Event(), threading.Event()

    def erase() -> None:
        with transaction(town.machine.db) as session:
            merchant = session.get_one(Merchant, shop.merchant_id)
            privacy.erase_people(town.machine, session, merchant, Contact(email=left.email))
            erasing.set()
            go_on.wait(10)

    eraser = threading.Thread(target=erase)
    eraser.start()
    erasing.wait(10)
    town.deliver(shop.store.add_to_cart(left.cart, "candle"))
    reader = threading.Thread(target=town.read_inbox)
    reader.start()
    reader.join(0.5)
    go_on.set()
    eraser.join()
    reader.join()
    assert town.count(inbound.c.state == "unreadable") == 0
    assert town.count(inbound.c.state == "new") == 0


def test_two_workers_never_claim_the_same_row(town: Town) -> None:
    everything = due(town)
    claimed: list[int] = []

    def work() -> None:
        """A worker of its own: it shares nothing with the other but the database."""
        alone = replace(town.machine, busy=Busy(100))
        while town.count(effects.c.state == "pending", effects.c.wake_at.is_not(None)):
            batch = claim(alone, most=3)
            claimed.extend(batch.claims if batch else ())

    town.at_once(*[work] * THREADS)
    assert sorted(claimed) == everything


def test_merchants_are_served_in_turn(town: Town) -> None:
    due(town)
    turns = [claim(town.machine, most=1) for _ in range(3 * SHOPS)]
    served = [batch.merchant_id for batch in turns if batch is not None]
    shops = {shop.merchant_id for shop in town.shops}
    assert [set(served[n : n + SHOPS]) for n in range(0, 3 * SHOPS, SHOPS)] == [shops] * 3


def test_a_merchant_that_holds_half_of_the_threads_must_let_others_go_first(town: Town) -> None:
    due(town)
    machine = replace(town.machine, busy=Busy(4))
    large = town.shops[0].merchant_id
    for _ in range(2):
        machine.busy.begin(large)
    batches = [claim(machine) for _ in range(SHOPS)]
    assert [batch is None for batch in batches] == [False] * (SHOPS - 1) + [True]
    assert large not in {batch.merchant_id for batch in batches if batch is not None}
    machine.busy.end(large)
    assert claim(machine) is not None


def due(town: Town) -> list[int]:
    """Every shop's messages come due; their rows."""
    left = leave(town, each=6)
    for shop in town.shops:
        shop.let_time_pass(AN_HOUR)
    town.deliver([webhook for cart in left for webhook in cart.webhooks])
    town.read_inbox()
    with reading(town.machine.db) as session:
        waiting = select(effects.c.id).where(effects.c.wake_at.is_not(None)).order_by(effects.c.id)
        return list(session.execute(waiting).scalars())


def assert_whole(town: Town, expected: int) -> None:
    """One person, one cart, one order each, and all of them belong together."""
    with reading(town.machine.db) as session:
        assert session.execute(select(func.count()).select_from(people)).scalar_one() == expected
        pairs = session.execute(
            select(carts.c.person_id, orders.c.person_id).join(orders, orders.c.cart_ref == carts.c.ref)
        ).all()
        assert len(pairs) == expected
        assert all(mine == theirs for mine, theirs in pairs)
        unread = session.execute(select(inbound.c.reason).where(inbound.c.state != "done")).all()
        assert unread == []
        waiting = select(effects.c.state, effects.c.kind).where(effects.c.kind != "remove_discount")
        left = Counter(row.state for row in session.execute(waiting))
        assert set(left) <= {"skipped", "done"}, left
