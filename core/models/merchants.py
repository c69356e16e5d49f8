"""Merchants, their members and connections, and their settings by version."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, primary_key


def new_key() -> str:
    """Without a dash: a command line would take a key that begins with one for an option."""
    return secrets.token_urlsafe(12).replace("-", "_")


class Merchant(SQLModel, table=True):
    """A shop owner's account. `key` names it in addresses and can't be guessed.

    `clock_offset_ms` moves the merchant's clock ahead (sandbox and fakes only);
    `clock_target` is where a fast-forward under way is heading.
    `settings_rev` counts every change of any setting.
    """

    __tablename__ = "merchants"
    __table_args__ = (
        Index(
            "ix_merchants_moving",
            "id",
            postgresql_where=text("clock_target IS NOT NULL"),
            sqlite_where=text("clock_target IS NOT NULL"),
        ),
    )

    id: int = primary_key()
    key: str = Field(default_factory=new_key, unique=True)
    name: str
    platform: str
    timezone: str = "Europe/Berlin"
    country: str = "DE"
    currency: str = "EUR"
    locale: str = "en"
    clock_offset_ms: int = Field(default=0, sa_type=BigInteger)
    clock_target: datetime | None = None
    settings_rev: int = 1
    created_at: datetime = Field(default_factory=clock.now)
    uninstalled_at: datetime | None = None


class Member(SQLModel, table=True):
    """A person who may act for a merchant. `email` is sealed; `email_print`
    finds it, `platform_user` is the platform's own id of her."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("merchant_id", "platform_user"),
        Index("ix_members_email", "email_print"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id", index=True)
    platform_user: str
    name: str
    role: str = "owner"
    email: bytes | None = None
    email_print: str | None = None
    created_at: datetime = Field(default_factory=clock.now)


class Connection(SQLModel, table=True):
    """How one shop is connected. `address` is what the door finds it by: the
    shop's domain or a random path. Secrets are sealed and bound to this row.

    `token` ends at `token_ends_at`, and with `refresh` a new pair is had until
    `refresh_ends_at`; `renewal` numbers the askers for one, of whom one at a
    time has the lease until `renewal_until`. `shop_count` is the shop's own
    count of orders since `connected_at`, as of `counted_at`."""

    __tablename__ = "connections"
    __table_args__ = (
        UniqueConstraint("platform", "address"),
        Index("ix_connections_merchant", "merchant_id", unique=True),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    platform: str
    address: str
    domain: str
    shop_id: str | None = None
    state: str = "active"
    state_reason: str | None = None
    webhook_secret: bytes | None = None
    previous_secret: bytes | None = None
    token: bytes | None = None
    token_ends_at: datetime | None = None
    refresh: bytes | None = None
    refresh_ends_at: datetime | None = None
    renewal: int = 0
    renewal_until: datetime | None = None
    shop_count: int | None = None
    counted_at: datetime | None = None
    hooks_at: datetime | None = None
    meta: dict[str, str] = json_column(default_factory=dict)
    connected_at: datetime = Field(default_factory=clock.now)


class SettingsVersion(SQLModel, table=True):
    """One saved version of one flow's settings, or of the shop's (`scope` is
    the flow's key or "shop"): who saved what, when. The highest counts.

    `live_since` is the merchant's time at which the mode last became live.
    """

    __tablename__ = "settings_versions"
    __table_args__ = (UniqueConstraint("merchant_id", "scope", "version"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    scope: str
    version: int
    mode: str = "off"
    live_since: datetime | None = None
    data: dict[str, Any] = json_column(default_factory=dict)
    saved_by: str
    saved_at: datetime = Field(default_factory=clock.now)


class TrialMail(SQLModel, table=True):
    """A message that a member sent to herself to see how it arrives: which step, in which
    language, by whom, and what became of it."""

    __tablename__ = "trial_mails"
    __table_args__ = (Index("ix_trial_mails_merchant", "merchant_id", "at"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    member_id: int = belongs_to("members.id", index=True)
    by: str
    flow: str
    step: int
    language: str
    outcome: str = "sending"
    at: datetime = Field(default_factory=clock.now)


class Work(SQLModel, table=True):
    """The merchants with something waiting, and when the next is due (real
    time). The claimer serves whoever was not served longest."""

    __tablename__ = "work"
    __table_args__ = (Index("ix_work_next", "next_at"),)

    merchant_id: int = Field(
        primary_key=True,
        foreign_key="merchants.id",
        ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )
    next_at: datetime
    served_at: datetime = Field(default_factory=clock.now)


class Heartbeat(SQLModel, table=True):
    """When each worker was last seen."""

    __tablename__ = "heartbeats"

    name: str = Field(primary_key=True)
    at: datetime


class RemoteHost(SQLModel, table=True):
    """How a shop's host behaves: after three time-outs it rests a while."""

    __tablename__ = "remote_hosts"

    host: str = Field(primary_key=True)
    timeouts: int = 0
    rests_until: datetime | None = None
