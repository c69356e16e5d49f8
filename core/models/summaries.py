"""The weekly summary: who has ordered it, and each one that was written."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


class SummaryWish(SQLModel, table=True):
    """A member wants a summary of each week, in this language. `due_at` is the
    merchant's time: the next Monday morning of her shop."""

    __tablename__ = "summary_wishes"
    __table_args__ = (Index("ix_summary_wishes_due", "due_at"),)

    member_id: int = Field(
        primary_key=True,
        foreign_key="members.id",
        ondelete="CASCADE",
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
    )
    merchant_id: int = belongs_to("merchants.id", index=True)
    language: str
    due_at: datetime
    asked_at: datetime = Field(default_factory=clock.now)


class Summary(SQLModel, table=True):
    """The summary of one week, which began on the Monday `week`, for one member:
    there is one, whoever makes it. States: waiting → sending → sent | dropped;
    sending → waiting where it surely did not go. A claim has a number, and
    `wake_at` (real time) is set ahead with it: a waiting one whose worker died
    is taken up by another. One that was being sent may have arrived, and is
    never sent again."""

    __tablename__ = "summaries"
    __table_args__ = (
        UniqueConstraint("member_id", "week"),
        Index(
            "ix_summaries_due",
            "wake_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id", index=True)
    member_id: int = belongs_to("members.id")
    week: date = Field(sa_type=Date)
    language: str
    state: str = "waiting"
    claim: int = 0
    wake_at: datetime
    made_at: datetime = Field(default_factory=clock.now)
    settled_at: datetime | None = None
