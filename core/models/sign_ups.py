"""Letters about signing up for a waiting line, and how often somebody has tried."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class SignUpLetter(SQLModel, table=True):
    """A letter about a sign-up, written down before it goes. `kind` is "confirm" or
    "waiting". States: wanted → sending → sent | failed | unknown; sending → wanted where
    it was surely not taken; wanted → dropped. `send_at` (real time) is when it is up, while
    it is being sent when its lease ends, and empty from then on."""

    __tablename__ = "sign_up_letters"
    __table_args__ = (
        Index(
            "ix_sign_up_letters_due",
            "send_at",
            postgresql_where=text("send_at IS NOT NULL"),
            sqlite_where=text("send_at IS NOT NULL"),
        ),
        Index("ix_sign_up_letters_sign_up", "sign_up_id", "asked_at"),
        Index("ix_sign_up_letters_merchant", "merchant_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    sign_up_id: int = belongs_to("sign_ups.id")
    kind: str
    key: str = Field(unique=True)
    state: str = "wanted"
    attempts: int = 0
    claim: int = 0
    send_at: datetime | None = None
    asked_at: datetime = Field(default_factory=clock.now)


class Tally(SQLModel, table=True):
    """How often something was tried since when; `key` says what and names whoever tried
    by a keyed hash."""

    __tablename__ = "tallies"
    __table_args__ = (Index("ix_tallies_since", "since"),)

    id: int = primary_key()
    key: str = Field(unique=True)
    times: int
    since: datetime
