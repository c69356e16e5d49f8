"""What can happen in a shop, in our own words.

Readers in `integrations/` make these from a platform's payloads. Every time
is aware and in UTC, every reference is the platform's own id as text, and
every event tells the state it saw, so that a doubled or late one does no harm.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.money import Money

StockKind = Literal["units", "unknown", "always", "none"]
ConsentState = Literal["opted_in", "opted_out", "pending"]
CartKind = Literal["checkout", "draft", "unpaid"]


@dataclass(frozen=True, slots=True)
class Stock:
    """What can be sold: a number, an unknown number, always (oversell or
    untracked), or nothing. `units` is set for the kind "units" only."""

    kind: StockKind
    units: int | None = None

    @property
    def sellable(self) -> bool:
        return self.kind != "none"


@dataclass(frozen=True, slots=True)
class Contact:
    """What an event says about a person; every field may be unknown.

    `country` is ISO 3166 alpha-2, `locale` a language tag such as "de-AT".
    """

    email: str | None = None
    phone: str | None = None
    customer_ref: str | None = None
    first_name: str | None = None
    locale: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart or an order; `price` is for one piece."""

    product_ref: str | None
    variant_ref: str | None
    title: str
    quantity: int
    price: Money
    variant_title: str | None = None
    sku: str | None = None
    image_url: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart or checkout that is not an order yet.

    `token` is what a later order may name besides `ref`. `activity_at` is the
    last thing the shopper did, `updated_at` the platform's version of the row.
    `url` leads the shopper back, where the platform gives such a link.
    """

    ref: str
    started_at: datetime
    activity_at: datetime
    updated_at: datetime
    contact: Contact
    total: Money
    lines: tuple[Line, ...] = ()
    kind: CartKind = "checkout"
    token: str | None = None
    url: str | None = None
    completed_at: datetime | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the platform tells it.

    `bought` is decided at the edge: Shopify, every order not cancelled,
    voided or test; WooCommerce, on-hold, processing, completed and unknown
    paid statuses. `net` is without tax and shipping, before refunds.
    """

    ref: str
    name: str
    placed_at: datetime
    updated_at: datetime
    contact: Contact
    total: Money
    net: Money
    bought: bool
    lines: tuple[Line, ...] = ()
    cart_ref: str | None = None
    cart_token: str | None = None
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded: Money | None = None
    discount_codes: tuple[str, ...] = ()
    test: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One sellable variant; `stock` is None where the payload does not say."""

    ref: str
    title: str
    price: Money
    sku: str | None = None
    stock: Stock | None = None
    item_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its variants; `complete` is false where the platform
    sends only some of the variants."""

    ref: str
    title: str
    updated_at: datetime
    published: bool
    variants: tuple[Variant, ...] = ()
    url: str | None = None
    image_url: str | None = None
    kind: str | None = None
    tags: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events.

    `proven` says that the body itself names the shop it came from. An event
    that is not proven reaches records only through an id that already belongs
    to the merchant; else the engine looks the subject up with her token.
    """

    proven: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class CartUpdated(Event):
    cart: Cart


@dataclass(frozen=True, slots=True)
class CartLinesChanged(Event):
    """A cart that names nobody: it may only refresh the lines of a checkout
    already known by this token (Shopify `carts/*`)."""

    token: str
    lines: tuple[Line, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OrderEvent(Event):
    """The base of what tells a whole order."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderPlaced(OrderEvent):
    pass


@dataclass(frozen=True, slots=True)
class OrderUpdated(OrderEvent):
    pass


@dataclass(frozen=True, slots=True)
class OrderPaid(OrderEvent):
    pass


@dataclass(frozen=True, slots=True)
class OrderCancelled(OrderEvent):
    pass


@dataclass(frozen=True, slots=True)
class OrderRefunded(OrderEvent):
    pass


@dataclass(frozen=True, slots=True)
class OrderShipped(Event):
    order_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderDelivered(Event):
    order_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProductUpdated(Event):
    product: Product


@dataclass(frozen=True, slots=True)
class StockChanged(Event):
    variant_ref: str
    stock: Stock
    at: datetime


@dataclass(frozen=True, slots=True)
class BackInStockRequested(Event):
    """Somebody has joined the waiting line of a variant."""

    variant_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonChanged(Event):
    contact: Contact
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentChanged(Event):
    """Somebody allowed or refused messages. An unticked box is silence and
    makes no such event. `purpose` is "marketing" or a narrower one;
    `source` says where it was given, `text` what the person was shown."""

    contact: Contact
    channel: Literal["email", "sms"]
    state: ConsentState
    at: datetime
    source: str
    purpose: str = "marketing"
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AppUninstalled(Event):
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataRequested(Event):
    contact: Contact
    order_refs: tuple[str, ...]
    request_ref: str


@dataclass(frozen=True, slots=True)
class ErasureRequested(Event):
    contact: Contact
    order_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopErasureRequested(Event):
    pass


@dataclass(frozen=True, slots=True)
class AccessLost(Event):
    """The shop says that our access is gone: the merchant must reconnect."""

    why: str


LookUpKind = Literal[
    "cart", "order", "product", "variant", "inventory_item", "customer", "installation", "catalogue"
]


@dataclass(frozen=True, slots=True)
class LookUp:
    """The payload is only a hint; the shop must be asked about `kind` `ref`."""

    kind: LookUpKind
    ref: str
