"""What members did with stored data: who exported or erased, and when."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class DataAct(SQLModel, table=True):
    """One export or erasure, with the member's name and no shopper's. `kind` is
    person_exported, shop_exported or person_erased; `people` how many it was."""

    __tablename__ = "data_acts"
    __table_args__ = (Index("ix_data_acts_merchant", "merchant_id", "at"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    kind: str
    by: str
    people: int = 0
    at: datetime = Field(default_factory=clock.now)
