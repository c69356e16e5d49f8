"""What a Shop must do that is connected over the network, beside answering:
its tokens, what is read back, its webhooks, its consents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from core.events import Event, LookUp
from integrations.roles import Access, LiveShop


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a platform's token endpoint gave; never logged. Times are real;
    None where the token or the refreshing of it has no end."""

    access: str = field(repr=False)
    expires_at: datetime | None = None
    refresh: str | None = field(default=None, repr=False)
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What the shop says of itself; `meta` is kept with the connection."""

    domain: str
    shop_id: str | None
    name: str
    currency: str
    timezone: str
    country: str | None = None
    locale: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """Something that is read back from the shop regularly, because webhooks
    get lost: `name` is unique per platform, `every` how often, `since` how far
    back the very first reading goes."""

    name: str
    every: timedelta
    since: timedelta


@dataclass(frozen=True, slots=True)
class Portion:
    """One page of a reading. `mark` is where the next page begins and, with
    `more` false, where the next reading does; opaque to everybody else. A page
    read twice does no harm."""

    events: tuple[Event | LookUp, ...]
    mark: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook as the shop has it. `state` is "active", "declared" (comes
    with the app and can't be asked about), "disabled" or "missing"."""

    topic: str
    state: Literal["active", "declared", "disabled", "missing"]


@dataclass(frozen=True, slots=True)
class ConsentWrite:
    """A person's decision, to be written back where the shop keeps consent.
    `at` is when she decided."""

    email: str
    customer_ref: str | None
    state: Literal["opted_in", "opted_out"]
    at: datetime


class ConnectedShop(LiveShop, Protocol):
    """A shop somewhere else, reached with a token. Raises as LiveShop does.
    `keeps_consent` says that the platform keeps who may be written to,
    `past_limits` (English, German) what it can't tell of the time before us."""

    readings: tuple[Reading, ...]
    keeps_consent: bool
    past_limits: tuple[str, str]

    def renew(self, domain: str, refresh: str) -> Tokens:
        """A new pair for a token that ends. NeedsMerchant: the refreshing has
        ended too. Only asked of platforms whose tokens end."""
        ...

    def profile(self, access: Access) -> Profile: ...

    def read_back(self, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
        """The next page of the reading: from `mark`, or from `began` (real
        time, the first reading's beginning) where there is none yet."""
        ...

    def gone(self, access: Access, kind: Literal["order", "product"], refs: Sequence[str]) -> Sequence[str]:
        """Those of these subjects that the shop has no more, trashed ones too."""
        ...

    def count_orders(self, access: Access, since: datetime) -> int:
        """The shop's own count of orders placed since then (drafts and unpaid
        carts left out)."""
        ...

    def hooks(self, access: Access, url: str) -> Sequence[Hook]:
        """The webhooks that lead to `url`, as the shop has them."""
        ...

    def mend_hooks(self, access: Access, url: str, secret: str) -> Sequence[Hook]:
        """Make what is missing, make disabled ones anew, delete doubled ones;
        what the shop has afterwards. Nothing to do: nothing is changed."""
        ...

    def drop_hooks(self, access: Access, url: str) -> None: ...

    def report_views(self, access: Access, url: str) -> None:
        """Have the shop's pages tell `url` what is looked at, where the platform has
        a way to and the shopper allows it. Nothing to do: nothing is changed."""
        ...

    def write_consent(self, access: Access, consent: ConsentWrite) -> None:
        """Where the shop keeps consent; a person it does not know is left alone."""
        ...
