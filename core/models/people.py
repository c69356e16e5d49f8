"""People, the ways to reach them, what they agreed to, and whom never to write."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, primary_key

LED_HERE: dict[str, Any] = {
    "postgresql_where": text("effect_id IS NOT NULL"),
    "sqlite_where": text("effect_id IS NOT NULL"),
}


class Person(SQLModel, table=True):
    """A shopper. Whoever changes or uses what is known of a person first adds
    one to `version`: that is the lock, and it tells that facts moved. `seen`
    keeps, per field, the time of the event it came from."""

    __tablename__ = "people"

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id", index=True)
    version: int = 1
    first_name: bytes | None = None
    locale: str | None = None
    country: str | None = None
    seen: dict[str, str] = json_column(default_factory=dict)
    created_at: datetime = Field(default_factory=clock.now)
    erased_at: datetime | None = None


class Address(SQLModel, table=True):
    """An e-mail address, phone number or customer number of a person.

    `fingerprint` finds it, `value` is sealed; `masked` is what pages show.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        UniqueConstraint("merchant_id", "channel", "fingerprint"),
        Index("ix_addresses_person", "person_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    person_id: int = belongs_to("people.id")
    channel: str
    fingerprint: str
    value: bytes
    masked: str
    created_at: datetime = Field(default_factory=clock.now)


class Consent(SQLModel, table=True):
    """One act of consent or objection; only ever added to.

    `act_at` is when the person acted, `source` where, `text` what was shown.
    The newest act by `act_at` wins, but an opt-out given at Kontor yields only
    to a later opt-in by the shopper. `effect_id` is the message whose link led here.
    """

    __tablename__ = "consents"
    __table_args__ = (
        UniqueConstraint("merchant_id", "address_id", "channel", "purpose", "state", "act_at", "source"),
        Index("ix_consents_effect", "effect_id", **LED_HERE),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    address_id: int = belongs_to("addresses.id", index=True)
    channel: str
    purpose: str
    state: str
    act_at: datetime
    source: str
    text: str | None = None
    effect_id: int | None = Field(default=None, sa_type=BigInteger)
    recorded_at: datetime = Field(default_factory=clock.now)


class Bounce(SQLModel, table=True):
    """A message that came back; the address is not stored. `kind` is
    "permanent" or "passing". The same return told twice is one row."""

    __tablename__ = "bounces"
    __table_args__ = (
        UniqueConstraint("effect_id", "kind"),
        Index("ix_bounces_address", "merchant_id", "fingerprint"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    effect_id: int = belongs_to("effects.id")
    fingerprint: str
    kind: str
    at: datetime = Field(default_factory=clock.now)


class Suppression(SQLModel, table=True):
    """An address never to be written to again; the address is not stored."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("merchant_id", "channel", "fingerprint"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    channel: str
    fingerprint: str
    reason: str
    at: datetime = Field(default_factory=clock.now)
