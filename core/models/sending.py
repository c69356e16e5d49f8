"""What a shop sends: how much on which day, what pauses it, from which address and by whom."""

from datetime import date, datetime

from sqlalchemy import Date, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core.models.types import belongs_to, json_column, primary_key


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


class FlowPause(SQLModel, table=True):
    """A flow that Kontor has switched off, for too much of its mail came back or was
    complained about (`why`): so many (`came`) of so many that were `sent`. It is over when
    a member switches the flow; times are the merchant's."""

    __tablename__ = "flow_pauses"
    __table_args__ = (
        Index(
            "uq_flow_pauses_open",
            "merchant_id",
            "flow",
            unique=True,
            postgresql_where=text("over_at IS NULL"),
            sqlite_where=text("over_at IS NULL"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    flow: str
    why: str
    came: int
    sent: int
    at: datetime
    over_at: datetime | None = None
    over_by: str | None = None


class SenderAddress(SQLModel, table=True):
    """The address a shop wants to write from. It is proven by a code, of which a hash
    is kept, with how often it was tried and how many were mailed of late; it is `in_use`
    while its domain's `records` are right, at which is looked again at `look_at`."""

    __tablename__ = "sender_addresses"
    __table_args__ = (
        UniqueConstraint("merchant_id"),
        Index(
            "ix_sender_addresses_look",
            "look_at",
            postgresql_where=text("look_at IS NOT NULL"),
            sqlite_where=text("look_at IS NOT NULL"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    address: str
    domain: str
    by: str
    code: str | None = None
    code_ends_at: datetime | None = None
    tries: int = 0
    codes: int = 0
    codes_since: datetime
    proven_at: datetime | None = None
    in_use: bool = False
    records: list[dict[str, str]] = json_column(default_factory=list)
    looked_at: datetime | None = None
    look_at: datetime | None = None


class MailServerAccount(SQLModel, table=True):
    """A shop's own account at a mail server; `host` is empty where there is none (any
    more). The password is sealed and bound to this row. It is `in_use` once the code that
    was mailed by it was typed; `refused_at` says since when its server refuses it."""

    __tablename__ = "mail_servers"
    __table_args__ = (UniqueConstraint("merchant_id"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    host: str
    port: int
    login: str
    password: bytes | None = Field(default=None, sa_type=LargeBinary)
    sender: str
    by: str
    code: str | None = None
    code_ends_at: datetime | None = None
    tries: int = 0
    accounts: int = 0
    accounts_since: datetime
    in_use: bool = False
    refused_at: datetime | None = None
