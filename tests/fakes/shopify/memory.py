"""One shop's memory, and what its search index knows of it, late if told so."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.fakes.shopify.records import (
    BulkCreation,
    Checkout,
    CodeMade,
    Customer,
    Discount,
    Job,
    Location,
    Order,
    Product,
    Record,
    RedeemCode,
    Subscription,
    Terms,
    Variant,
)

QUEUE_TAKES = timedelta(seconds=10)
TAKEN = "Code must be unique. Please try a different code."
GONE = "Code discount does not exist."
FIRST_NUMBER = 2**53 + 1_000_001  # Real numbers have outgrown what a double holds.


@dataclass
class Profile:
    """What the shop says of itself."""

    domain: str
    number: int
    name: str = "Beans & Mugs"
    email: str = "owner@example.test"
    currency: str = "EUR"
    timezone: str = "Europe/Berlin"
    country: str = "DE"
    locale: str = "de"
    plan: str = "Basic"
    taxes_included: bool = True


@dataclass
class Memory:
    """`search_lag` is how late the search sees a change; `abandoned_after` how
    long a checkout is idle before the list of abandoned ones has it; `withheld`
    which protected customer data this app was not approved for; `queue_calls`
    after how many further calls queued work is done."""

    profile: Profile
    now: Callable[[], datetime]
    search_lag: timedelta = timedelta(0)
    abandoned_after: timedelta = timedelta(0)
    queue_calls: int = 2
    withheld: set[str] = field(default_factory=set)
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    checkouts: dict[int, Checkout] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    discounts: dict[int, Discount] = field(default_factory=dict)
    bulk: dict[int, BulkCreation] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    pixel: tuple[int, Any] | None = None
    codes_made: list[CodeMade] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_NUMBER))
    _order_numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    def number(self) -> int:
        return next(self._numbers)

    def order_name(self) -> str:
        return f"#{next(self._order_numbers)}"

    def moment(self) -> datetime:
        """Shopify keeps whole seconds: what changed within one looks alike."""
        return self.now().astimezone(UTC).replace(microsecond=0)

    def token(self) -> str:
        return secrets.token_hex(16)

    def changed(self, record: Record) -> None:
        """The record is newer now, and the search will know."""
        record.updated_at = self.moment()
        record.index.append((self.now() + self.search_lag, TERMS[type(record)](record)))

    def variants(self) -> Iterable[Variant]:
        return (variant for product in list(self.products.values()) for variant in product.variants)

    def variant(self, number: int) -> Variant | None:
        return next((one for one in self.variants() if one.number == number), None)

    def by_item(self, item: int) -> Variant | None:
        return next((one for one in self.variants() if one.item == item), None)

    def checkout(self, token: str) -> Checkout:
        return next(one for one in list(self.checkouts.values()) if one.token == token)

    def is_abandoned(self, checkout: Checkout) -> bool:
        """Once in the list of abandoned ones a checkout stays there, as recovered when it is bought."""
        idle = self.now() - checkout.updated_at >= self.abandoned_after
        if idle and checkout.completed_at is None and (checkout.email or checkout.phone):
            checkout.abandoned_at = checkout.abandoned_at or self.now()
        return checkout.abandoned_at is not None

    def available(self, variant: Variant) -> int:
        """What closed places hold is not for sale."""
        return sum(units for place, units in variant.levels.items() if self.locations[place].active)

    def customer_of(self, email: str | None) -> Customer | None:
        wanted = (email or "").lower()
        return next(
            (one for one in list(self.customers.values()) if (one.email or "").lower() == wanted), None
        )

    def find_code(self, code: str) -> tuple[Discount, RedeemCode] | None:
        """Codes are told apart without regard to case, shop-wide."""
        for discount in list(self.discounts.values()):
            for one in discount.codes:
                if one.code.lower() == code.lower():
                    return discount, one
        return None

    def add_code(self, discount: Discount, code: str) -> RedeemCode:
        made = RedeemCode(number=self.number(), code=code)
        discount.codes.append(made)
        self.codes_made.append(CodeMade(code=code, discount=discount.number, at=self.moment()))
        self.changed(discount)
        return made

    def tick(self) -> None:
        """A call came: what is queued comes nearer, whether anybody looks at it or not."""
        queued: list[BulkCreation | Job] = [*self.bulk.values(), *self.jobs.values()]
        for one in queued:
            if one.done:
                continue
            if one.calls_left > 0 and self.now() - one.created_at < QUEUE_TAKES:
                one.calls_left -= 1
                continue
            one.done = True
            if isinstance(one, BulkCreation):
                self._make_codes(one)
            else:
                one.work()

    def _make_codes(self, creation: BulkCreation) -> None:
        alive = creation.discount.number in self.discounts
        for code in creation.wanted:
            refused = TAKEN if self.find_code(code) else None if alive else GONE
            made = None if refused else self.add_code(creation.discount, code)
            creation.results.append((code, made, refused))


def _order(order: Record) -> Terms:
    assert isinstance(order, Order)
    status = "cancelled" if order.cancelled_at else "closed" if order.closed_at else "open"
    return {
        "id": order.number,
        "name": [order.name, order.name.lstrip("#")],
        "email": order.email,
        "customer_id": order.customer.number if order.customer else None,
        "checkout_token": order.checkout_token,
        "cart_token": order.cart_token,
        "created_at": order.created_at,
        "processed_at": order.processed_at,
        "updated_at": order.updated_at,
        "financial_status": order.financial.lower(),
        "fulfillment_status": order.fulfillment.lower(),
        "status": [status] if status == "closed" else [status, "not_closed"],
        "test": order.test,
        "tag": list(order.tags),
        "discount_code": order.codes[0] if order.codes else None,
        "default": f"{order.name} {order.email}",
    }


def _checkout(checkout: Record) -> Terms:
    assert isinstance(checkout, Checkout)
    return {
        "id": checkout.number,
        "created_at": checkout.created_at,
        "updated_at": checkout.updated_at,
        "status": "closed" if checkout.completed_at or checkout.closed_at else "open",
        "recovery_state": "recovered" if checkout.completed_at else "not_recovered",
        "email_state": "not_sent",
        "default": checkout.email or "",
    }


def _customer(customer: Record) -> Terms:
    assert isinstance(customer, Customer)
    return {
        "id": customer.number,
        "email": customer.email,
        "phone": customer.phone,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "customer_date": customer.created_at,
        "updated_at": customer.updated_at,
        "tag": list(customer.tags),
        "default": f"{customer.email} {customer.first_name} {customer.last_name}",
    }


def _product(product: Record) -> Terms:
    assert isinstance(product, Product)
    return {
        "id": product.number,
        "title": product.title,
        "handle": product.handle,
        "status": product.status.lower(),
        "product_type": product.kind,
        "vendor": product.vendor,
        "tag": list(product.tags),
        "created_at": product.created_at,
        "updated_at": product.updated_at,
        "default": product.title,
    }


def _variant(variant: Record) -> Terms:
    assert isinstance(variant, Variant)
    return {
        "id": variant.number,
        "product_id": variant.product.number,
        "product_ids": variant.product.number,
        "item_id": variant.item,
        "sku": variant.sku,
        "title": variant.title,
        "updated_at": variant.updated_at,
        "default": f"{variant.title} {variant.sku}",
    }


def _location(location: Record) -> Terms:
    assert isinstance(location, Location)
    return {"id": location.number, "name": location.name, "default": location.name}


def _discount(discount: Record) -> Terms:
    assert isinstance(discount, Discount)
    only = discount.codes[0].code if len(discount.codes) == 1 else None
    return {
        "id": discount.number,
        "title": discount.title,
        "code": only,
        "created_at": discount.created_at,
        "updated_at": discount.updated_at,
        "starts_at": discount.starts_at,
        "ends_at": discount.ends_at,
        "method": "code",
        "times_used": sum(code.uses for code in discount.codes),
        "type": {"amount": "fixed_amount"}.get(discount.kind, discount.kind),
        "default": discount.title,
    }


def _subscription(subscription: Record) -> Terms:
    return {
        "id": subscription.number,
        "created_at": subscription.created_at,
        "updated_at": subscription.updated_at,
    }


TERMS: dict[type[Record], Callable[[Record], Terms]] = {
    Order: _order,
    Checkout: _checkout,
    Customer: _customer,
    Product: _product,
    Variant: _variant,
    Location: _location,
    Discount: _discount,
    Subscription: _subscription,
}
