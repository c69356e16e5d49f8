"""Who waits for what to be back in stock, and how it is told of in waves."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from core import clock
from core.models.types import belongs_to, primary_key


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


LATER = "state = 'waiting' AND not_before IS NOT NULL"


class SignUp(SQLModel, table=True):
    """One person's wish to be told when one variant is back: the subject of one
    trip per `episode`. States: unconfirmed → waiting → called → told | over(reason);
    called → waiting where the message did not go, in the place it had; unconfirmed |
    waiting → over. Unique for an address and a variant until it is told or over.

    `place_at` is the merchant's time of signing up: the line is by it. A called one has
    a message on its way. `not_before` (merchant's time) lets others pass, as in quiet
    hours. `rehearsed` is the restock in which shadow mode has called it last. `price_minor`
    is what it cost on signing up; `text` is what the person was shown."""

    __tablename__ = "sign_ups"
    __table_args__ = (
        Index(
            "uq_sign_ups_open",
            "merchant_id",
            "variant_id",
            "address_id",
            unique=True,
            **_where("state IN ('unconfirmed', 'waiting', 'called')"),
        ),
        Index("ix_sign_ups_line", "variant_id", "place_at", "id", **_where("state = 'waiting'")),
        Index("ix_sign_ups_later", "variant_id", "not_before", **_where(LATER)),
        Index("ix_sign_ups_called", "variant_id", **_where("state = 'called'")),
        Index("ix_sign_ups_told", "variant_id", "told_at", **_where("told_at IS NOT NULL")),
        Index("ix_sign_ups_ends", "ends_at", **_where("state IN ('unconfirmed', 'waiting')")),
        Index(
            "ix_sign_ups_demand",
            "merchant_id",
            "variant_id",
            "place_at",
            **_where("state IN ('waiting', 'called')"),
        ),
        Index("ix_sign_ups_merchant", "merchant_id", "place_at"),
        Index("ix_sign_ups_person", "person_id"),
        Index("ix_sign_ups_address", "address_id"),
        # Links in mails name a sign-up by its number, which nobody else may ever have.
        {"sqlite_autoincrement": True},
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    variant_id: int = belongs_to("variants.id")
    person_id: int = belongs_to("people.id")
    address_id: int = belongs_to("addresses.id")
    state: str = "unconfirmed"
    reason: str | None = None
    episode: int = 1
    locale: str | None = None
    source: str
    text: str | None = None
    price_minor: int | None = None
    place_at: datetime
    ends_at: datetime
    confirmed_at: datetime | None = None
    not_before: datetime | None = None
    rehearsed: int | None = Field(default=None, sa_type=BigInteger)
    told_at: datetime | None = None
    over_at: datetime | None = None
    created_at: datetime = Field(default_factory=clock.now)


class Restock(SQLModel, table=True):
    """A variant that is back while people wait, from the first news of it until it is
    sold out again or nobody waits any more: running → over(reason). One of a flow and
    mode is running at a time. `wave` counts the waves and `wave_at` (merchant's time) is
    when the present one began, which may have been in the restock before: stock that comes
    and goes begins no wave anew; `called` counts all whose turn it was, `wave_called` those of
    the present wave. `look_id` is the effect with which it is looked at next."""

    __tablename__ = "restocks"
    __table_args__ = (
        Index(
            "uq_restocks_running",
            "merchant_id",
            "variant_id",
            "flow",
            "mode",
            unique=True,
            **_where("state = 'running'"),
        ),
        Index("ix_restocks_merchant", "merchant_id", "began_at"),
        Index("ix_restocks_variant", "variant_id"),
    )

    id: int = primary_key()
    merchant_id: int = belongs_to("merchants.id")
    variant_id: int = belongs_to("variants.id")
    flow: str
    mode: str
    state: str = "running"
    reason: str | None = None
    wave: int = 0
    wave_at: datetime | None = None
    called: int = 0
    wave_called: int = 0
    look_id: int | None = Field(default=None, sa_type=BigInteger)
    began_at: datetime
    over_at: datetime | None = None
