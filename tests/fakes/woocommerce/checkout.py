"""The block checkout: a draft when the page opens, the same number when it is bought."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from tests.fakes.woocommerce.other_bodies import coupon_body
from tests.fakes.woocommerce.records import Coupon, Line, Order, Product, UsedCode
from tests.fakes.woocommerce.stock import Outcome, Shelf, alone

Lines = Sequence[tuple[int | str, int]]
TITLES = {"bacs": "Direct bank transfer", "cod": "Cash on delivery", "card": "Credit card"}
NOBODY = {"country": "GB"}


class CouponRefused(Exception):
    """The checkout says no; the text is the reason."""


class Checkout(Shelf):
    """What a shopper does. Orders are named by their number."""

    def leave_draft(self, email: str, lines: Lines, **address: str) -> int:
        """She opens the checkout, gives her address and goes away."""
        order_id = self.open_checkout(lines)
        self.fill_checkout(order_id, email, **address)
        return order_id

    @alone
    def open_checkout(self, lines: Lines, customer_id: int = 0) -> int:
        """The page opens: an order of status checkout-draft with no address yet."""
        order = self.new_order("checkout-draft", lines, "store-api")
        order.billing, order.shipping = dict(NOBODY), dict(NOBODY)
        order.payment_method, order.customer_id = "bacs", customer_id
        self.hooks.fire("order.updated", order.id)
        return order.id

    @alone
    def fill_checkout(self, order_id: int, email: str, **address: str) -> None:
        order = self.memory.orders[order_id]
        order.billing = {**self.address(**address), "email": email}
        order.shipping = {name: value for name, value in order.billing.items() if name != "email"}
        self.order_saved(order)

    @alone
    def change_cart(self, order_id: int, lines: Lines) -> None:
        order = self.memory.orders[order_id]
        order.lines = self._lines(lines)
        self.order_saved(order)

    @alone
    def place(
        self, order_id: int, method: str = "bacs", outcome: Outcome | None = None, coupon: str = ""
    ) -> int:
        """The draft is bought under its number. By transfer it waits for money
        ("on-hold"), on delivery it is processed unpaid, by card it is paid;
        `outcome` "pending" or "failed" leaves it unpaid with its pay link."""
        order = self.memory.orders[order_id]
        if coupon:
            self._use(order, coupon)
        order.payment_method, order.payment_title = method, TITLES.get(method, method)
        order.status = outcome or ("on-hold" if method == "bacs" else "processing")
        if order.status == "processing" and method != "cod":
            order.paid = self.clock.now()
        self.order_saved(order)
        self.hooks.fire("order.created", order.id)
        if order.status not in ("pending", "failed"):
            self.take(order)
            self._count_sales(order)
            self.customer_bought(order)
        return order_id

    def order(self, email: str, lines: Lines, method: str = "card") -> int:
        """From the cart to the paid order in one go."""
        return self.place(self.leave_draft(email, lines), method)

    @alone
    def new_order(self, status: str, lines: Lines, created_via: str) -> Order:
        now, number = self.clock.now(), next(self.memory.post_ids)
        key = f"wc_order_{hashlib.sha256(str((number, now)).encode()).hexdigest()[:13]}"
        order = Order(number, status, key, now, now, {}, {}, self._lines(lines), created_via=created_via)
        self.memory.orders[number] = order
        return order

    def order_saved(self, order: Order) -> None:
        order.modified = self.clock.now()
        self.hooks.fire("order.updated", order.id)

    def address(self, **given: str) -> dict[str, str]:
        return {
            "first_name": "Ana",
            "last_name": "Núñez",
            "address_1": "Calle Mayor 1",
            "city": "Madrid",
            "state": "M",
            "postcode": "28001",
            "country": self.site.country,
            "phone": "+34 600 000 000",
            **given,
        }

    def _lines(self, lines: Lines) -> list[Line]:
        return [self._line(self.find(wanted), quantity) for wanted, quantity in lines]

    def _line(self, product: Product, quantity: int) -> Line:
        parent = self.memory.products.get(product.parent_id)
        return Line(
            next(self.memory.item_ids),
            parent.id if parent else product.id,
            product.id if parent else 0,
            product.name,
            quantity,
            Decimal(product.price or "0"),
            product.sku,
            parent.name if parent else None,
            product.image or (parent.image if parent else ""),
        )

    def _count_sales(self, order: Order) -> None:
        for line in order.lines:
            if line.product_id in self.memory.products:
                self.memory.products[line.product_id].total_sales += line.quantity

    def _use(self, order: Order, code: str) -> None:
        coupon = self.memory.coupon_by_code(code)
        if coupon is None:
            raise CouponRefused("does not exist")
        self._check(order, coupon)
        left = taken = self._worth(order, coupon)
        for line in order.lines:
            line.discount = min(left, line.subtotal)
            left -= line.discount
        shown = coupon_body(coupon, self.site, self.clock)
        order.codes.append(UsedCode(next(self.memory.item_ids), coupon.code, taken, shown))
        coupon.usage_count += 1
        coupon.used_by.append(order.billing.get("email", ""))

    def _check(self, order: Order, coupon: Coupon) -> None:
        given = coupon.fields
        if given["usage_limit"] and coupon.usage_count >= given["usage_limit"]:
            raise CouponRefused("usage limit reached")
        if coupon.expires and self.clock.now() > coupon.expires:
            raise CouponRefused("expired")
        if order.total < Decimal(given["minimum_amount"]):
            raise CouponRefused("minimum spend not met")
        wanted = given["email_restrictions"]
        if wanted and order.billing.get("email", "").lower() not in wanted:
            raise CouponRefused("not yours")

    def _worth(self, order: Order, coupon: Coupon) -> Decimal:
        amount = Decimal(coupon.fields["amount"])
        if coupon.fields["discount_type"] == "percent":
            amount = (order.total * amount / 100).quantize(Decimal("0.01"))
        return min(amount, order.total)

    def customer_bought(self, order: Order) -> None:
        user = self.memory.users.get(order.customer_id)
        if user is not None:
            user.modified = self.clock.now()
            self.hooks.fire("customer.updated", user.id)
