"""The handle: one WooCommerce shop that runs, is shopped at, breaks down and is asked what it saw."""

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.woocommerce.control import Control
from tests.fakes.woocommerce.faults import Fault, Faults, Kind
from tests.fakes.woocommerce.hooks import Delivery, Hooks
from tests.fakes.woocommerce.office import Office
from tests.fakes.woocommerce.other_bodies import webhook_body
from tests.fakes.woocommerce.records import Coupon, Key, Memory
from tests.fakes.woocommerce.remote import Remote
from tests.fakes.woocommerce.server import Asked, Front, Server, tls_context
from tests.fakes.woocommerce.site import ShopClock, Site
from tests.fakes.woocommerce.website import Website
from tests.support.certificates import Authority, make_authority

OWNER = ("owner@example.test", "owner", "open-sesame")


class Store(Office):
    """Used in a `with`. `authorities` are certificates (PEM) that the shop
    trusts when it calls others; `ca_file` is its own authority's."""

    def __init__(
        self,
        site: Site,
        authorities: Sequence[bytes] = (),
        authority: Authority | None = None,
        files: tuple[Path, Path | None] | None = None,
    ) -> None:
        clock, memory = ShopClock(site), Memory()
        hooks = Hooks(site, clock, memory, Remote(site, authorities), lambda webhook, arg: None)
        super().__init__(site, clock, memory, hooks)
        self.website = Website(self)
        hooks.payload = self.website.payload
        self.faults = Faults()
        self.front = Front(site.path, self.website.answer, Control(self).answer, self.faults, clock.now)
        self._authority, self._files = authority, files
        self._folder = tempfile.TemporaryDirectory(prefix="woocommerce-")
        self.owner_id = self.add_user(OWNER[0], "administrator", password=OWNER[2])

    def __enter__(self) -> Self:
        tls = None if self.site.plain_http else tls_context(*self._certificate())
        self._server = Server(self.front, self.site.port, tls)
        self.site.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        self._folder.cleanup()

    def _certificate(self) -> tuple[Path, Path | None]:
        if self._files is not None:
            return self._files
        made = self._authority or make_authority(self.site.host)
        self.ca_file.write_bytes(made.certificate)
        chain = Path(self._folder.name, "chain.pem")
        chain.write_bytes(made.host_chain)
        return chain, None

    @property
    def url(self) -> str:
        return self.site.home

    @property
    def ca_file(self) -> Path:
        return Path(self._folder.name, "authority.pem")

    @property
    def asked(self) -> list[Asked]:
        """Every call that came, with its body."""
        return self.front.asked

    @property
    def counts(self) -> Counter[str]:
        """How often each method and path was asked; paths begin after the shop's folder."""
        with self.front.lock:
            return Counter(one.name for one in self.front.asked)

    @property
    def coupons_ever(self) -> list[Coupon]:
        return self.website.coupons.made

    @property
    def deliveries(self) -> list[Delivery]:
        return self.hooks.deliveries

    def new_key(self, permissions: str = "read_write", user_id: int | None = None) -> Key:
        """As made by hand in the shop's office."""
        return self.website.auth.new_key(user_id or self.owner_id, "by hand", permissions)

    def orders(self) -> dict[str, str]:
        """Each order's status."""
        return {str(order.id): order.status for order in self.memory.orders.values()}

    def webhooks(self) -> list[dict[str, Any]]:
        return [webhook_body(one, self.site, self.clock) for one in self.memory.webhooks.values()]

    def run_queue(self) -> int:
        """As WP-Cron does: deliver what waits; how many were tried."""
        self.sweep_drafts()
        return self.hooks.run()

    def trouble(self, kind: Kind, times: int | None = 1, **more: Any) -> None:
        """The next calls, or those that `method` and `path` name, meet this fault."""
        self.faults.waiting.append(Fault(kind, times, **more))

    def calm(self) -> None:
        """No more faults, no more losses."""
        self.faults.waiting.clear()
        self.lose()

    def lose(self, drop: float = 0.0, double: float = 0.0, shuffle: bool = False, seed: int = 7) -> None:
        """What becomes of webhooks from now on; drop and double are shares."""
        losses = self.hooks.losses
        losses.drop, losses.double, losses.shuffle = drop, double, shuffle
        losses.dice.seed(seed)

    def let_twin_coupons_pass(self, times: int = 1) -> None:
        """So many creations see no coupon of that code, as when two come at one instant."""
        self.website.coupons.blind = times

    def set_site(self, **settings: Any) -> None:
        for name, value in settings.items():
            if name not in Site.__dataclass_fields__:
                raise LookupError(f"no setting {name}")
            setattr(self.site, name, value)


@contextmanager
def woocommerce_store(
    *, authorities: Sequence[bytes] = (), authority: Authority | None = None, **settings: Any
) -> Iterator[Store]:
    """A shop on a free loopback port with one owner and nothing for sale;
    `settings` are those of Site."""
    with Store(Site(**settings), authorities, authority) as store:
        yield store
