"""What a shop sends: how much on which day."""

from datetime import date

from sqlalchemy import Date, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.models.types import belongs_to, primary_key


class MailDay(SQLModel, table=True):
    """The messages a shop sent on one day of its calendar. They are counted in
    several lanes, so that threads which send for one shop don't wait for each other."""

    __tablename__ = "mail_days"
    __table_args__ = (UniqueConstraint("merchant_id", "day", "lane"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    day: date = Field(sa_type=Date)
    lane: int = 0
    sent: int = 0
