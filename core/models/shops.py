"""How connected shops fare: what is read back, their webhooks, what their merchants must know."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, primary_key


class ReadingRow(SQLModel, table=True):
    """One regular reading of one shop. `mark` is where it goes on, opaque to
    us; `next_at` (real time) when. A claim has a number and a lease. `found`
    counts what the first complete reading and later ones brought that no
    webhook had told; `completed_at` is empty until the first is complete."""

    __tablename__ = "readings"
    __table_args__ = (
        UniqueConstraint("merchant_id", "name"),
        Index("ix_readings_next", "next_at"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    name: str
    mark: str | None = None
    next_at: datetime
    claim: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    found: int = 0
    began_at: datetime | None = None
    completed_at: datetime | None = None
    trouble: str | None = None


class HookRow(SQLModel, table=True):
    """One of a shop's webhooks, as the shop told when it was asked last."""

    __tablename__ = "hooks"
    __table_args__ = (UniqueConstraint("merchant_id", "topic"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    topic: str
    state: str
    seen_at: datetime = Field(default_factory=clock.now)


class Notice(SQLModel, table=True):
    """Something the merchant must know or do, told once, again after three
    days, and when it is mended. `kind` is a slug with its own sentences;
    one of a kind is open at a time."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "uq_notices_open",
            "merchant_id",
            "kind",
            unique=True,
            postgresql_where=text("mended_at IS NULL"),
            sqlite_where=text("mended_at IS NULL"),
        ),
        Index(
            "ix_notices_due",
            "tell_at",
            postgresql_where=text("tell_at IS NOT NULL"),
            sqlite_where=text("tell_at IS NOT NULL"),
        ),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    kind: str
    detail: str = ""
    raised_at: datetime = Field(default_factory=clock.now)
    tell_at: datetime | None = None
    told: int = 0
    claim: int = 0
    mended_at: datetime | None = None


class DataRequest(SQLModel, table=True):
    """A shopper asked the shop what is known about her: to be answered to the
    merchant within 30 days. `contact` is sealed and emptied with the answer."""

    __tablename__ = "data_requests"
    __table_args__ = (UniqueConstraint("merchant_id", "ref"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    ref: str
    contact: bytes | None = Field(default=None, sa_type=LargeBinary)
    order_refs: list[str] = json_column(default_factory=list)
    asked_at: datetime = Field(default_factory=clock.now)
    answered_at: datetime | None = None
    answered_by: str | None = None


class LegalAct(SQLModel, table=True):
    """What the law asked of us and what was done about it, when. It names no
    person and outlives the shop: `shop` is a keyed hash of the shop's domain,
    `merchant` the key of who it was. `kind` is uninstalled, person_erasure or
    shop_erasure; `outcome` is empty until it is done."""

    __tablename__ = "legal_acts"
    __table_args__ = (Index("ix_legal_acts_merchant", "merchant"), Index("ix_legal_acts_shop", "shop"))

    id: int = primary_key()
    merchant: str
    shop: str | None = None
    kind: str
    asked_at: datetime = Field(default_factory=clock.now)
    done_at: datetime | None = None
    outcome: str | None = None
    people: int = 0


class Connecting(SQLModel, table=True):
    """A store on its way to being connected: found by what its owner typed,
    sent there to approve, its keys provisional until the browser that began
    comes back with its cookie and confirms the store's name. `state` and
    `browser` are hashes of what only the store and that browser know."""

    __tablename__ = "connecting"
    __table_args__ = (UniqueConstraint("state"),)

    id: int = primary_key()
    platform: str
    state: str
    browser: str
    domain: str
    found: dict[str, Any] = json_column(default_factory=dict)
    token: bytes | None = Field(default=None, sa_type=LargeBinary)
    began_at: datetime = Field(default_factory=clock.now)
    handed_at: datetime | None = None
    over_at: datetime | None = None


class LetterWish(SQLModel, table=True):
    """A letter with a link that somebody wants sent somewhere; `address` is its
    keyed hash. Without a merchant it is a wish to sign in, which
    may be nobody's, and goes once it was looked at; an invitation stays for a
    day, so that it is counted whoever is removed meanwhile."""

    __tablename__ = "letter_wishes"
    __table_args__ = (Index("ix_letter_wishes_address", "address"),)

    id: int = primary_key()
    merchant_id: int | None = belongs_to("merchants.id", default=None, nullable=True, index=True)
    address: str
    asked_at: datetime = Field(default_factory=clock.now)


class SignInLink(SQLModel, table=True):
    """A link by which a member signs in; used once, within minutes. `secret`
    is a hash."""

    __tablename__ = "sign_in_links"
    __table_args__ = (UniqueConstraint("secret"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    member_id: int = belongs_to("members.id")
    secret: str
    made_at: datetime = Field(default_factory=clock.now)
    used_at: datetime | None = None


class MemberSession(SQLModel, table=True):
    """A member signed in with one browser. `secret` is a hash; ended sessions
    are gone at once, wherever their cookie is."""

    __tablename__ = "member_sessions"
    __table_args__ = (UniqueConstraint("secret"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    member_id: int = belongs_to("members.id")
    secret: str
    began_at: datetime = Field(default_factory=clock.now)
    seen_at: datetime = Field(default_factory=clock.now)
    ends_at: datetime
    ended_at: datetime | None = None
