"""What a SelfHosted must do: a platform whose stores stand at addresses of their own.

A store is found by the address that its owner types. She approves in the store
itself, whose server then hands over keys; they are worth nothing before they
have opened that very store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import NeedsMerchant, Permanent
from integrations.live import Profile
from integrations.roles import Access


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a store can't be connected or called, with the sentence that says
    what to change. `word` is what is stored and tested; `address` is the one
    that the sentences name, if they name any."""

    word: str
    english: str
    german: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A store: `domain` names it, however it was typed; `meta` is what calls
    to it must know besides, and may hold more than the platform put there."""

    domain: str
    name: str
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the store says in the address by which it leads its owner back;
    `state` is the one we gave it, "" if there is none."""

    state: str
    declined: bool


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a store's server sent; `state` is the one we gave it, `token` is never logged."""

    state: str
    token: str = field(repr=False)
    may_write: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """What the store said when its keys opened it: `access` opens it again."""

    access: Access
    profile: Profile
    is_owners: bool


class SelfHosted(Protocol):
    """One platform's. Raises as LiveShop does where it asks a store."""

    key: str
    title: str
    # Where a store lists the keys it gave: in English, in German.
    keys_at: tuple[str, str]

    def domain(self, typed: str) -> str | Problem:
        """By what name a store would be called that was typed so; nobody is asked."""
        ...

    def find(self, typed: str) -> Found | Problem:
        """The store that is meant. Nothing secret is sent to it."""
        ...

    def approval_url(self, found: Found, *, state: str, back: str, callback: str) -> str:
        """Where its owner approves. The keys are then sent to `callback` with
        the state, and she is led `back`."""
        ...

    def returned(self, query: Mapping[str, str]) -> Returned: ...

    def handed_over(self, body: bytes) -> HandedOver:
        """Raises Unreadable, and no sentence of it names a value."""
        ...

    def prove(self, found: Found, token: str, email: str) -> Proven | Problem:
        """Open the store with its keys. `email` is hers at once where it is
        that of somebody who runs the store."""
        ...

    def refused(self, error: NeedsMerchant | Permanent, domain: str) -> Problem:
        """What a store's refusal means to its owner."""
        ...

    def problem(self, word: str) -> Problem | None:
        """The problem that is stored as `word`; None for any other word."""
        ...
