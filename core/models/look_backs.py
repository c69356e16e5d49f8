"""What a flow would have done in the past of a shop: one look back a flow, the newest."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, primary_key


class LookBack(SQLModel, table=True):
    """States: waiting → done | failed. It goes through the shop's people by
    their numbers, `at_person` is the last one; a claim has a number and a lease.
    `until` is the merchant's time at which it was asked for, `settings_rev` what
    was set then; `told` holds the tally of each consent policy and no names."""

    __tablename__ = "look_backs"
    __table_args__ = (
        UniqueConstraint("merchant_id", "flow"),
        Index(
            "ix_look_backs_waiting",
            "id",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    flow: str
    state: str = "waiting"
    asked_by: str
    asked_at: datetime = Field(default_factory=clock.now)
    until: datetime
    settings_rev: int
    at_person: int = Field(default=0, sa_type=BigInteger)
    people_done: int = 0
    people: int = 0
    nameless: int = 0
    told: dict[str, Any] = json_column(default_factory=dict)
    claim: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    done_at: datetime | None = None
