"""The mailbox that stands for a mail server where none is set."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class MailboxMessage(SQLModel, table=True):
    """One message as the shopper gets it: the whole MIME text, sealed."""

    __tablename__ = "mailbox_messages"
    __table_args__ = (
        UniqueConstraint("merchant_id", "key"),
        Index("ix_mailbox_merchant", "merchant_id", "id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    key: str
    mime: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(default_factory=clock.now)
