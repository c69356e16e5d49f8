"""Carts, orders and their lines, products and variants, as the shop tells them.

`platform_at` is the platform's own version of a row: older news never wins.
Of two different bodies of the same moment the greater `digest` wins, so that
the order of arrival does not matter.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, minor_units, primary_key


class CartRow(SQLModel, table=True):
    """A cart or unpaid checkout. `url` is sealed: it opens the cart. `lines_at`
    is when the lines were told apart from the rest."""

    __tablename__ = "carts"
    __table_args__ = (
        UniqueConstraint("merchant_id", "ref"),
        Index("ix_carts_person", "person_id", "activity_at"),
        Index("ix_carts_token", "merchant_id", "token"),
        Index("ix_carts_phone", "merchant_id", "phone_fingerprint"),
        # Erasing an address looks for whatever names it.
        Index("ix_carts_address", "address_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    person_id: int | None = belongs_to("people.id", default=None, nullable=True)
    address_id: int | None = Field(
        default=None, foreign_key="addresses.id", ondelete="SET NULL", sa_type=BigInteger
    )
    ref: str
    token: str | None = None
    phone_fingerprint: str | None = None
    kind: str
    currency: str
    total_minor: int = minor_units()
    url: bytes | None = None
    locale: str | None = None
    started_at: datetime
    activity_at: datetime
    lines_at: datetime | None = None
    platform_at: datetime
    digest: str = ""
    completed_at: datetime | None = None
    test: bool = False
    created_at: datetime = Field(default_factory=clock.now)


class OrderRow(SQLModel, table=True):
    """An order. `bought` was decided at the edge. `clicked_effect_id` is the
    message whose counted click it followed within five days. `heard` is
    whether a webhook told of it first, else a reading or a question did."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("merchant_id", "ref"),
        Index("ix_orders_person", "person_id", "placed_at"),
        Index("ix_orders_clicked", "merchant_id", "clicked_effect_id"),
        Index("ix_orders_checkout", "merchant_id", "cart_ref"),
        Index("ix_orders_token", "merchant_id", "cart_token"),
        Index("ix_orders_phone", "merchant_id", "phone_fingerprint"),
        Index("ix_orders_placed", "merchant_id", "placed_at"),
        Index("ix_orders_address", "address_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    person_id: int | None = belongs_to("people.id", default=None, nullable=True)
    address_id: int | None = Field(
        default=None, foreign_key="addresses.id", ondelete="SET NULL", sa_type=BigInteger
    )
    ref: str
    name: str
    cart_ref: str | None = None
    cart_token: str | None = None
    phone_fingerprint: str | None = None
    currency: str
    total_minor: int = minor_units()
    net_minor: int = minor_units()
    refunded_minor: int = minor_units()
    bought: bool
    test: bool = False
    placed_at: datetime
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    discount_codes: list[str] = json_column(default_factory=list)
    platform_at: datetime
    digest: str = ""
    heard: bool = True
    clicked_effect_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(default_factory=clock.now)


class LineRow(SQLModel, table=True):
    """One line of a cart or of an order."""

    __tablename__ = "lines"
    __table_args__ = (
        Index("ix_lines_cart", "cart_id"),
        Index("ix_lines_order", "order_id"),
        CheckConstraint("(cart_id IS NULL) <> (order_id IS NULL)", name="one_owner"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    cart_id: int | None = belongs_to("carts.id", default=None, nullable=True)
    order_id: int | None = belongs_to("orders.id", default=None, nullable=True)
    position: int
    product_ref: str | None = None
    variant_ref: str | None = None
    title: str
    variant_title: str | None = None
    sku: str | None = None
    quantity: int
    price_minor: int = minor_units()
    image_url: str | None = None
    url: str | None = None


class ProductRow(SQLModel, table=True):
    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("merchant_id", "ref"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    ref: str
    title: str
    url: str | None = None
    image_url: str | None = None
    kind: str | None = None
    tags: list[str] = json_column(default_factory=list)
    published: bool = True
    platform_at: datetime
    digest: str = ""
    gone_at: datetime | None = None


class VariantRow(SQLModel, table=True):
    """`stock_kind` is units, unknown, always or none; see core.events.Stock.
    `gone_at` is set while its product no longer has it."""

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("merchant_id", "ref"),
        Index("ix_variants_product", "product_id"),
        Index("ix_variants_item", "merchant_id", "item_ref"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    product_id: int = belongs_to("products.id")
    ref: str
    item_ref: str | None = None
    title: str
    sku: str | None = None
    price_minor: int = minor_units()
    currency: str
    stock_kind: str | None = None
    stock_units: int | None = None
    stock_at: datetime | None = None
    gone_at: datetime | None = None
