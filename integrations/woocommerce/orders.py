"""WooCommerce's orders, which are also its carts: the status tells which."""

from core.events import (
    Cart,
    CartUpdated,
    Event,
    LookUp,
    Order,
    OrderCancelled,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    OrderUpdated,
)
from core.money import Money
from integrations.payload import Payload
from integrations.woocommerce import meta
from integrations.woocommerce.dates import utc, utc_or_none
from integrations.woocommerce.lines import lines
from integrations.woocommerce.people import buyer

UNFINISHED = ("auto-draft", "new")  # A form open in the shop's own office: neither cart nor order.
UNPAID = ("pending", "failed")
BOUGHT = ("on-hold", "processing", "completed")
ENDED: dict[str, type[OrderEvent]] = {
    "cancelled": OrderCancelled,
    "trash": OrderCancelled,
    "refunded": OrderRefunded,
}


def changed(payload: Payload) -> list[Event | LookUp]:
    status = payload.text("status")
    if status in UNFINISHED:
        return []
    if status == "checkout-draft" or status in UNPAID:
        return [CartUpdated(_cart(payload, status))]
    return _order_events(payload, status)


def _cart(payload: Payload, status: str) -> Cart:
    currency = payload.currency("currency")
    updated_at = utc(payload, "date_modified_gmt", "date_created_gmt")
    return Cart(
        ref=payload.ref("id"),
        started_at=utc(payload, "date_created_gmt", "date_modified_gmt"),
        activity_at=updated_at,
        updated_at=updated_at,
        contact=buyer(payload),
        total=payload.money("total", currency),
        lines=lines(payload, currency),
        kind="unpaid" if status in UNPAID else "draft",
        url=payload.link_or_none("payment_url") if status in UNPAID else None,
    )


def _order_events(payload: Payload, status: str) -> list[Event | LookUp]:
    order, shipped_at = _order(payload, status), meta.shipped_at(payload)
    shipped = [OrderShipped(order.ref, shipped_at)] if shipped_at else []
    if status in ENDED:
        return [ENDED[status](order), *shipped]
    event = OrderPlaced if payload.topic == "order.created" else OrderUpdated
    paid = [OrderPaid(order)] if order.paid_at else []
    return [event(order), *paid, *shipped]


def _order(payload: Payload, status: str) -> Order:
    currency = payload.currency("currency")
    ref = payload.ref("id")
    updated_at = utc(payload, "date_modified_gmt", "date_created_gmt")
    return Order(
        ref=ref,
        name=payload.ref_or_none("number") or ref,
        placed_at=utc(payload, "date_created_gmt", "date_modified_gmt"),
        updated_at=updated_at,
        contact=buyer(payload),
        total=payload.money("total", currency),
        net=_net(payload, currency),
        bought=_bought(payload, status),
        lines=lines(payload, currency),
        cart_ref=ref,  # A draft or unpaid order keeps its id when it is bought.
        cart_token=meta.cart_token(payload),
        paid_at=utc_or_none(payload, "date_paid_gmt"),
        cancelled_at=updated_at if ENDED.get(status) is OrderCancelled else None,
        refunded=_refunded(payload, currency),
        discount_codes=_codes(payload),
    )


def _bought(payload: Payload, status: str) -> bool:
    """Plugins add statuses; one we don't know counts unless it waits for money."""
    if status in BOUGHT or status in ENDED:
        return status in BOUGHT
    paid = utc_or_none(payload, "date_paid_gmt") is not None
    return paid or not payload.flag("needs_payment")


def _net(payload: Payload, currency: str) -> Money:
    total = payload.money("total", currency).minor
    tax = payload.money("total_tax", currency).minor
    shipping = payload.money("shipping_total", currency).minor
    return Money(total - tax - shipping, currency)


def _refunded(payload: Payload, currency: str) -> Money | None:
    """Refunds are written as negative amounts."""
    given_back = [-one.money("total", currency).minor for one in payload.parts("refunds")]
    return Money(sum(given_back), currency) if given_back else None


def _codes(payload: Payload) -> tuple[str, ...]:
    codes = (one.text_or_none("code") for one in payload.parts("coupon_lines"))
    return tuple(code for code in codes if code)
