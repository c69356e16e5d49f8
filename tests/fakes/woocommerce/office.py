"""What happens behind the counter: payments, cancellations, refunds, the bin, the staff."""

from decimal import Decimal
from typing import Any

from tests.fakes.woocommerce.checkout import Checkout, Lines
from tests.fakes.woocommerce.records import Order, Refund, User
from tests.fakes.woocommerce.stock import alone

TAKES_STOCK = ("processing", "on-hold", "completed")
GIVES_BACK = ("cancelled", "pending")


class Office(Checkout):
    """The shop's own people, and those who buy with an account."""

    owner_id: int = 0

    def pay(self, order_id: int) -> None:
        self.set_status(order_id, "processing")

    def complete(self, order_id: int) -> None:
        self.set_status(order_id, "completed")

    def cancel(self, order_id: int) -> None:
        self.set_status(order_id, "cancelled")

    def fail(self, order_id: int) -> None:
        self.set_status(order_id, "failed")

    @alone
    def set_status(self, order_id: int, status: str) -> None:
        """Statuses of plugins are taken as they are."""
        order = self.memory.orders[order_id]
        changed, order.status = order.status != status, status
        now = self.clock.now()
        if status in ("processing", "completed") and order.paid is None:
            order.paid = now
        if status == "completed" and order.completed is None:
            order.completed = now
        self.order_saved(order)
        if not changed:
            return
        self.hooks.fire("action.woocommerce_order_status_changed", order.id)
        if status in TAKES_STOCK:
            self.take(order)
            self.customer_bought(order)
        if status in GIVES_BACK:
            self.give_back(order)
        if status == "refunded":
            self._refund(order, order.total - order.given_back, "Order fully refunded.")

    @alone
    def refund(self, order_id: int, amount: str, restock: bool = False) -> None:
        """In part; the status stays unless all is given back."""
        order = self.memory.orders[order_id]
        self._refund(order, Decimal(amount), "")
        if order.given_back >= order.total:
            order.status = "refunded"
        self.order_saved(order)
        if restock:
            self.put_back(order)

    def _refund(self, order: Order, amount: Decimal, reason: str) -> None:
        if amount > 0:
            order.refunds.append(Refund(next(self.memory.post_ids), amount, reason))

    @alone
    def trash_order(self, order_id: int) -> None:
        """The stock is not given back."""
        order = self.memory.orders[order_id]
        order.before_trash, order.status = order.status, "trash"
        order.modified = self.clock.now()
        self.hooks.fire("order.deleted", order.id)

    @alone
    def restore_order(self, order_id: int) -> None:
        order = self.memory.orders[order_id]
        order.status, order.before_trash = order.before_trash or "pending", None
        order.modified = self.clock.now()
        self.hooks.fire("order.restored", order.id)

    @alone
    def delete_order(self, order_id: int) -> None:
        """For good; nobody is told."""
        del self.memory.orders[order_id]

    @alone
    def order_by_rest(self, status: str, lines: Lines, **billing: str) -> int:
        """Made by a program: created and updated say the same."""
        order = self.new_order(status, lines, "rest-api")
        order.billing = billing
        self.hooks.fire("order.created", order.id)
        self.hooks.fire("order.updated", order.id)
        if status in TAKES_STOCK:
            order.paid = None if status == "on-hold" else self.clock.now()
            self.take(order)
        return order.id

    @alone
    def trash_coupon(self, code: str) -> None:
        coupon = self.memory.coupon_by_code(code)
        if coupon is None:
            raise LookupError(f"no coupon {code}")
        coupon.before_trash, coupon.status = coupon.status, "trash"
        self.post_trashed(coupon.id)

    @alone
    def trash_page(self) -> int:
        """Any page of the site: its number is no product's."""
        number = next(self.memory.post_ids)
        self.post_trashed(number)
        return number

    @alone
    def add_user(self, email: str, role: str = "customer", **more: Any) -> int:
        now, number = self.clock.now(), next(self.memory.user_ids)
        self.memory.users[number] = User(number, email, email.partition("@")[0], now, role, **more)
        self.hooks.fire("customer.created", number)
        return number

    @alone
    def delete_user(self, user_id: int) -> None:
        """Only a customer's going is told."""
        gone = self.memory.users.pop(user_id)
        if gone.role == "customer":
            self.hooks.fire("customer.deleted", user_id)

    def demote_owner(self) -> None:
        self.memory.users[self.owner_id].role = "subscriber"

    def delete_owner(self) -> None:
        del self.memory.users[self.owner_id]

    @alone
    def revoke_keys(self) -> None:
        self.memory.keys.clear()
