"""What the engine works with: the runtime, the shops, the channel, the flows."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.config import Config
from core.models import Merchant
from core.runtime import Runtime
from core.vault import Vault
from engine.settings_known import KnownSettings, Settings
from flows.flow import Flow
from integrations.companions import Companions
from integrations.live import ConnectedShop
from integrations.roles import Accounts, Channel, LiveShop, MailAccount, Message, Shop


def _silent() -> None:
    """No bell: whoever builds a machine without a queue runs the jobs itself."""


@dataclass(frozen=True)
class Bells:
    """How the engine says "look at the rows" to the queue."""

    inbox: Callable[[], None] = _silent
    due: Callable[[], None] = _silent
    look_ups: Callable[[], None] = _silent
    leases: Callable[[], None] = _silent
    upkeep: Callable[[], None] = _silent


# Accounts at mail servers that are tried at a time, by the threads that serve pages.
MOST_TRIED = 2


class Busy:
    """Which merchants and hosts this process is serving right now.

    One of them holds at most half of the threads, so that a large or a slow
    shop never takes the whole worker; all that send together leave one, so
    that orders are heard while a slow mail server keeps the others. What only
    asks shops may be slow as well: looking up never holds more than half of
    the threads, however many shops there are, and reading back and looking
    after them never more than a quarter. A shop's host belongs to one merchant, so counting
    merchants counts hosts.
    """

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads // 2)
        self._most_sending = max(1, threads - 1)
        self._lock = threading.Lock()
        self._held: Counter[int] = Counter()
        self._sending = 0
        # Two threads that choose at once would both find the merchant's last place free.
        self.choosing = threading.Lock()
        self.asking = threading.BoundedSemaphore(max(1, threads // 2))
        self.upkeep = threading.BoundedSemaphore(max(1, threads // 4))
        self.trying = threading.BoundedSemaphore(MOST_TRIED)

    def full(self) -> list[int]:
        """The merchants that hold their half already."""
        with self._lock:
            return [merchant for merchant, held in self._held.items() if held >= self._most]

    def has_room(self) -> bool:
        with self._lock:
            return self._sending < self._most_sending

    def begin(self, merchant_id: int) -> None:
        """To do a merchant's effects."""
        with self._lock:
            self._held[merchant_id] += 1
            self._sending += 1

    def end(self, merchant_id: int) -> None:
        with self._lock:
            self._let_go(merchant_id)
            self._sending -= 1

    @contextmanager
    def serving(self, merchant_id: int) -> Iterator[None]:
        """Her shop is asked; nothing is sent."""
        with self._lock:
            self._held[merchant_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._let_go(merchant_id)

    def _let_go(self, merchant_id: int) -> None:
        """Whom nothing is done for is not remembered."""
        self._held[merchant_id] -= 1
        if not self._held[merchant_id]:
            del self._held[merchant_id]


@dataclass(frozen=True)
class Machine:
    """Built once per process by app.py (or by a test) and handed down."""

    runtime: Runtime
    shops: Mapping[str, Shop]
    live: Mapping[str, LiveShop]
    channel: Channel
    flows: Mapping[str, Flow]
    bells: Bells = field(default_factory=Bells)
    busy: Busy = field(default_factory=lambda: Busy(4))
    # Shops reached over the network; each of them is among `live` too.
    connected: Mapping[str, ConnectedShop] = field(default_factory=dict)
    # Platforms that never write by the common channel.
    own_channels: Mapping[str, Channel] = field(default_factory=dict)
    # Merchants' own accounts at mail servers; None where nobody may have one.
    accounts: Accounts | None = None
    # Our own pieces that shops may have installed, by platform.
    companions: Mapping[str, Companions] = field(default_factory=dict)
    # Set when the process is asked to end: what is begun is finished, nothing else is begun.
    stopping: threading.Event = field(default_factory=threading.Event)
    known_settings: KnownSettings = field(default_factory=KnownSettings)

    def channel_for(self, platform: str) -> Channel:
        """The channel that a shop of this platform writes by."""
        return self.own_channels.get(platform, self.channel)

    def settings_of(self, session: Session, merchant_id: int, rev: int) -> Settings:
        """What counts for the shop and in each of the flows; `rev` is the
        merchant's `settings_rev`, read by this very transaction."""
        return self.known_settings.of(session, merchant_id, rev, self.flows.values())

    def may_have_account(self, platform: str) -> bool:
        """Whoever never writes by the common channel writes to no server of her own either."""
        return self.accounts is not None and platform not in self.own_channels

    def send(self, message: Message, merchant: Merchant, account: MailAccount | None) -> str:
        """By her own account, if she writes by one."""
        if account is not None and self.accounts is not None and self.may_have_account(merchant.platform):
            return self.accounts.send(message, merchant.id, account)
        return self.channel_for(merchant.platform).send(message, merchant.id)

    @property
    def config(self) -> Config:
        return self.runtime.config

    @property
    def db(self) -> Engine:
        return self.runtime.db

    @property
    def vault(self) -> Vault:
        return self.runtime.vault
