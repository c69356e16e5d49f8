"""What a Shop and a Channel must do, and the plain types exchanged with them.

A vendor's folder implements these; the engine and the web know nothing else
of a vendor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from core.config import Config
from core.events import Cart, Event, LookUp, Order, Stock
from core.money import Money


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request on plain types; header names are lower-case.

    `address` is what follows the platform's webhook path, "" if nothing does.
    """

    headers: Mapping[str, str]
    body: bytes
    address: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the door writes beside the raw body, read from headers alone.

    `dedupe` is unique per merchant: the same delivery twice has it twice.
    `about_orders` makes messages about buying wait until this is read.
    """

    topic: str
    dedupe: str
    about_orders: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """A shop made up for development, as its platform would be connected.
    `secret` is None where the platform signs for all shops alike;
    `keeps_consent` says that the platform itself keeps who may be written to."""

    address: str
    domain: str
    currency: str
    shop_id: str | None = None
    secret: str | None = None
    keeps_consent: bool = False


@dataclass(frozen=True, slots=True)
class ShopIdentity:
    """Which shop a stored body must belong to, for readers."""

    domain: str
    shop_id: str | None
    currency: str


@dataclass(frozen=True, slots=True)
class Access:
    """An opened connection: `token` is decrypted and must never be logged."""

    merchant_id: int
    identity: ShopIdentity
    token: str | None
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Buyer:
    """By what an order of this person would be recognised in the shop.

    `since` is the first activity of the cart in question.
    """

    since: datetime
    email: str | None
    customer_ref: str | None
    cart_ref: str | None
    cart_token: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """Everything one batch wants to know of one shop."""

    buyers: tuple[Buyer, ...] = ()
    variant_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shop said: all orders of the buyers asked about, the stock of
    the variants asked about (absent: the variant is gone)."""

    orders: tuple[Order, ...] = ()
    stock: Mapping[str, Stock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiscountOrder:
    """A code to be made: `percent` or `amount` or free shipping, once, until
    `ends_at`. `code` was stored before the call and names it for ever. A shop
    that keeps many codes in one discount keeps those of one `flow` together."""

    code: str
    kind: Literal["percent", "amount", "free_shipping"]
    value: int
    currency: str
    ends_at: datetime
    minimum: Money | None = None
    email: str | None = None
    flow: str = ""


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


class LiveShop(Protocol):
    """A shop that can be asked and changed. Raises Retryable, Permanent,
    NeedsMerchant and, where something was changed, InDoubt; no transaction is
    open while one of these runs."""

    readings: tuple[Reading, ...]

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

    def write_consent(self, access: Access, consent: ConsentWrite) -> None:
        """Where the shop keeps consent; a person it does not know is left alone."""
        ...

    def ask(self, access: Access, question: Question) -> Answer: ...

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
        """Answers for those found; a subject that is gone is absent."""
        ...

    def create_discount(self, access: Access, order: DiscountOrder) -> None: ...

    def has_discount(self, access: Access, code: str) -> bool: ...

    def remove_discount(self, access: Access, code: str) -> None: ...


class Shop(Protocol):
    """A shop platform: its door and its reader."""

    key: str

    def identify(self, request: Request) -> str | None:
        """The address under which the connection is stored: the random path
        of one store, or the shop's domain; None if the request names none."""
        ...

    def app_secrets(self, config: Config) -> tuple[str, ...]:
        """Secrets that sign for all shops of this platform, newest first;
        empty where each connection has its own."""
        ...

    def is_ping(self, request: Request) -> bool:
        """A greeting that carries nothing and is not signed."""
        ...

    def verify(self, request: Request, secrets: Sequence[str]) -> None:
        """Raises WebhookRejected(401) unless one secret signed the raw body."""
        ...

    def envelope(self, request: Request) -> Envelope: ...

    def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
        """Pure. Unknown topic: empty list. Raises Unreadable."""
        ...

    def cart_link(self, cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
        """Where the shopper gets the cart back, best way first."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to go. `key` is the effect's and unique for ever;
    `headers` are the extra ones (List-Unsubscribe and the like)."""

    key: str
    message_id: str
    sender_name: str
    sender_address: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """A way to reach a person. Raises Retryable, Permanent or InDoubt."""

    key: str

    def send(self, message: Message, merchant_id: int) -> str:
        """Hand the message over; the answer names it at the provider."""
        ...

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        """Whether the provider has a message of this key; None: can't tell."""
        ...
