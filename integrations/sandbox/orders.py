"""What happens from paying on: orders, parcels, and the cost of a discount."""

from typing import Any

from core.errors import Permanent
from integrations.sandbox import stock
from integrations.sandbox.act import Act, Refusal
from integrations.sandbox.bodies import CartBody, CodeBody, OrderBody, ParcelBody

SHIPPING = 490
FREE_SHIPPING_FROM = 6000
VAT_PERCENT = 19
FIRST_NUMBER = 1001


def pay(act: Act, cart_ref: str, code: str | None = None) -> None:
    """The cart becomes an order that is paid, and its code is used up."""
    cart = act.open_cart(cart_ref)
    if not cart.lines or not cart.contact.email:
        raise Permanent(Refusal.NOTHING_TO_PAY)
    stock.take(act, {line.variant_ref: line.quantity for line in cart.lines})
    order = _order(act, cart, _redeem(act, code, cart) if code else None)
    act.records.put("order", order.ref, order)
    done = cart.model_copy(update={"completed_at": act.now, "updated_at": max(act.now, cart.updated_at)})
    act.records.put("cart", cart.ref, done)
    act.tell("order.placed", order.model_copy(update={"paid_at": None}))
    act.tell("order.paid", order)
    act.tell("cart.updated", done)


def cancel(act: Act, order_ref: str) -> None:
    order = act.order(order_ref)
    if order.cancelled_at or order.shipped_at:
        raise Permanent(Refusal.ORDER_TOO_FAR)
    stock.put_back(act, {line.variant_ref: line.quantity for line in order.lines})
    act.tell("order.cancelled", _keep(act, order, cancelled_at=act.now))


def ship(act: Act, order_ref: str) -> None:
    order = act.order(order_ref)
    if order.cancelled_at or order.shipped_at:
        raise Permanent(Refusal.ORDER_TOO_FAR)
    _keep(act, order, shipped_at=act.now)
    act.tell("order.shipped", ParcelBody(order_ref=order.ref, at=act.now))


def deliver(act: Act, order_ref: str) -> None:
    order = act.order(order_ref)
    if not order.shipped_at or order.delivered_at:
        raise Permanent(Refusal.ORDER_TOO_FAR)
    _keep(act, order, delivered_at=act.now)
    act.tell("order.delivered", ParcelBody(order_ref=order.ref, at=act.now))


def _order(act: Act, cart: CartBody, code: CodeBody | None) -> OrderBody:
    number = FIRST_NUMBER + len(act.records.all("order", OrderBody))
    goods = cart.total - _reduction(code, cart.total)
    free = goods >= FREE_SHIPPING_FROM or (code is not None and code.kind == "free_shipping")
    shipping = 0 if free else SHIPPING
    return OrderBody(
        ref=f"order-{number}",
        name=f"#{number}",
        placed_at=act.now,
        updated_at=act.now,
        contact=cart.contact,
        currency=cart.currency,
        total=goods + shipping,
        net=round(goods * 100 / (100 + VAT_PERCENT)),
        shipping=shipping,
        lines=cart.lines,
        cart_ref=cart.ref,
        cart_token=cart.token,
        paid_at=act.now,
        discount_codes=(code.code,) if code else (),
    )


def _redeem(act: Act, text: str, cart: CartBody) -> CodeBody:
    code = act.records.find("code", text.strip(), CodeBody)
    if code is None or code.used_at or code.ends_at < act.now:
        raise Permanent(Refusal.CODE_INVALID)
    email = (cart.contact.email or "").lower()
    if cart.total < code.minimum or (code.email and code.email.lower() != email):
        raise Permanent(Refusal.CODE_UNFIT)
    act.records.put("code", code.code, code.model_copy(update={"used_at": act.now}))
    return code


def _reduction(code: CodeBody | None, total: int) -> int:
    if code is None or code.kind == "free_shipping":
        return 0
    return min(total, total * code.value // 100 if code.kind == "percent" else code.value)


def _keep(act: Act, order: OrderBody, **changes: Any) -> OrderBody:
    changed = order.model_copy(update={"updated_at": max(act.now, order.updated_at), **changes})
    act.records.put("order", order.ref, changed)
    return changed
