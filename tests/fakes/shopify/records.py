"""What a shop remembers: products and stock, people, checkouts, orders, discounts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

Terms = dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Record:
    """`index` holds what the search knew of it since when: a search sees a
    change only after its lag, a read by id at once."""

    number: int
    created_at: datetime
    updated_at: datetime
    index: list[tuple[datetime, Terms]] = field(default_factory=list, repr=False)

    def terms(self, now: datetime) -> Terms | None:
        known = [terms for since, terms in self.index if since <= now]
        return known[-1] if known else None


@dataclass(eq=False, kw_only=True)
class Location(Record):
    name: str
    active: bool = True


@dataclass(eq=False, kw_only=True)
class Variant(Record):
    """`levels` are the available units by location's number; `item` is its
    inventory item's number."""

    product: "Product" = field(repr=False)
    title: str
    price: Decimal
    item: int
    sku: str | None = None
    oversell: bool = False
    tracked: bool = True
    levels: dict[int, int] = field(default_factory=dict)
    levels_changed: dict[int, datetime] = field(default_factory=dict)
    position: int = 1


@dataclass(eq=False, kw_only=True)
class Product(Record):
    title: str
    handle: str
    kind: str = ""
    vendor: str = "Kontor"
    status: Literal["ACTIVE", "DRAFT", "ARCHIVED"] = "ACTIVE"
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    published_at: datetime | None = None
    variants: list[Variant] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Customer(Record):
    """`email_state` and `sms_state` are Shopify's words, as in GraphQL."""

    email: str | None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str = "en"
    country: str | None = None
    email_state: str = "NOT_SUBSCRIBED"
    email_level: str | None = None
    email_changed_at: datetime | None = None
    sms_state: str = "NOT_SUBSCRIBED"
    sms_changed_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it was when it was put there; the variant may change or go since."""

    number: int
    quantity: int
    price: Decimal
    title: str
    variant_title: str
    sku: str | None
    product: Product
    variant: Variant

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


@dataclass(eq=False, kw_only=True)
class Buying(Record):
    """What a checkout and an order have in common."""

    email: str | None
    phone: str | None = None
    customer: Customer | None = None
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None
    locale: str = "en"
    lines: list[Line] = field(default_factory=list)
    codes: tuple[str, ...] = ()
    discount: Decimal = Decimal(0)
    accepts_marketing: bool = False
    accepts_sms: bool = False

    @property
    def subtotal(self) -> Decimal:
        return max(sum((line.total for line in self.lines), Decimal(0)) - self.discount, Decimal(0))


@dataclass(eq=False, kw_only=True)
class Checkout(Buying):
    """`abandoned_at` is since when Shopify's list of abandoned checkouts has it."""

    token: str
    cart_token: str
    key: str
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    abandoned_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Refund(Record):
    amount: Decimal


@dataclass(eq=False, kw_only=True)
class Fulfillment(Record):
    status: str = "SUCCESS"
    events: list[tuple[int, str, datetime]] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Order(Buying):
    name: str
    key: str
    processed_at: datetime
    checkout_token: str | None = None
    cart_token: str | None = None
    financial: str = "PENDING"
    fulfillment: str = "UNFULFILLED"
    shipping: Decimal = Decimal(0)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    test: bool = False
    tags: tuple[str, ...] = ()
    refunds: list[Refund] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.shipping

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds), Decimal(0))


@dataclass(eq=False, kw_only=True)
class RedeemCode:
    number: int
    code: str
    uses: int = 0


@dataclass(eq=False, kw_only=True)
class Discount(Record):
    """A code discount. `percentage` is a share of 1, as Shopify has it."""

    kind: Literal["percentage", "amount", "free_shipping"]
    title: str
    starts_at: datetime
    ends_at: datetime | None
    percentage: float | None = None
    amount: Decimal | None = None
    each_item: bool = False
    minimum: Decimal | None = None
    usage_limit: int | None = None
    once_per_customer: bool = False
    codes: list[RedeemCode] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Queued:
    """What Shopify does by itself a little later: after so many more calls of
    anybody, or some seconds."""

    number: int
    created_at: datetime
    calls_left: int
    done: bool = False


@dataclass(eq=False, kw_only=True)
class BulkCreation(Queued):
    """Codes on their way into a discount, and what became of each."""

    discount: Discount
    wanted: list[str]
    results: list[tuple[str, RedeemCode | None, str | None]] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Job(Queued):
    work: Callable[[], None] = field(repr=False)


@dataclass(eq=False, kw_only=True)
class Subscription(Record):
    """A webhook subscription made through the API; the app's own file is not listed."""

    topic: str
    uri: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class CodeMade:
    """A code that was once made; kept also after it was deleted."""

    code: str
    discount: int
    at: datetime
