"""What a webhook only hints at: the shop is asked, once, outside any transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.errors import NeedsMerchant, Permanent, Retryable
from core.events import (
    AccessLost,
    AppUninstalled,
    Cart,
    CartUpdated,
    ConsentChanged,
    Contact,
    Event,
    LookUp,
    Order,
    OrderPlaced,
    PersonChanged,
    Product,
    ProductUpdated,
    Stock,
    StockChanged,
)
from core.models import Merchant
from core.models.tables import connections, effects, inbound, look_ups, merchants, orders, people, products
from core.money import Money
from engine import inbox, sweep
from engine import look_ups as asking
from engine.machine import Machine
from integrations.roles import Access
from integrations.sandbox.live import SandboxLive
from tests.support.kontor import Kontor

ITEM = LookUp("inventory_item", "77")
Answers = Mapping[LookUp, Sequence[Event]]


@dataclass
class AskedShop:
    """A shop that answers what it is told to; it remembers what it was asked."""

    answers: Answers = field(default_factory=dict)
    fault: Exception | None = None
    meanwhile: Callable[[], None] = lambda: None
    heard: list[tuple[LookUp, ...]] = field(default_factory=list)

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Answers:
        self.heard.append(tuple(wanted))
        self.meanwhile()
        if self.fault is not None:
            raise self.fault
        return {look_up: events for look_up, events in self.answers.items() if look_up in wanted}


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    return kontor_on_both


def asked_by(kontor: Kontor, shop: AskedShop) -> Machine:
    return replace(kontor.machine, live={"sandbox": shop})  # type: ignore[dict-item]


def want(kontor: Kontor, *hints: LookUp) -> None:
    with transaction(kontor.machine.db) as session:
        for hint in hints:
            inbox.want(session, kontor.merchant_id, hint)


def tell(kontor: Kontor, *events: Event | LookUp) -> None:
    """As if a webhook had said so."""
    with transaction(kontor.machine.db) as session:
        inbox.apply(kontor.machine, session, session.get_one(Merchant, kontor.merchant_id), events)


def states(kontor: Kontor) -> list[tuple[str, str, str]]:
    return [(row.kind, row.ref, row.state) for row in kontor.rows(look_ups)]


def has_left(kontor: Kontor) -> bool:
    return kontor.merchant.uninstalled_at is not None


def product(ref: str = "1") -> Product:
    return Product(ref, "Mug", clock.now(), published=True)


def order(kontor: Kontor) -> Order:
    money, now = Money(1000, "EUR"), kontor.now()
    contact = Contact(email="anna@example.com")
    return Order("o1", "#1", now, now, contact, total=money, net=money, bought=True)


def cart(kontor: Kontor) -> Cart:
    now = kontor.now()
    return Cart("c1", now, now, now, Contact(email="eve@example.com"), Money(0, "EUR"))


def test_a_thousand_hints_about_one_thing_are_one_question(kontor: Kontor) -> None:
    want(kontor, *[ITEM] * 1000)
    shop = AskedShop()
    asking.run(asked_by(kontor, shop))
    assert shop.heard == [(ITEM,)]


def test_all_questions_of_a_shop_are_asked_together(kontor: Kontor) -> None:
    hints = tuple(LookUp("order", str(number)) for number in range(7))
    want(kontor, *hints)
    shop = AskedShop()
    assert asking.run(asked_by(kontor, shop)) == 1
    assert [set(batch) for batch in shop.heard] == [set(hints)]


def test_what_the_shop_tells_becomes_a_record_and_what_it_lacks_is_gone(kontor: Kontor) -> None:
    here, gone = LookUp("product", "p-9"), LookUp("product", "p-10")
    want(kontor, here, gone)
    asking.run(asked_by(kontor, AskedShop({here: [ProductUpdated(product("p-9"))]})))
    assert states(kontor) == [("product", "p-9", "done"), ("product", "p-10", "gone")]
    assert [row.ref for row in kontor.rows(products, products.c.ref.in_(["p-9", "p-10"]))] == ["p-9"]


def test_a_new_hint_may_wait_while_the_shop_is_being_asked(kontor: Kontor) -> None:
    want(kontor, ITEM)
    shop = AskedShop(meanwhile=lambda: want(kontor, ITEM) if len(shop.heard) == 1 else None)
    asking.run(asked_by(kontor, shop))
    assert shop.heard == [(ITEM,), (ITEM,)]
    assert [state for _, _, state in states(kontor)] == ["gone", "gone"]


def test_no_transaction_is_open_while_the_shop_is_asked(kontor: Kontor) -> None:
    """A writer would wait for it on SQLite."""
    want(kontor, ITEM)
    shop = AskedShop(meanwhile=lambda: kontor.write(update(merchants).values(name="Changed meanwhile")))
    asking.run(asked_by(kontor, shop))
    assert kontor.merchant.name == "Changed meanwhile"


def test_a_shop_that_does_not_answer_is_asked_again_later(kontor: Kontor) -> None:
    want(kontor, ITEM)
    shop = AskedShop(fault=Retryable("timed out", after=timedelta(seconds=90)))
    asking.run(asked_by(kontor, shop))
    [row] = kontor.rows(look_ups)
    assert (row.state, row.attempts, row.reason) == ("waiting", 1, "timed out")
    assert timedelta(seconds=80) < row.wake_at - clock.now() <= timedelta(seconds=90)
    asking.run(asked_by(kontor, shop))
    assert len(shop.heard) == 1


def test_a_question_put_off_gives_way_to_one_that_waits_already(kontor: Kontor) -> None:
    want(kontor, ITEM)
    shop = AskedShop(fault=Retryable("timed out"), meanwhile=lambda: want(kontor, ITEM))
    asking.run(asked_by(kontor, shop), most=1)
    assert [(row.state, row.reason) for row in kontor.rows(look_ups)] == [
        ("gone", "merged"),
        ("waiting", None),
    ]


def test_a_question_the_shop_refuses_for_good_has_failed(kontor: Kontor) -> None:
    want(kontor, ITEM)
    asking.run(asked_by(kontor, AskedShop(fault=Permanent("no such resource"))))
    assert [(row.state, row.reason) for row in kontor.rows(look_ups)] == [("failed", "no such resource")]


@pytest.mark.parametrize("fault", [KeyError("id"), AttributeError("x")])
def test_a_fault_of_ours_ends_the_question_and_blocks_no_other(kontor: Kontor, fault: Exception) -> None:
    want(kontor, ITEM)
    asking.run(asked_by(kontor, AskedShop(fault=fault)))
    [row] = kontor.rows(look_ups)
    assert (row.state, row.reason) == ("failed", f"internal: {type(fault).__name__}")


@pytest.mark.parametrize("fault", [Permanent("no such id"), KeyError("a fault of ours")])
def test_one_that_can_not_be_asked_about_keeps_no_other_of_its_shop_from_an_answer(
    kontor: Kontor, fault: Exception
) -> None:
    class Choosy(AskedShop):
        def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Answers:
            self.fault = fault if LookUp("order", "odd") in wanted else None
            return super().look_up(access, wanted)

    known = [LookUp("order", str(number)) for number in range(3)]
    shop = Choosy(answers=dict.fromkeys(known, ()))
    want(kontor, *known, LookUp("order", "odd"))
    asking.run(asked_by(kontor, shop))
    assert {row.ref: row.state for row in kontor.rows(look_ups)} == {
        "0": "done",
        "1": "done",
        "2": "done",
        "odd": "failed",
    }
    assert len(shop.heard) == 5, "all together, then each alone"


def test_of_two_that_begin_to_wait_for_one_thing_in_one_moment_one_waits(kontor_on_both: Kontor) -> None:
    """Both were asked while the shop was away, by two threads."""
    kontor = kontor_on_both
    rows = []
    for _ in range(2):
        want(kontor, ITEM)
        rows += asking._claim(kontor.machine)
    with ThreadPoolExecutor(1) as pool:
        with transaction(kontor.machine.db) as session:
            asking._wait_again(session, rows[0], clock.now(), "away")
            other = pool.submit(asking._later, kontor.machine, rows[1:], Retryable("away"))
            time.sleep(0.5)
        other.result(20)
    assert sorted((row.state, row.reason) for row in kontor.rows(look_ups)) == [
        ("gone", "merged"),
        ("waiting", "away"),
    ]


def test_the_question_of_a_worker_that_died_is_asked_again(kontor: Kontor) -> None:
    want(kontor, ITEM)
    kontor.write(
        update(look_ups).values(state="asking", claim=1, lease_until=clock.now() - timedelta(seconds=1))
    )
    sweep.leases(kontor.machine)
    shop = AskedShop({ITEM: []})
    asking.run(asked_by(kontor, shop))
    assert shop.heard == [(ITEM,)]
    assert [(row.state, row.claim) for row in kontor.rows(look_ups)] == [("done", 2)]


def test_who_answers_after_his_lease_changes_nothing(kontor: Kontor) -> None:
    want(kontor, ITEM)

    def lose_it() -> None:
        kontor.write(update(look_ups).values(claim=5))

    asking.run(asked_by(kontor, AskedShop({ITEM: [ProductUpdated(product("late"))]}, meanwhile=lose_it)))
    assert [row.state for row in kontor.rows(look_ups)] == ["asking"]
    assert kontor.rows(products, products.c.ref == "late") == []


def test_a_lease_that_still_runs_is_left_alone(kontor: Kontor) -> None:
    want(kontor, ITEM)
    kontor.write(update(look_ups).values(state="asking", lease_until=clock.now() + timedelta(minutes=1)))
    sweep.leases(kontor.machine)
    assert [row.state for row in kontor.rows(look_ups)] == ["asking"]


def test_what_names_no_shop_is_asked_about_and_not_believed(kontor: Kontor) -> None:
    known = kontor.rows(people)
    tell(
        kontor,
        OrderPlaced(order(kontor), proven=False),
        CartUpdated(cart(kontor), proven=False),
        ProductUpdated(product("p-9"), proven=False),
        StockChanged("v-9", Stock("none"), clock.now(), proven=False),
        PersonChanged(Contact(customer_ref="c-9", first_name="Eve"), clock.now(), proven=False),
    )
    assert [(kind, ref) for kind, ref, _ in states(kontor)] == [
        ("order", "o1"), ("cart", "c1"), ("product", "p-9"), ("variant", "v-9"), ("customer", "c-9"),
    ]  # fmt: skip
    assert (kontor.rows(orders), kontor.rows(people)) == ([], known)


def test_of_somebody_without_a_number_there_is_nothing_to_ask(kontor: Kontor) -> None:
    who = Contact(email="eve@example.com")
    tell(kontor, ConsentChanged(who, "email", "opted_in", clock.now(), "x", proven=False))
    assert (states(kontor), kontor.rows(people)) == ([], [])


def test_a_product_that_is_known_may_change_without_being_asked_about(kontor: Kontor) -> None:
    tell(kontor, ProductUpdated(product("p-9")))
    tell(kontor, ProductUpdated(replace(product("p-9"), title="Cup"), proven=False))
    assert [row.title for row in kontor.rows(products, products.c.ref == "p-9")] == ["Cup"]
    assert states(kontor) == []


def test_an_uninstall_counts_only_once_a_call_has_failed(kontor: Kontor) -> None:
    kontor.leave_cart()
    tell(kontor, AppUninstalled())
    assert not has_left(kontor)
    asking.run(asked_by(kontor, AskedShop({LookUp("installation", "app"): []})))
    assert states(kontor) == [("installation", "app", "done")]
    tell(kontor, AppUninstalled())
    kontor.write(update(connections).values(token=b"sealed"))
    opens = replace(kontor.machine.runtime, vault=_OpensAll())  # type: ignore[arg-type]
    machine = replace(asked_by(kontor, AskedShop(fault=NeedsMerchant("401"))), runtime=opens)
    asking.run(machine)
    assert has_left(kontor)
    assert [(row.state, row.token) for row in kontor.rows(connections)] == [("uninstalled", None)]
    assert {(row.state, row.reason) for row in kontor.rows(effects)} == {("skipped", "uninstalled")}


class _OpensAll:
    def open(self, sealed: bytes, binding: str) -> bytes:
        return b"token"


def test_a_failing_call_that_nobody_announced_only_needs_the_merchant(kontor: Kontor) -> None:
    want(kontor, ITEM)
    asking.run(asked_by(kontor, AskedShop(fault=NeedsMerchant("the token was refused"))))
    assert kontor.merchant.uninstalled_at is None
    [row] = kontor.rows(connections)
    assert (row.state, row.state_reason) == ("needs_merchant", "the token was refused")


def test_a_shop_that_says_our_access_is_gone_needs_the_merchant(kontor: Kontor) -> None:
    tell(kontor, AccessLost("woocommerce_rest_cannot_view"))
    assert [row.state for row in kontor.rows(connections)] == ["needs_merchant"]


def test_what_the_shop_said_before_she_reconnected_tells_nothing_of_the_new_access(kontor: Kontor) -> None:
    anew = {"connected_at": clock.now() + timedelta(seconds=1)}
    kontor.write(update(connections).where(connections.c.merchant_id == kontor.merchant_id).values(**anew))
    with transaction(kontor.machine.db) as session:
        row = {"dedupe": "1", "topic": "order.updated", "about_orders": True, "received_at": clock.now()}
        told = inbound.insert().values(merchant_id=kontor.merchant_id, state="new", **row)
        number = session.execute(told.returning(inbound.c.id)).scalar_one()
        merchant = session.get_one(Merchant, kontor.merchant_id)
        inbox.apply(kontor.machine, session, merchant, [AccessLost("owner_demoted")], number)
    assert [row.state for row in kontor.rows(connections)] == ["active"]


def test_the_shop_that_has_left_is_not_asked_any_more(kontor: Kontor) -> None:
    want(kontor, ITEM)
    kontor.write(update(merchants).values(uninstalled_at=clock.now()))
    shop = AskedShop()
    asking.run(asked_by(kontor, shop))
    tell(kontor, LookUp("order", "1"))
    assert shop.heard == []
    assert len(kontor.rows(look_ups)) == 1


def test_the_sandbox_itself_answers_about_all_it_has(kontor: Kontor) -> None:
    ref = kontor.store.products()[0].ref
    kontor.write(products.delete())
    want(kontor, LookUp("product", ref), LookUp("order", "nothing"))
    asking.run(replace(kontor.machine, live={"sandbox": SandboxLive(kontor.machine.runtime)}))
    assert [state for _, _, state in states(kontor)] == ["done", "gone"]
    assert [row.ref for row in kontor.rows(products)] == [ref]
