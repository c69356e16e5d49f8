"""A word between the shop's answer and the act stops the mail; an old answer is no answer."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import select

from core import clock
from core.db import reading, transaction
from core.events import CartLinesChanged, Event
from core.models import Merchant
from core.models.tables import addresses, carts, effects
from engine import asking, consent, inbox, privacy, simulation
from engine import effects as effects_engine
from engine.batches import open_batch
from engine.claims import claim
from engine.machine import Machine
from integrations.roles import Access, Answer, LiveShop, Message, Question, Request
from tests.engine.stories import BEN, Postbox, mode, sent, steps, trips, with_postbox
from tests.support.crowd import AN_HOUR, PLAIN, SmallShop
from tests.support.kontor import Kontor
from tests.support.stopped import StoppedClock


@dataclass
class Meanwhile:
    """The shop answers truly, and in that moment something happens."""

    shop: LiveShop
    happens: Callable[[], object]
    questions: list[Question] = field(default_factory=list)

    def ask(self, access: Access, question: Question) -> Answer:
        answer = self.shop.ask(access, question)
        self.questions.append(question)
        self.happens()
        return answer

    def __getattr__(self, name: str) -> object:
        return getattr(self.shop, name)


def when_asked(kontor: Kontor, happens: Callable[[], object]) -> Meanwhile:
    meanwhile = Meanwhile(kontor.machine.live["sandbox"], happens)
    kontor.machine = replace(kontor.machine, live={"sandbox": meanwhile})  # type: ignore[dict-item]
    return meanwhile


def _told(kontor: Kontor, event: Event) -> None:
    with transaction(kontor.machine.db) as session:
        merchant = session.get_one(Merchant, kontor.merchant_id)
        inbox.apply(kontor.machine, session, merchant, [event])


def test_switching_the_flow_off_between_the_answer_and_the_act_stops_it(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    when_asked(kontor, lambda: mode(kontor, "off"))
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "skipped", "flow_off")
    assert trips(kontor) == [("exited", "flow_off")]


def test_unsubscribing_between_the_answer_and_the_act_stops_it(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    address = kontor.rows(addresses, addresses.c.channel == "email")[0].id
    when_asked(
        kontor, lambda: consent.opt_out(kontor.machine, kontor.merchant_id, address, "page", kontor.now())
    )
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "skipped", "unsubscribed")


def test_uninstalling_between_the_answer_and_the_act_stops_it(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    when_asked(kontor, lambda: _uninstall(kontor))
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "skipped", "uninstalled")


def test_emptying_the_cart_between_the_answer_and_the_act_stops_it(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    cart = kontor.leave_cart()

    def empty() -> None:
        kontor.deliver(kontor.store.set_quantity(cart, _variant(kontor, cart), 0))
        inbox.run(kontor.machine)

    when_asked(kontor, empty)
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "skipped", "cart_emptied")


def test_a_nameless_cart_emptied_between_the_answer_and_the_act_stops_it(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    token = kontor.rows(carts)[0].token
    when_asked(kontor, lambda: _told(kontor, CartLinesChanged(token, (), kontor.now())))
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "skipped", "cart_emptied")


def test_buying_between_the_answer_and_the_act_stops_it_where_the_webhook_comes(
    kontor_on_both: Kontor,
) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    cart = kontor.leave_cart()
    when_asked(kontor, _once(lambda: kontor.deliver(kontor.store.pay(cart))))
    kontor.forward(hours=1, minutes=1)
    assert postbox.sent == []
    assert trips(kontor) == [("exited", "bought")]


def test_an_order_nobody_has_read_yet_holds_every_message_of_the_shop(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    bens = kontor.leave_cart(BEN)
    _make_due(kontor)
    kontor.deliver(kontor.store.pay(bens))
    shop = when_asked(kontor, lambda: None)
    effects_engine.run(kontor.machine)
    assert postbox.sent == []
    assert "done" not in {row.state for row in kontor.rows(effects)}
    assert shop.questions == [], "an answer that could not be acted on was asked for"
    inbox.run(kontor.machine)
    _make_due(kontor)
    effects_engine.run(kontor.machine)
    assert [message.to for message in postbox.sent] == ["anna@example.com"]


def test_an_answer_of_more_than_a_minute_ago_is_not_used(
    kontor_on_both: Kontor, stopped: StoppedClock
) -> None:
    """The first mail takes a minute, in which the second person buys: the shop is asked again."""
    kontor = kontor_on_both
    shop = SmallShop.open(kontor.machine, PLAIN)
    left = {cart.email: cart for cart in shop.leave_carts(2)}

    class SlowPost(Postbox):
        def send(self, message: Message, merchant_id: int) -> str:
            stopped.real += timedelta(seconds=61)
            for email in left.keys() - {message.to}:
                shop.store.pay(left[email].cart)
            return super().send(message, merchant_id)

    postbox = SlowPost()
    kontor.machine = replace(_patient(kontor.machine), channel=postbox)
    kontor.deliver([webhook for cart in left.values() for webhook in cart.webhooks])
    kontor.settle()
    asked = when_asked(kontor, lambda: None)
    shop.forward(timedelta(hours=1))
    kontor.settle()
    shop.forward(timedelta(minutes=1))
    kontor.settle()
    assert len(postbox.sent) == 1
    assert [len(question.buyers) for question in asked.questions] == [2, 1]


def test_an_answer_older_than_the_claim_is_not_used(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    _make_due(kontor)
    batch = claim(kontor.machine)
    assert batch is not None
    opened = asking.ask(kontor.machine, open_batch(kontor.machine, batch))
    assert opened.asked is not None
    early = replace(opened.asked, began=batch.at - timedelta(milliseconds=1))
    with kontor.machine.db.connect() as connection:
        work = effects_engine._Work(kontor.machine, connection, replace(opened, asked=early))
        effects_engine._prepared(work, opened.rows[0], None)
    assert postbox.sent == []
    assert steps(kontor)[0] == (1, "pending", None)
    kontor.forward(minutes=1)
    assert sent(kontor) == [1]


def test_a_merge_of_two_people_between_the_answer_and_the_act_loses_no_mail(kontor_on_both: Kontor) -> None:
    """She leaves a cart by mail alone, is known by her number elsewhere, and
    logs in while we ask: her trip goes on under the elder's name."""
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    elder = kontor.store.begin_cart()
    kontor.hear(kontor.store.add_to_cart(elder, "candle"))
    kontor.hear(_named(kontor, elder, email=None, customer_ref="customer-7"))
    kontor.leave_cart()
    when_asked(kontor, _once(lambda: _log_in(kontor, elder)))
    kontor.forward(hours=1, minutes=5)
    assert [message.to for message in postbox.sent] == ["anna@example.com"]


@dataclass
class Stumbling:
    """A shop whose answer about one person is more than we can read."""

    shop: LiveShop
    over: str

    def ask(self, access: Access, question: Question) -> Answer:
        if self.over in {buyer.email for buyer in question.buyers}:
            raise ValueError("an order with a date of the year 20255")
        return self.shop.ask(access, question)


def test_one_person_who_cannot_be_asked_about_keeps_nobody_else_from_a_mail(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    shop = SmallShop.open(kontor.machine, PLAIN)
    left = shop.leave_carts(3)
    shop.let_time_pass(AN_HOUR)
    kontor.deliver([webhook for cart in left for webhook in cart.webhooks])
    stumbling = Stumbling(kontor.machine.live["sandbox"], over=left[1].email)
    kontor.machine = replace(kontor.machine, live={"sandbox": stumbling})  # type: ignore[dict-item]
    postbox = with_postbox(kontor)
    kontor.settle()
    assert sorted(message.to for message in postbox.sent) == [left[0].email, left[2].email]
    with reading(kontor.machine.db) as session:
        told = select(effects.c.state, effects.c.reason).where(effects.c.merchant_id == shop.merchant_id)
        became = sorted((row.state, row.reason) for row in session.execute(told))
    assert became == [("done", None), ("done", None), ("pending", "internal")]


def _named(kontor: Kontor, ref: str, **contact: str | None) -> list[Request]:
    cart = kontor.store.cart(ref)
    assert cart is not None
    told = cart.model_copy(update={"contact": cart.contact.model_copy(update=contact)})
    return [kontor.store.webhook("cart.updated", told)]


def _log_in(kontor: Kontor, ref: str) -> None:
    kontor.deliver(_named(kontor, ref, email="anna@example.com", customer_ref="customer-7"))
    inbox.run(kontor.machine)


def _once(happens: Callable[[], object]) -> Callable[[], None]:
    left = [happens]

    def first_time() -> None:
        if left:
            left.pop()()

    return first_time


def _opt_out(kontor: Kontor, address: int) -> None:
    consent.opt_out(kontor.machine, kontor.merchant_id, address, "page", kontor.now())


def _uninstall(kontor: Kontor) -> None:
    with transaction(kontor.machine.db) as session:
        privacy.uninstall(session, session.get_one(Merchant, kontor.merchant_id))


def _variant(kontor: Kontor, ref: str) -> str:
    cart = kontor.store.cart(ref)
    assert cart is not None
    return cart.lines[0].variant_ref


def _make_due(kontor: Kontor) -> None:
    """The first steps are due; nothing has been done about them yet."""
    now = kontor.now() + AN_HOUR
    simulation.forward(kontor.machine, kontor.merchant_id, now)
    while simulation.run(kontor.machine) and not _is_due(kontor):
        pass


def _is_due(kontor: Kontor) -> bool:
    return bool(kontor.rows(effects, effects.c.state == "pending", effects.c.wake_at <= clock.now()))


def _patient(machine: Machine) -> Machine:
    """Its leases are long, so that only the answer's age decides."""
    config = machine.config.model_copy(update={"lease_seconds": 3600})
    return replace(machine, runtime=replace(machine.runtime, config=config))
