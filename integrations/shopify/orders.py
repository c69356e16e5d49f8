"""Shopify's orders, read into our own words."""

from collections.abc import Callable
from datetime import datetime

from core.events import Event, LookUp, Order, OrderEvent
from core.money import Money
from integrations.payload import Payload
from integrations.shopify.lines import lines
from integrations.shopify.people import buyer, opt_ins

PAID = ("paid", "partially_refunded", "refunded")


def reader(event: type[OrderEvent]) -> Callable[[Payload], list[Event | LookUp]]:
    """The reader of a topic that carries a whole order."""

    def read(payload: Payload) -> list[Event | LookUp]:
        told = order(payload)
        return [event(told), *opt_ins(payload, told.contact, told.placed_at, "shopify_order")]

    return read


def order(payload: Payload) -> Order:
    currency = payload.currency("currency")
    placed_at = payload.time_or_none("processed_at") or payload.time("created_at")
    return Order(
        ref=payload.ref("id"),
        name=payload.text("name"),
        placed_at=placed_at,
        updated_at=payload.time("updated_at"),
        contact=buyer(payload),
        total=payload.money("total_price", currency),
        net=_net(payload, currency),
        bought=_bought(payload),
        lines=lines(payload, currency),
        cart_ref=payload.ref_or_none("checkout_token"),
        cart_token=payload.ref_or_none("cart_token"),
        paid_at=_paid_at(payload, placed_at),
        cancelled_at=payload.time_or_none("cancelled_at"),
        refunded=_refunded(payload, currency),
        discount_codes=_codes(payload),
        test=payload.flag("test"),
    )


def _bought(payload: Payload) -> bool:
    cancelled = payload.time_or_none("cancelled_at") is not None
    voided = payload.text_or_none("financial_status") == "voided"
    return not (cancelled or voided or payload.flag("test"))


def _paid_at(payload: Payload, placed_at: datetime) -> datetime | None:
    """Shopify tells that an order is paid but not when: the time of placing
    stands for it, so that early and late news of one order agree."""
    return placed_at if payload.text_or_none("financial_status") in PAID else None


def _net(payload: Payload, currency: str) -> Money:
    """The subtotal leaves shipping out; the tax on the lines is inside it
    where the shop shows prices with tax."""
    subtotal = payload.money("subtotal_price", currency)
    if not payload.flag("taxes_included"):
        return subtotal
    taxes = (tax for line in payload.parts("line_items") for tax in line.parts("tax_lines"))
    return Money(subtotal.minor - sum(tax.money("price", currency).minor for tax in taxes), currency)


def _refunded(payload: Payload, currency: str) -> Money | None:
    made = (one for refund in payload.parts("refunds") for one in refund.parts("transactions"))
    given_back = [
        one.money("amount", currency).minor
        for one in made
        if (one.text_or_none("kind"), one.text_or_none("status")) == ("refund", "success")
    ]
    return Money(sum(given_back), currency) if given_back else None


def _codes(payload: Payload) -> tuple[str, ...]:
    codes = (one.text_or_none("code") for one in payload.parts("discount_codes"))
    return tuple(code for code in codes if code)


def deleted(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("order", payload.ref("id"))]


def edited(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("order", payload.part("order_edit").ref("order_id"))]


def refunded(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("order", payload.ref("order_id"))]
