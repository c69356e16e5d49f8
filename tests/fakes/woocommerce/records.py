"""What the shop's database holds."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, Literal

MANAGERS = ("administrator", "shop_manager")


@dataclass
class Product:
    """A product or, with `type` "variation", one of its variations."""

    id: int
    name: str
    sku: str
    price: str
    created: datetime
    modified: datetime
    type: str = "simple"
    parent_id: int = 0
    status: str = "publish"
    manage_stock: bool | Literal["parent"] = True
    stock_quantity: int | None = None
    unmanaged_status: str = "instock"
    backorders: str = "no"
    low_stock_amount: int | None = None
    total_sales: int = 0
    option: str = ""
    image: str = ""
    before_trash: str | None = None


@dataclass
class Line:
    id: int
    product_id: int
    variation_id: int
    name: str
    quantity: int
    price: Decimal
    sku: str | None
    parent_name: str | None
    image: str = ""
    discount: Decimal = Decimal(0)
    reduced: int | None = None
    reduced_meta: int = 0

    @property
    def subtotal(self) -> Decimal:
        return self.price * self.quantity

    @property
    def stock_id(self) -> int:
        return self.variation_id or self.product_id


@dataclass
class Refund:
    id: int
    amount: Decimal
    reason: str = ""


@dataclass
class UsedCode:
    id: int
    code: str
    discount: Decimal
    coupon: dict[str, Any]


@dataclass
class Order:
    id: int
    status: str
    key: str
    created: datetime
    modified: datetime
    billing: dict[str, str]
    shipping: dict[str, str]
    lines: list[Line] = field(default_factory=list)
    codes: list[UsedCode] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    customer_id: int = 0
    created_via: str = "store-api"
    payment_method: str = ""
    payment_title: str = ""
    paid: datetime | None = None
    completed: datetime | None = None
    before_trash: str | None = None
    # What plugins have noted on it.
    noted: dict[str, Any] = field(default_factory=dict)

    @property
    def discount(self) -> Decimal:
        return sum((line.discount for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum((line.subtotal for line in self.lines), Decimal(0)) - self.discount

    @property
    def given_back(self) -> Decimal:
        return sum((one.amount for one in self.refunds), Decimal(0))


@dataclass
class User:
    """A WordPress account; shoppers' and the owner's live in one table."""

    id: int
    email: str
    login: str
    created: datetime
    role: str = "customer"
    password: str = ""
    first_name: str = ""
    last_name: str = ""
    modified: datetime | None = None
    billing: dict[str, str] = field(default_factory=dict)

    @property
    def manages(self) -> bool:
        return self.role in MANAGERS


@dataclass
class Key:
    id: int
    user_id: int
    description: str
    permissions: str
    consumer_key: str
    consumer_secret: str


@dataclass
class Coupon:
    """`fields` are those that REST lets write, as they are stored."""

    id: int
    code: str
    created: datetime
    modified: datetime
    fields: dict[str, Any]
    expires: datetime | None = None
    status: str = "publish"
    usage_count: int = 0
    used_by: list[str] = field(default_factory=list)
    before_trash: str | None = None


@dataclass
class Webhook:
    """`greeted` is false while no ping was answered with 200."""

    id: int
    name: str
    status: str
    topic: str
    delivery_url: str
    secret: str
    user_id: int
    created: datetime
    modified: datetime
    failures: int = 0
    greeted: bool = False


@dataclass
class Memory:
    """Posts of every kind share one sequence of ids, as in WordPress."""

    products: dict[int, Product] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    coupons: dict[int, Coupon] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    post_ids: Iterator[int] = field(default_factory=lambda: count(11))
    item_ids: Iterator[int] = field(default_factory=lambda: count(1))
    user_ids: Iterator[int] = field(default_factory=lambda: count(1))
    key_ids: Iterator[int] = field(default_factory=lambda: count(1))
    webhook_ids: Iterator[int] = field(default_factory=lambda: count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def by_sku(self, sku: str) -> Product | None:
        return next((one for one in self.products.values() if one.sku == sku), None)

    def variations(self, parent_id: int) -> list[Product]:
        return [one for one in self.products.values() if one.parent_id == parent_id and parent_id]

    def coupon_by_code(self, code: str) -> Coupon | None:
        """Only a published one is found."""
        wanted = code.lower()
        published = (one for one in self.coupons.values() if one.status == "publish")
        return next((one for one in published if one.code == wanted), None)
