"""A platform's JSON body, read so that every broken promise names its topic and key."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn, Self, TypeVar

from core.errors import Unreadable
from core.money import Money
from integrations.roles import ShopIdentity

MOST_MAJOR = Decimal(10) ** 14  # In minor units this still fits the 64 bits of a database's integer.
MOST_WHOLE = 2**31 - 1
LONGEST_REF = 200
YEARS = range(
    1970, 3000
)  # Times are added to and subtracted from; the ends of the calendar stay out of reach.

T = TypeVar("T")

# Databases take only so many values in one statement.
LONGEST_LIST = 2_000


class Payload:
    """One JSON object of a body delivered for `shop`; `path` leads to it from the top.

    A key that is missing, null or blank is absent. What is absent though
    required, or of the wrong kind, raises Unreadable; values are never named,
    for they may be personal.
    """

    def __init__(self, topic: str, fields: Mapping[str, object], shop: ShopIdentity, path: str = "") -> None:
        self.topic = topic
        self.shop = shop
        self._fields = fields
        self._path = path

    @classmethod
    def load(cls, topic: str, body: bytes, shop: ShopIdentity) -> Self:
        try:
            loaded = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise Unreadable(f"{topic}: the body is no JSON") from error
        if not isinstance(loaded, dict):
            raise Unreadable(f"{topic}: the body is no JSON object")
        return cls(topic, loaded, shop)

    def keys(self) -> set[str]:
        return set(self._fields)

    def refuse(self, key: str, why: str) -> NoReturn:
        raise Unreadable(f"{self.topic}: '{self._path}{key}' {why}")

    def text(self, key: str) -> str:
        return self._present(key, self.text_or_none(key))

    def text_or_none(self, key: str) -> str | None:
        value = self._fields.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(key, "is no text")
        return storable(value).strip() or None

    def email_or_none(self, key: str) -> str | None:
        """An address that can be written to; half-typed ones are absent."""
        text = self.text_or_none(key)
        return text if text and re.fullmatch(r"[^@\s]+@[^@\s]+", text) else None

    def link_or_none(self, key: str) -> str | None:
        """A web address; anything else must never become a link in a message."""
        text = self.text_or_none(key)
        return text if text and re.fullmatch(r"https?://[^\s\"'<>]+", text) else None

    def country_or_none(self, key: str) -> str | None:
        text = (self.text_or_none(key) or "").upper()
        return text if re.fullmatch(r"[A-Z]{2}", text) else None

    def currency(self, key: str) -> str:
        text = self.text(key)
        return text if re.fullmatch(r"[A-Z]{3}", text) else self.refuse(key, "is no currency")

    def ref(self, key: str) -> str:
        return self._present(key, self.ref_or_none(key))

    def ref_or_none(self, key: str) -> str | None:
        """A platform's id as text; 0 stands for none."""
        return self._as_ref(key, self._fields.get(key))

    def numeric_ref_or_none(self, key: str) -> str | None:
        """An id written as a bare number; whatever else stands there is absent."""
        value = self._fields.get(key)
        return self.ref_or_none(key) if isinstance(value, int) and not isinstance(value, bool) else None

    def refs(self, key: str) -> tuple[str, ...]:
        found = (self._as_ref(key, one) for one in self._list(key))
        return tuple(ref for ref in found if ref)

    def number(self, key: str) -> Decimal:
        """A number, whether the platform wrote it bare or as text."""
        value = self._present(key, self._fields.get(key))
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            self.refuse(key, "is no number")
        try:
            exact = Decimal(value)
        except ArithmeticError:
            self.refuse(key, "is no number")
        return exact if exact.is_finite() and abs(exact) < MOST_MAJOR else self.refuse(key, "is out of range")

    def whole(self, key: str) -> int:
        """A count; parts of a piece, which some shops sell, are rounded up."""
        count = math.ceil(self.number(key))
        return count if abs(count) <= MOST_WHOLE else self.refuse(key, "is out of range")

    def whole_or_none(self, key: str) -> int | None:
        return None if self._fields.get(key) is None else self.whole(key)

    def money(self, key: str, currency: str) -> Money:
        return Money.parse(self.number(key), currency)

    def time(self, key: str) -> datetime:
        return self._present(key, self.time_or_none(key))

    def time_or_none(self, key: str, *, assume_utc: bool = False) -> datetime | None:
        """A time with its offset, in UTC; `assume_utc` is for platforms that
        write UTC without saying so."""
        text = self.text_or_none(key)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if assume_utc and at.tzinfo is None else at
            at = at.astimezone(UTC) if at.tzinfo else self.refuse(key, "has no offset")
        except (ValueError, OverflowError):
            self.refuse(key, "is no time")
        return at if at.year in YEARS else self.refuse(key, "is out of range")

    def flag(self, key: str) -> bool:
        value = self._fields.get(key)
        return (
            value if isinstance(value, bool) else value is not None and self.refuse(key, "is not yes or no")
        )

    def says(self, key: str, word: str) -> bool:
        """For the keys a platform fills with a word or with something else."""
        return self._fields.get(key) == word

    def is_text(self, key: str) -> bool:
        return isinstance(self._fields.get(key), str)

    def digits(self, key: str) -> int | None:
        """For keys that strangers fill: a whole number, however it is written; else absent."""
        text = str(self._fields.get(key))
        return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None

    def objects(self, key: str) -> list["Payload"]:
        """For keys that strangers fill: the objects of a list, and nothing else that stands there."""
        value = self._fields.get(key)
        found = value[:LONGEST_LIST] if isinstance(value, list) else []
        return [self._as_part(f"{key}[{at}]", one) for at, one in enumerate(found) if isinstance(one, dict)]

    def part(self, key: str) -> "Payload":
        return self._present(key, self.part_or_none(key))

    def part_or_none(self, key: str) -> "Payload | None":
        value = self._fields.get(key)
        return None if value is None else self._as_part(key, value)

    def parts(self, key: str) -> list["Payload"]:
        return [self._as_part(f"{key}[{at}]", value) for at, value in enumerate(self._list(key))]

    def _present(self, key: str, value: T | None) -> T:
        return self.refuse(key, "is missing") if value is None else value

    def _list(self, key: str) -> list[object]:
        value = self._fields.get(key)
        if not isinstance(value, list):
            return [] if value is None else self.refuse(key, "is no list")
        return value if len(value) <= LONGEST_LIST else self.refuse(key, "is longer than any shop's")

    def _as_part(self, key: str, value: object) -> "Payload":
        if not isinstance(value, dict):
            self.refuse(key, "is no object")
        return Payload(self.topic, value, self.shop, f"{self._path}{key}.")

    def _as_ref(self, key: str, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            self.refuse(key, "is no id")
        ref = storable(str(value)).strip()
        if len(ref) > LONGEST_REF or ref.startswith("-"):
            self.refuse(key, "is no id")
        return None if ref in ("", "0") else ref


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def storable(text: str) -> str:
    """Without what JSON can carry and no database can keep: NUL and halves of
    surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
