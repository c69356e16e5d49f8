"""What came in: webhooks as they were, and questions still to be asked."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class Inbound(SQLModel, table=True):
    """One webhook, raw and sealed. States: new → done | unreadable."""

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("merchant_id", "dedupe"),
        Index(
            "ix_inbound_new", "id", postgresql_where=text("state = 'new'"), sqlite_where=text("state = 'new'")
        ),
        Index(
            "ix_inbound_new_orders",
            "merchant_id",
            postgresql_where=text("state = 'new' AND about_orders"),
            sqlite_where=text("state = 'new' AND about_orders = 1"),
        ),
        Index("ix_inbound_merchant", "merchant_id", "received_at"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    dedupe: str
    topic: str
    about_orders: bool
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    state: str = "new"
    reason: str | None = None
    received_at: datetime = Field(default_factory=clock.now)
    handled_at: datetime | None = None


class InboundPerson(SQLModel, table=True):
    """Whom a webhook named, so that erasing a person empties its body."""

    __tablename__ = "inbound_people"

    inbound_id: int = Field(foreign_key="inbound.id", ondelete="CASCADE", primary_key=True)
    person_id: int = Field(foreign_key="people.id", ondelete="CASCADE", primary_key=True, index=True)
    merchant_id: int = belongs_to("merchants.id")


class LookUpRow(SQLModel, table=True):
    """One thing to ask the shop about. States: waiting → asking → done | gone |
    failed; asking → waiting. Unique only while waiting."""

    __tablename__ = "look_ups"
    __table_args__ = (
        Index(
            "uq_look_ups_waiting",
            "merchant_id",
            "kind",
            "ref",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_look_ups_due",
            "wake_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_look_ups_asking",
            "merchant_id",
            "lease_until",
            postgresql_where=text("state = 'asking'"),
            sqlite_where=text("state = 'asking'"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id", index=True)
    kind: str
    ref: str
    state: str = "waiting"
    claim: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    wake_at: datetime = Field(default_factory=clock.now)
    reason: str | None = None
    inbound_id: int | None = None
    created_at: datetime = Field(default_factory=clock.now)
