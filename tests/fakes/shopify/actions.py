"""What shoppers and the merchant do in a shop: the memory changes, and the right webhooks follow."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.fakes.shopify import bodies
from tests.fakes.shopify.cost import Bucket
from tests.fakes.shopify.hooks import Delivery, Hooks
from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.records import (
    Checkout,
    Customer,
    Fulfillment,
    Line,
    Location,
    Order,
    Product,
    Refund,
    Variant,
)
from tests.fakes.shopify.tokens import Installation

Wanted = Sequence[tuple[Variant, int]]
Price = str | int | Decimal


@dataclass
class Shop:
    """One shop at this Shopify. Every action takes `silent=True`: it then
    exists in the shop alone, as if its webhooks had been lost."""

    memory: Memory
    installation: Installation
    hooks: Hooks
    bucket: Bucket

    @property
    def domain(self) -> str:
        return self.memory.profile.domain

    @property
    def codes(self) -> list[str]:
        """Every code ever made here, in order, deleted ones too."""
        return [one.code for one in self.memory.codes_made]

    def send(self, topic: str, body: dict[str, Any], event_id: str | None = None) -> Delivery | None:
        """An uninstalled app hears nothing but of the uninstall itself and the compliance topics."""
        return self.hooks.deliver(self.domain, topic, bodies.withheld(self.memory, body), event_id)

    def _tell(self, silent: bool, *news: tuple[str, dict[str, Any]]) -> None:
        """All deliveries of one action carry one event id."""
        if silent or not self.installation.installed:
            return
        event_id = str(uuid.uuid4())
        for topic, body in news:
            self.send(topic, body, event_id)

    # The merchant's shelves.

    def add_location(self, name: str = "Warehouse", active: bool = True) -> Location:
        made = Location(**self._new(), name=name, active=active)
        self.memory.locations[made.number] = made
        self.memory.changed(made)
        return made

    def add_product(
        self,
        title: str = "Mug",
        price: Price = "20.00",
        stock: int = 5,
        variants: Sequence[str] = ("Default Title",),
        **more: Any,
    ) -> Product:
        silent = more.pop("silent", True)
        handle = title.lower().replace(" ", "-")
        made = Product(**self._new(), title=title, handle=handle, **more)
        made.published_at = made.published_at or made.created_at
        made.image_url = made.image_url or f"https://{self.domain}/cdn/{handle}.jpg"
        self.memory.products[made.number] = made
        for name in variants:
            self._add_variant(made, name, Decimal(price), stock)
        self.memory.changed(made)
        self._tell(silent, ("products/create", bodies.product(self.memory, made)))
        return made

    def _add_variant(self, product: Product, title: str, price: Decimal, stock: int) -> None:
        location = next(iter(self.memory.locations), None) or self.add_location().number
        position = len(product.variants) + 1
        made = Variant(
            **self._new(),
            product=product,
            title=title,
            price=price,
            item=self.memory.number(),
            sku=f"{product.handle}-{position}",
            levels={location: stock},
            position=position,
        )
        product.variants.append(made)
        self.memory.changed(made)

    def change_product(self, product: Product, silent: bool = False, **changes: Any) -> None:
        _apply(product, changes)
        self.memory.changed(product)
        self._tell(silent, ("products/update", bodies.product(self.memory, product)))

    def change_price(self, variant: Variant, price: Price, silent: bool = False) -> None:
        variant.price = Decimal(price)
        self.memory.changed(variant)
        self.change_product(variant.product, silent)

    def delete_product(self, product: Product, silent: bool = False) -> None:
        del self.memory.products[product.number]
        self._tell(silent, ("products/delete", {"id": product.number}))

    def set_stock(
        self, variant: Variant, available: int, location: Location | None = None, silent: bool = False
    ) -> None:
        """The level's webhook names neither the variant nor the sum."""
        memory, before = self.memory, variant.available
        place = location.number if location else next(iter(variant.levels))
        variant.levels[place] = available
        variant.levels_changed[place] = memory.moment()
        memory.changed(variant)
        memory.changed(variant.product)
        news = [("inventory_levels/update", bodies.level(memory, variant, place))]
        if (before > 0) != (variant.available > 0):
            topic = "variants/in_stock" if variant.available > 0 else "variants/out_of_stock"
            news.append((topic, bodies.variant(memory, variant, before)))
        self._tell(silent, *news, ("products/update", bodies.product(memory, variant.product)))

    def sell_out(self, variant: Variant, silent: bool = False) -> None:
        for place in list(variant.levels):
            self.set_stock(variant, 0, self.memory.locations[place], silent)

    def restock(self, variant: Variant, available: int = 10, silent: bool = False) -> None:
        self.set_stock(variant, available, None, silent)

    # People.

    def add_customer(self, email: str | None, subscribed: bool = False, **more: Any) -> Customer:
        silent = more.pop("silent", True)
        made = Customer(**self._new(), email=email, **more)
        if subscribed:
            self._subscribe(made)
        self.memory.customers[made.number] = made
        self.memory.changed(made)
        self._tell(silent, ("customers/create", bodies.customer(self.memory, made)))
        return made

    def _subscribe(self, customer: Customer) -> None:
        customer.email_state, customer.email_level = "SUBSCRIBED", "SINGLE_OPT_IN"
        customer.email_changed_at = self.memory.moment()

    def set_consent(self, customer: Customer, state: str, silent: bool = False) -> None:
        customer.email_state, customer.email_changed_at = state, self.memory.moment()
        self.memory.changed(customer)
        self._tell(
            silent, ("customers_email_marketing_consent/update", bodies.email_consent(self.memory, customer))
        )

    def delete_customer(self, customer: Customer, silent: bool = False) -> None:
        del self.memory.customers[customer.number]
        for one in (*self.memory.orders.values(), *self.memory.checkouts.values()):
            if one.customer is customer:
                one.customer = None
        self._tell(silent, ("customers/delete", {"id": customer.number}))

    # Buying.

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
            **self._new(),
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
        self._tell(silent, ("carts/create", cart), ("checkouts/create", bodies.checkout(memory, made)))
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
        _apply(checkout, changes)
        self.memory.changed(checkout)
        news: list[tuple[str, dict[str, Any]]] = [
            ("checkouts/update", bodies.checkout(self.memory, checkout))
        ]
        if lines is not None:
            news.insert(0, ("carts/update", bodies.cart(self.memory, checkout)))
        self._tell(silent, *news)

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
        memory = self.memory
        made = self._order(checkout, email, lines, paid, more)
        memory.orders[made.number] = made
        self._redeem(made.codes)
        memory.changed(made)
        self._take_from_the_shelf(made)
        body = bodies.order(memory, made)
        news = [("orders/create", body), *([("orders/paid", body)] if paid else [])]
        if checkout is not None:
            memory.is_abandoned(checkout)
            checkout.completed_at, checkout.customer = memory.moment(), made.customer
            memory.changed(checkout)
            news.insert(0, ("checkouts/update", bodies.checkout(memory, checkout)))
        self._tell(silent, *news)
        return made

    def _order(
        self,
        checkout: Checkout | None,
        email: str | None,
        lines: Wanted | None,
        paid: bool,
        more: dict[str, Any],
    ) -> Order:
        memory, new = self.memory, self._new()
        address = email or (checkout.email if checkout else None)
        new["created_at"] = more.pop("created_at", new["created_at"])
        accepts = more.pop("accepts_marketing", bool(checkout and checkout.accepts_marketing))
        customer = more.pop("customer", None) or self._buyer(address, accepts)
        return Order(
            **new,
            name=memory.order_name(),
            key=memory.token(),
            processed_at=more.pop("processed_at", new["created_at"]),
            email=address,
            phone=more.pop("phone", checkout.phone if checkout else None),
            customer=customer,
            lines=self._lines(lines) if lines or checkout is None else list(checkout.lines),
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

    def pay(self, order: Order, silent: bool = False) -> None:
        order.financial = "PAID"
        self._updated(order, silent, "orders/paid")

    def cancel(self, order: Order, reason: str = "CUSTOMER", silent: bool = False) -> None:
        order.cancelled_at, order.cancel_reason = self.memory.moment(), reason
        order.financial = "VOIDED" if order.financial == "PENDING" else "REFUNDED"
        self._updated(order, silent, "orders/cancelled")

    def refund(self, order: Order, amount: Price | None = None, silent: bool = False) -> None:
        made = Refund(**self._new(), amount=Decimal(amount) if amount is not None else order.total)
        order.refunds.append(made)
        order.financial = "REFUNDED" if order.refunded >= order.total else "PARTIALLY_REFUNDED"
        self.memory.changed(order)
        body = bodies.refund(self.memory, order, made)
        self._tell(silent, ("refunds/create", body), ("orders/updated", bodies.order(self.memory, order)))

    def ship(self, order: Order, silent: bool = False) -> Fulfillment:
        made = Fulfillment(**self._new())
        order.fulfillments.append(made)
        order.fulfillment = "FULFILLED"
        self.memory.changed(order)
        body = bodies.fulfillment(self.memory, order, made)
        self._tell(
            silent, ("fulfillments/create", body), ("orders/fulfilled", bodies.order(self.memory, order))
        )
        return made

    def arrive(self, order: Order, silent: bool = False) -> None:
        """The carrier says delivered; not every carrier does."""
        made = order.fulfillments[-1]
        made.events.append((self.memory.number(), "DELIVERED", self.memory.moment()))
        self._tell(silent, ("fulfillment_events/create", bodies.fulfillment_event(self.memory, order, made)))

    def change_order(self, order: Order, silent: bool = False, **changes: Any) -> None:
        _apply(order, changes)
        self._updated(order, silent)

    def _updated(self, order: Order, silent: bool, *topics: str) -> None:
        self.memory.changed(order)
        body = bodies.order(self.memory, order)
        self._tell(silent, *[(topic, body) for topic in (*topics, "orders/updated")])

    def delete_order(self, order: Order, silent: bool = False) -> None:
        del self.memory.orders[order.number]
        self._tell(silent, ("orders/delete", {"id": order.number}))

    # Coming and going.

    def uninstall(self, silent: bool = False) -> None:
        """The tokens are dead at once; the news of it follows."""
        self._tell_of(silent, "app/uninstalled", bodies.itself(self.memory), self.installation.uninstall)

    def _tell_of(self, silent: bool, topic: str, body: dict[str, Any], act: Callable[[], None]) -> None:
        act()
        if not silent:
            self.send(topic, body)

    def install(self, scopes: Sequence[str] | None = None) -> None:
        """Also again: the app then has no token until it exchanges an ID token."""
        self.installation.installed = True
        if scopes is not None:
            self.installation.scopes = frozenset(scopes)

    def change_scopes(self, *scopes: str, silent: bool = False) -> None:
        previous, self.installation.scopes = sorted(self.installation.scopes), frozenset(scopes)
        body = bodies.scopes_change(self.memory, previous, sorted(scopes))
        self._tell(silent, ("app/scopes_update", body))

    def change_profile(self, silent: bool = False, **changes: Any) -> None:
        _apply(self.memory.profile, changes)
        self._tell(silent, ("shop/update", bodies.itself(self.memory, "shop_update")))

    def redact_shop(self) -> None:
        self.send("shop/redact", bodies.compliance(self.memory, "shop_redact", None, ()))

    def redact_customer(self, customer: Customer) -> None:
        body = bodies.compliance(self.memory, "customers_redact", customer, self._orders_of(customer))
        self.hooks.deliver(self.domain, "customers/redact", body)

    def request_data(self, customer: Customer) -> None:
        body = bodies.compliance(self.memory, "customers_data_request", customer, self._orders_of(customer))
        self.hooks.deliver(self.domain, "customers/data_request", body)

    def _orders_of(self, customer: Customer) -> list[Order]:
        return [one for one in self.memory.orders.values() if one.customer is customer]

    # What a test sets.

    def search_lags(self, seconds: float) -> None:
        self.memory.search_lag = timedelta(seconds=seconds)

    def withhold(self, *kinds: str) -> None:
        """Protected customer data this app was not approved for: customer, name, email, phone, address."""
        self.memory.withheld = set(kinds)

    def _new(self) -> dict[str, Any]:
        now: datetime = self.memory.moment()
        return {"number": self.memory.number(), "created_at": now, "updated_at": now}


def _apply(thing: object, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        assert hasattr(thing, name), f"{type(thing).__name__} has no {name}"
        setattr(thing, name, value)
