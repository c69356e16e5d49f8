"""What Companions must do: our own piece that a shop may have installed.

It hears what the platform itself tells nobody, and shows our pages in the
shop's admin. We introduce ourselves to it with the keys the shop gave us.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from integrations.roles import Access


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a companion must know of us: where we are, what we call its shop's
    owner, where it reports, the secret it signs with (never logged), and what
    shoppers agree to, by language."""

    address: str
    merchant: str
    door: str
    secret: str = field(repr=False)
    wording: Mapping[str, str]

    @property
    def mark(self) -> str:
        """By what the companion says which introduction it has."""
        told = [self.address, self.merchant, self.door, self.secret, sorted(self.wording.items())]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Companion:
    """What a companion says of itself. `page` is where our pages are shown in
    the shop's admin; `waiting` reports are still to come, `dropped` never will."""

    version: str
    mark: str
    page: str
    waiting: int = 0
    dropped: int = 0


class Companions(Protocol):
    """One platform's. Raises as LiveShop does where it asks a shop."""

    key: str

    def find(self, access: Access) -> Companion | None:
        """None where the shop has none installed."""
        ...

    def introduce(self, access: Access, told: Introduction) -> Companion: ...

    def forget(self, access: Access) -> None:
        """Where there is one, it knows us no more."""
        ...
