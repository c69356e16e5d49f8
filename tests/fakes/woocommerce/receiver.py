"""Somebody whom the shop calls: keeps what came and answers as told."""

import ssl
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.woocommerce.faults import Faults
from tests.fakes.woocommerce.messages import Reply, Request
from tests.fakes.woocommerce.server import Asked, Front, Server, tls_context
from tests.support.certificates import Authority


@dataclass
class Receiver:
    """`statuses` are used up in their order, then it is 200; a redirect leads to `location`."""

    statuses: list[int] = field(default_factory=list)
    location: str = ""
    url: str = ""
    front: Front = field(init=False)

    def __post_init__(self) -> None:
        self.front = Front("", self._answer, self._answer, Faults())

    @property
    def came(self) -> Sequence[Asked]:
        return self.front.asked

    def _answer(self, request: Request) -> Reply:
        status = self.statuses.pop(0) if self.statuses else 200
        moved = [("Location", self.location)] if 300 <= status < 400 else []
        return Reply(status, b"", moved)


@contextmanager
def receiver(statuses: Sequence[int] = (), authority: Authority | None = None) -> Iterator[Receiver]:
    """Over TLS where an authority is given, whose host it then is."""
    one = Receiver(list(statuses))
    server = Server(one.front, 0, _tls(authority) if authority else None)
    scheme, host = ("https", "localhost") if authority else ("http", "127.0.0.1")
    one.url = f"{scheme}://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _tls(authority: Authority) -> ssl.SSLContext:
    with tempfile.TemporaryDirectory(prefix="receiver-") as folder:
        chain = Path(folder, "chain.pem")
        chain.write_bytes(authority.host_chain)
        return tls_context(chain)
