"""What a Shop and a Channel must do, and the plain types exchanged with them.

A vendor's folder implements these; the engine and the web know nothing else
of a vendor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    `secret` is None where the platform signs for all shops alike."""

    address: str
    domain: str
    currency: str
    shop_id: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A webhook as a file keeps it, for sending it again. `topic` is "" where
    the file does not tell it; `headers` are there for real captures."""

    topic: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


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


class LiveShop(Protocol):
    """A shop that can be asked and changed. Raises Retryable, Permanent,
    NeedsMerchant and, where something was changed, InDoubt; no transaction is
    open while one of these runs."""

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

    def product_link(self, url: str | None, variant_ref: str, shop: ShopIdentity) -> str | None:
        """The page of a product, `url`, with this variant chosen where it can be."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to go. `key` is the effect's and unique for ever;
    `headers` are the extra ones (List-Unsubscribe and the like); it comes back
    to `returns_to` where it can't be delivered."""

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
    returns_to: str | None = None


@dataclass(frozen=True, slots=True)
class MailAccount:
    """A merchant's own account at a mail server, which she writes by from
    `sender`; `password` must never be logged. `entered` tells one that she has
    entered anew, with the same words, from the one before."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str
    entered: str = ""


class Accounts(Protocol):
    """Sends by a merchant's own account. Raises what a Channel raises, and
    AccountRefused where only she can mend it."""

    def send(self, message: Message, merchant_id: int, account: MailAccount) -> str: ...


class Channel(Protocol):
    """A way to reach a person. Raises Retryable, Permanent or InDoubt."""

    key: str

    def send(self, message: Message, merchant_id: int) -> str:
        """Hand the message over; the answer names it at the provider."""
        ...

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        """Whether the provider has a message of this key; None: can't tell."""
        ...
