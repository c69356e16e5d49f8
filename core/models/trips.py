"""People's trips through flows, every effect on the world, and every decision."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, json_column, minor_units, primary_key


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class Enrolment(SQLModel, table=True):
    """One trip. States: active → completed | exited(reason); held → active |
    exited; held_out from the start. `lane` is set where a person may have but
    one such trip at a time. `since` is the activity that waits count from."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("merchant_id", "flow", "mode", "subject", "subject_id", "episode"),
        Index(
            "uq_enrolments_lane",
            "merchant_id",
            "flow",
            "mode",
            "lane",
            unique=True,
            **_where("state IN ('active', 'held') AND lane IS NOT NULL"),
        ),
        Index("ix_enrolments_person", "person_id"),
        Index("ix_enrolments_recent", "merchant_id", "flow", "enrolled_at"),
        Index("ix_enrolments_held", "merchant_id", "flow", **_where("state = 'held'")),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    person_id: int = belongs_to("people.id")
    flow: str
    mode: str
    subject: str
    subject_id: int = Field(sa_type=BigInteger)
    episode: int = 1
    lane: str | None = None
    state: str = "active"
    reason: str | None = None
    since: datetime
    settings_version: int
    enrolled_at: datetime
    ended_at: datetime | None = None


class Effect(SQLModel, table=True):
    """One effect on the outside world; the states are house.md's table.

    `key` is unique and goes to the provider with it. `due_at` and
    `valid_until` are the merchant's time, `wake_at` is real time and indexed;
    it is empty while the row waits for `waits_for`, another effect.
    `lease_until` is set while somebody owns the row or, of an `unknown` one,
    while its provider has still to be asked.
    `slot_day` is the day whose place under the cap this message holds.
    `content` is the rendered message, sealed and bound to the key.
    """

    __tablename__ = "effects"
    __table_args__ = (
        Index(
            "ix_effects_due", "merchant_id", "wake_at", **_where("state = 'pending' AND wake_at IS NOT NULL")
        ),
        Index("ix_effects_leased", "lease_until", **_where("lease_until IS NOT NULL")),
        Index("ix_effects_unknown", "merchant_id", "id", **_where("state = 'unknown'")),
        Index("ix_effects_held", "merchant_id", **_where("state = 'held'")),
        Index("ix_effects_person", "person_id"),
        Index("ix_effects_enrolment", "enrolment_id"),
        Index("ix_effects_waits_for", "waits_for", **_where("waits_for IS NOT NULL")),
        Index("ix_effects_day", "merchant_id", "due_at"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    key: str = Field(unique=True)
    enrolment_id: int | None = belongs_to("enrolments.id", default=None, nullable=True)
    person_id: int | None = belongs_to("people.id", default=None, nullable=True)
    flow: str
    mode: str = "live"
    kind: str
    purpose: str
    step: int = 0
    undo: bool = False
    state: str = "pending"
    reason: str | None = None
    due_at: datetime
    valid_until: datetime | None = None
    wake_at: datetime | None = None
    claim: int = 0
    claimed_at: datetime | None = None
    lease_until: datetime | None = None
    attempts: int = 0
    waits_for: int | None = Field(default=None, sa_type=BigInteger)
    settings_version: int
    payload: dict[str, Any] = json_column(default_factory=dict)
    slot_day: date | None = None
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    provider_ref: str | None = None
    acted_at: datetime | None = None
    settled_at: datetime | None = None


class Decision(SQLModel, table=True):
    """What a flow decided and why, also for people who got nothing.

    The same decision about the same subject is counted, not repeated.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("merchant_id", "flow", "mode", "subject", "subject_id", "kind", "reasons_key"),
        Index("ix_decisions_merchant", "merchant_id", "at"),
        Index("ix_decisions_person", "person_id"),
        Index("ix_decisions_enrolment", "enrolment_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    flow: str
    mode: str
    kind: str
    subject: str
    subject_id: int = Field(sa_type=BigInteger)
    person_id: int | None = belongs_to("people.id", default=None, nullable=True)
    enrolment_id: int | None = belongs_to("enrolments.id", default=None, nullable=True)
    inbound_id: int | None = Field(default=None, sa_type=BigInteger)
    reasons: list[str] = json_column(default_factory=list)
    reasons_key: str = ""
    settings_version: int
    at: datetime
    times: int = 1
    recorded_at: datetime = Field(default_factory=clock.now)


class Click(SQLModel, table=True):
    """One request of a link in a message; `counted` where a person made it."""

    __tablename__ = "clicks"
    __table_args__ = (Index("ix_clicks_effect", "effect_id", "at"),)

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id", index=True)
    effect_id: int = belongs_to("effects.id")
    link: str
    at: datetime
    counted: bool
    why_not: str | None = None


class DiscountCode(SQLModel, table=True):
    """A code made for one message; `reserved_minor` is what it can cost."""

    __tablename__ = "discount_codes"
    __table_args__ = (
        UniqueConstraint("merchant_id", "code"),
        Index("ix_codes_effect", "effect_id"),
        Index("ix_codes_used", "merchant_id", "used_at", **_where("used_at IS NOT NULL")),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    effect_id: int = belongs_to("effects.id")
    flow: str
    code: str
    kind: str
    value: int
    currency: str
    reserved_minor: int = minor_units()
    ends_at: datetime
    made_at: datetime | None = None
    used_at: datetime | None = None
    removed_at: datetime | None = None
