"""The sandbox shop as one that can be asked and changed, also when it ails."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from core.db import reading, transaction
from core.errors import Retryable
from core.events import CartUpdated, Event, LookUp, OrderUpdated, ProductUpdated, Stock
from core.runtime import Runtime
from integrations.roles import Access, Answer, Buyer, DiscountOrder, Question
from integrations.sandbox import reader
from integrations.sandbox.bodies import CartBody, CodeBody, CustomerBody, OrderBody, ProductBody
from integrations.sandbox.consents import given
from integrations.sandbox.records import Records

LATE_SECONDS = 3.0


class SandboxLive:
    """Reads the shop's own records and nothing of Kontor's."""

    def __init__(self, runtime: Runtime, wait: Callable[[float], None] = time.sleep) -> None:
        self._db = runtime.db
        self._wait = wait

    def ask(self, access: Access, question: Question) -> Answer:
        with self._read(access) as records:
            orders = [o for o in records.all("order", OrderBody) if _is_anyones(o, question.buyers)]
            found = _stock(records) if question.variant_refs else {}
        wanted = {ref: found[ref] for ref in question.variant_refs if ref in found}
        return Answer(tuple(reader.order(o) for o in orders), wanted)

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
        with self._read(access) as records:
            answers = {look_up: _answer(records, look_up) for look_up in wanted}
        return {look_up: events for look_up, events in answers.items() if events is not None}

    def create_discount(self, access: Access, order: DiscountOrder) -> None:
        """Making the same code once more changes nothing."""
        code = CodeBody(
            code=order.code,
            kind=order.kind,
            value=order.value,
            currency=order.currency,
            ends_at=order.ends_at,
            minimum=order.minimum.minor if order.minimum else 0,
            email=order.email,
        )
        with self._change(access) as records:
            if records.find("code", order.code, CodeBody) is None:
                records.put("code", order.code, code)

    def has_discount(self, access: Access, code: str) -> bool:
        with self._read(access) as records:
            return records.find("code", code, CodeBody) is not None

    def remove_discount(self, access: Access, code: str) -> None:
        with self._change(access) as records:
            records.remove("code", code)

    @contextmanager
    def _read(self, access: Access) -> Iterator[Records]:
        self._let_it_answer(access)
        with reading(self._db) as session:
            yield Records(session, access.merchant_id, locking=False)

    @contextmanager
    def _change(self, access: Access) -> Iterator[Records]:
        self._let_it_answer(access)
        with transaction(self._db) as session:
            yield Records(session, access.merchant_id)

    def _let_it_answer(self, access: Access) -> None:
        """The shop answers if it does at all, and as late as it does.

        It waits before it reads: what was bought meanwhile is in the answer.
        """
        with reading(self._db) as session:
            records = Records(session, access.merchant_id, locking=False)
            down, late = records.is_on("is_down"), records.is_on("answers_late")
        if down:
            raise Retryable("the sandbox shop is down")
        if late:
            self._wait(LATE_SECONDS)


def _is_anyones(order: OrderBody, buyers: Sequence[Buyer]) -> bool:
    return any(order.placed_at >= buyer.since and _is_of(order, buyer) for buyer in buyers)


def _is_of(order: OrderBody, buyer: Buyer) -> bool:
    pairs = (
        ((order.contact.email or "").lower(), (buyer.email or "").lower()),
        (order.contact.customer_ref, buyer.customer_ref),
        (order.cart_ref, buyer.cart_ref),
        (order.cart_token, buyer.cart_token),
    )
    return any(ours == theirs for ours, theirs in pairs if theirs)


def _stock(records: Records) -> dict[str, Stock]:
    products = records.all("product", ProductBody)
    return {v.ref: reader.stock(v.stock) for p in products for v in p.variants if p.published}


def _answer(records: Records, wanted: LookUp) -> Sequence[Event] | None:
    """The events of one subject; None where there is no such thing."""
    if wanted.kind == "cart":
        cart = records.find("cart", wanted.ref, CartBody)
        return None if cart is None else [CartUpdated(reader.cart(cart))]
    if wanted.kind == "order":
        order = records.find("order", wanted.ref, OrderBody)
        return None if order is None else [OrderUpdated(reader.order(order))]
    if wanted.kind == "customer":
        customer = records.find("customer", wanted.ref, CustomerBody)
        return None if customer is None else [reader.consent(given(customer))]
    return _products(records, wanted)


def _products(records: Records, wanted: LookUp) -> Sequence[Event] | None:
    if wanted.kind == "installation":
        return []
    found = [
        ProductUpdated(reader.product(product))
        for product in records.all("product", ProductBody)
        if wanted.kind == "catalogue" or wanted.ref in (product.ref, *(v.ref for v in product.variants))
    ]
    return found or None
