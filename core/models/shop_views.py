"""What shoppers look at and put into their carts, as their pages tell with their leave."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class ShopView(SQLModel, table=True):
    """One look or one change of a cart. `kind` is viewed, added, removed or cart. `cart` and
    `client` are hashes under a key of ours, other ones for each merchant: they tell what belongs
    together and who it was to nobody. It is hearsay: anybody may write to the door it came by."""

    __tablename__ = "shop_views"
    __table_args__ = (
        Index("ix_shop_views_at", "at"),
        Index("ix_shop_views_client", "merchant_id", "client", "at"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    kind: str
    product_ref: str | None = None
    variant_ref: str | None = None
    cart: str | None = None
    client: str
    at: datetime = Field(default_factory=clock.now)
