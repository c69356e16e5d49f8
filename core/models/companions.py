"""Our own pieces that shops have installed, and the proofs that their admins have spent."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class CompanionRow(SQLModel, table=True):
    """What a shop's companion told of itself when it was asked last. `secret`
    is its own: it signs what it reports with it, and who looks from the shop's
    admin. `page` is where our pages are shown there; `gone_at` when it was
    found to be there no more."""

    __tablename__ = "companions"
    __table_args__ = (Index("ix_companions_merchant", "merchant_id", unique=True),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    secret: bytes = Field(sa_type=LargeBinary)
    version: str = ""
    page: str = ""
    waiting: int = 0
    dropped: int = 0
    found_at: datetime = Field(default_factory=clock.now)
    seen_at: datetime = Field(default_factory=clock.now)
    gone_at: datetime | None = None


class SpentProof(SQLModel, table=True):
    """A proof of who looks that is good for one page; remembered for longer than it lasts."""

    __tablename__ = "spent_proofs"
    __table_args__ = (UniqueConstraint("merchant_id", "proof"), Index("ix_spent_proofs_at", "at"))

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    proof: str
    at: datetime = Field(default_factory=clock.now)
