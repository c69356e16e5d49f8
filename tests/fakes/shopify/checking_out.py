"""Shoppers fill carts, leave checkouts and buy."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.fakes.shopify import bodies, order_bodies, people_bodies
from tests.fakes.shopify.acting import apply
from tests.fakes.shopify.crowd import People
from tests.fakes.shopify.records import (
    Checkout,
    Customer,
    Line,
    Order,
    Variant,
)
from tests.fakes.shopify.shelves import Shelves

Wanted = Sequence[tuple[Variant, int]]
OF_THE_BUYER = ("phone", "first_name", "last_name", "country", "locale")


class CheckingOut(Shelves, People):
    def leave_checkout(
        self,
        email: str | None = "eve@example.test",
        lines: Wanted | None = None,
        accepts_marketing: bool = False,
        silent: bool = False,
        **more: Any,
    ) -> Checkout:
        """Goods in the cart, an address typed, and gone."""
        memory = self.memory
        known = memory.customer_of(email) if email else None
        token = more.pop("token", None) or memory.token()
        cart_token = more.pop("cart_token", None) or memory.token()
        made = Checkout(
            **self.new(),
            token=token,
            cart_token=cart_token,
            key=memory.token(),
            email=email,
            customer=more.pop("customer", known),
            lines=self._lines(lines),
            accepts_marketing=accepts_marketing,
            **more,
        )
        memory.checkouts[made.number] = made
        memory.changed(made)
        cart = bodies.cart(memory, made)
        self.tell(silent, ("carts/create", cart), ("checkouts/create", bodies.checkout(memory, made)))
        return made

    def _lines(self, wanted: Wanted | None) -> list[Line]:
        return [self._line(variant, quantity) for variant, quantity in wanted or [(self._any_variant(), 1)]]

    def _any_variant(self) -> Variant:
        first = next(iter(self.memory.products.values()), None) or self.add_product()
        return first.variants[0]

    def _line(self, variant: Variant, quantity: int) -> Line:
        return Line(
            number=self.memory.number(),
            quantity=quantity,
            price=variant.price,
            title=variant.product.title,
            variant_title=variant.title,
            sku=variant.sku,
            product=variant.product,
            variant=variant,
        )

    def change_checkout(
        self, checkout: Checkout, lines: Wanted | None = None, silent: bool = False, **changes: Any
    ) -> None:
        if lines is not None:
            checkout.lines = [self._line(variant, quantity) for variant, quantity in lines]
        apply(checkout, changes)
        self.memory.changed(checkout)
        news: list[tuple[str, dict[str, Any]]] = [
            ("checkouts/update", bodies.checkout(self.memory, checkout))
        ]
        if lines is not None:
            news.insert(0, ("carts/update", bodies.cart(self.memory, checkout)))
        self.tell(silent, *news)

    def place_order(
        self,
        checkout: Checkout | None = None,
        email: str | None = None,
        lines: Wanted | None = None,
        paid: bool = True,
        silent: bool = False,
        **more: Any,
    ) -> Order:
        """From a checkout, or elsewhere under the same address."""
        memory, before = self.memory, self._standing(email or (checkout.email if checkout else None))
        self._redeem(more.get("codes", ()))
        made = self._order(checkout, email, lines, paid, more)
        memory.orders[made.number] = made
        memory.changed(made)
        self._take_from_the_shelf(made)
        body = order_bodies.order(memory, made)
        news = [("orders/create", body), *([("orders/paid", body)] if paid else [])]
        if checkout is not None:
            memory.is_abandoned(checkout)
            checkout.completed_at, checkout.customer = memory.moment(), made.customer
            memory.changed(checkout)
            news.insert(0, ("checkouts/update", bodies.checkout(memory, checkout)))
        self.tell(silent, *news, *self._news_of(made.customer, before))
        return made

    def _standing(self, email: str | None) -> tuple[bool, str | None]:
        """Whether this is a customer already, and what she allowed so far."""
        known = self.memory.customer_of(email) if email else None
        return known is not None, known.email_state if known else None

    def _news_of(
        self, customer: Customer | None, before: tuple[bool, str | None]
    ) -> list[tuple[str, dict[str, Any]]]:
        if customer is None:
            return []
        known, state = before
        news = [] if known else [("customers/create", people_bodies.customer(self.memory, customer))]
        if customer.email_state != (state or "NOT_SUBSCRIBED"):
            body = people_bodies.email_consent(self.memory, customer)
            news.append(("customers_email_marketing_consent/update", body))
        return news

    def _order(
        self,
        checkout: Checkout | None,
        email: str | None,
        lines: Wanted | None,
        paid: bool,
        more: dict[str, Any],
    ) -> Order:
        memory, new = self.memory, self.new()
        address = email or (checkout.email if checkout else None)
        new["created_at"] = more.pop("created_at", new["created_at"])
        accepts = more.pop("accepts_marketing", bool(checkout and checkout.accepts_marketing))
        customer = more.pop("customer", None) or self._buyer(address, accepts)
        bought = self._lines(lines) if lines or checkout is None else list(checkout.lines)
        for name in OF_THE_BUYER if checkout else ():
            more.setdefault(name, getattr(checkout, name))
        more.setdefault("discount", self._saved(bought, more.get("codes", ())))
        return Order(
            **new,
            name=memory.order_name(),
            key=memory.token(),
            processed_at=more.pop("processed_at", new["created_at"]),
            email=address,
            customer=customer,
            lines=bought,
            checkout_token=more.pop("checkout_token", checkout.token if checkout else memory.token()),
            cart_token=more.pop("cart_token", checkout.cart_token if checkout else None),
            financial="PAID" if paid else "PENDING",
            accepts_marketing=accepts,
            **more,
        )

    def _buyer(self, email: str | None, accepts: bool) -> Customer | None:
        """Whoever buys becomes a customer; a ticked box subscribes."""
        if email is None:
            return None
        known = self.memory.customer_of(email) or self.add_customer(email)
        if accepts and known.email_state != "SUBSCRIBED":
            self._subscribe(known)
            self.memory.changed(known)
        return known

    def _saved(self, lines: Sequence[Line], codes: Sequence[str]) -> Decimal:
        """What the codes take off the goods."""
        goods, saved = sum((line.total for line in lines), Decimal(0)), Decimal(0)
        for code in codes:
            found = self.memory.find_code(code)
            assert found is not None
            share, amount = found[0].percentage or 0, found[0].amount or Decimal(0)
            saved += (goods * Decimal(str(share))).quantize(Decimal("0.01")) + amount
        return min(saved, goods)

    def _redeem(self, codes: Sequence[str]) -> None:
        for code in codes:
            found = self.memory.find_code(code)
            assert found is not None, f"no code {code} in this shop"
            discount, redeemed = found
            assert discount.ends_at is None or discount.ends_at > self.memory.now(), f"{code} has ended"
            assert discount.usage_limit is None or redeemed.uses < discount.usage_limit, f"{code} was used"
            redeemed.uses += 1
            self.memory.changed(discount)

    def _take_from_the_shelf(self, order: Order) -> None:
        for line in order.lines:
            place = next(iter(line.variant.levels), None)
            if place is not None and line.variant.tracked:
                line.variant.levels[place] -= line.quantity
                line.variant.levels_changed[place] = self.memory.moment()
                self.memory.changed(line.variant)
