"""The sandbox shop's own database, as foreign to the rest as a real shop's."""

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.models.types import belongs_to, json_column, primary_key


class SandboxRecord(SQLModel, table=True):
    """One record of the sandbox shop: a product, cart, order, code or switch."""

    __tablename__ = "sandbox_records"
    __table_args__ = (UniqueConstraint("merchant_id", "kind", "ref"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    kind: str = Field(index=True)
    ref: str
    data: dict[str, Any] = json_column(default_factory=dict)
