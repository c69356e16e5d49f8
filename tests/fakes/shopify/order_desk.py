"""What becomes of an order: paid, shipped, refunded, cancelled, gone."""

from decimal import Decimal
from typing import Any

from tests.fakes.shopify import order_bodies
from tests.fakes.shopify.acting import Acting, apply
from tests.fakes.shopify.records import (
    Fulfillment,
    Order,
    Refund,
)
from tests.fakes.shopify.shelves import Price


class OrderDesk(Acting):
    def pay(self, order: Order, silent: bool = False) -> None:
        order.financial = "PAID"
        self._updated(order, silent, "orders/paid")

    def cancel(self, order: Order, reason: str = "CUSTOMER", silent: bool = False) -> None:
        order.cancelled_at, order.cancel_reason = self.memory.moment(), reason
        order.financial = "VOIDED" if order.financial == "PENDING" else "REFUNDED"
        self._updated(order, silent, "orders/cancelled")

    def refund(self, order: Order, amount: Price | None = None, silent: bool = False) -> None:
        made = Refund(**self.new(), amount=Decimal(amount) if amount is not None else order.total)
        order.refunds.append(made)
        order.financial = "REFUNDED" if order.refunded >= order.total else "PARTIALLY_REFUNDED"
        self.memory.changed(order)
        body = order_bodies.refund(self.memory, order, made)
        self.tell(
            silent, ("refunds/create", body), ("orders/updated", order_bodies.order(self.memory, order))
        )

    def ship(self, order: Order, silent: bool = False) -> Fulfillment:
        made = Fulfillment(**self.new())
        order.fulfillments.append(made)
        order.fulfillment = "FULFILLED"
        self.memory.changed(order)
        body = order_bodies.fulfillment(self.memory, order, made)
        self.tell(
            silent,
            ("fulfillments/create", body),
            ("orders/fulfilled", order_bodies.order(self.memory, order)),
        )
        return made

    def arrive(self, order: Order, silent: bool = False) -> None:
        """The carrier says delivered; not every carrier does."""
        made = order.fulfillments[-1]
        made.events.append((self.memory.number(), "DELIVERED", self.memory.moment()))
        self.tell(
            silent, ("fulfillment_events/create", order_bodies.fulfillment_event(self.memory, order, made))
        )

    def change_order(self, order: Order, silent: bool = False, **changes: Any) -> None:
        apply(order, changes)
        self._updated(order, silent)

    def _updated(self, order: Order, silent: bool, *topics: str) -> None:
        self.memory.changed(order)
        body = order_bodies.order(self.memory, order)
        self.tell(silent, *[(topic, body) for topic in (*topics, "orders/updated")])

    def delete_order(self, order: Order, silent: bool = False) -> None:
        del self.memory.orders[order.number]
        self.tell(silent, ("orders/delete", {"id": order.number}))
