"""What flows brought, day by day, so that no page has to count a year of rows."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, minor_units, primary_key

STILL_OPEN = text("waiting > 0 OR in_doubt > 0")


class DailyFigures(SQLModel, table=True):
    """One day of one flow, by the shop's calendar. People count on the day
    they entered; messages on the day they were due, with whatever has become
    of them since. `left_out` counts the messages left out by their reason."""

    __tablename__ = "daily_figures"
    __table_args__ = (
        UniqueConstraint("merchant_id", "day", "flow", "mode"),
        Index("ix_daily_figures_open", "counted_at", postgresql_where=STILL_OPEN, sqlite_where=STILL_OPEN),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    flow: str
    mode: str
    day: date = Field(sa_type=Date)
    entered: int = 0
    held_out: int = 0
    accepted: int = 0
    in_doubt: int = 0
    failed: int = 0
    waiting: int = 0
    left_out: dict[str, int] = json_column(default_factory=dict)
    clicked: int = 0
    unsubscribed: int = 0
    counted_at: datetime


class DailyTakings(SQLModel, table=True):
    """The orders of one day, of one flow and in one currency; their worth is
    net of tax, shipping and refunds. `discount_minor` is what the codes used
    that day can have cost at most."""

    __tablename__ = "daily_takings"
    __table_args__ = (UniqueConstraint("merchant_id", "day", "flow", "mode", "currency"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    flow: str
    mode: str
    day: date = Field(sa_type=Date)
    currency: str
    recovered: int = 0
    recovered_minor: int = minor_units()
    bought_anyway: int = 0
    bought_anyway_minor: int = minor_units()
    discount_minor: int = minor_units()


class CountedDays(SQLModel, table=True):
    """How far a merchant's days are counted: all before `before`, as days are
    in `zone`. `next_at` (real time) is when another day will be over; `turn`
    numbers the countings, so that of two at once only one is kept."""

    __tablename__ = "counted_days"
    __table_args__ = (Index("ix_counted_days_next", "next_at"),)

    merchant_id: int = Field(
        primary_key=True,
        foreign_key="merchants.id",
        ondelete="CASCADE",
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
    )
    before: date = Field(sa_type=Date)
    zone: str
    turn: int = 1
    counted_at: datetime
    next_at: datetime


class LateDay(SQLModel, table=True):
    """A day that was over when something of it changed: it is to be counted
    again. Only ever added to, so that nobody waits for anybody here."""

    __tablename__ = "late_days"
    __table_args__ = (Index("ix_late_days_merchant", "merchant_id", "day"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    day: date = Field(sa_type=Date)
    noted_at: datetime = Field(default_factory=clock.now)
