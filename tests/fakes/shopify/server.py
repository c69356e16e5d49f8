"""The line: HTTPS on loopback, one thread per connection, and everything that can go wrong with a line."""

import socket
import ssl
import tempfile
import threading
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.shopify.handler import Handler
from tests.support.certificates import Authority, make_authority

if TYPE_CHECKING:
    from tests.fakes.shopify.fake import FakeShopify

HOSTS = "*.myshopify.com"


class Server:
    """`certificate` are files with a chain and its key; without them an authority is made."""

    def __init__(self, fake: "FakeShopify", port: int, certificate: tuple[Path, Path] | None) -> None:
        self.closing = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="fake-shopify-")
        self.ca_file: Path | None = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(certificate or self._made()))
        self._http = Listening(fake, self, context, port)
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def _made(self) -> tuple[Path, Path]:
        folder = Path(self._folder.name)
        authority = _authority()
        self.ca_file = folder / "authority.pem"
        self.ca_file.write_bytes(authority.certificate)
        (folder / "host.pem").write_bytes(authority.host_chain)
        return folder / "host.pem", folder / "host.pem"

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join(10)
        self._folder.cleanup()


@cache
def _authority() -> Authority:
    """One for all that this process starts; keys take their time."""
    return make_authority(HOSTS)


def certified(server: Server) -> Path:
    assert server.ca_file is not None, "it was given a certificate; its authority is not known here"
    return server.ca_file


class Listening(ThreadingHTTPServer):
    """Keeps book of its open lines, so that closing leaves none behind."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, fake: "FakeShopify", server: Server, context: ssl.SSLContext, port: int) -> None:
        self.fake, self.of, self._context = fake, server, context
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a slow handshake holds up nobody."""
        request.settimeout(30)
        try:
            line = self._context.wrap_socket(request, server_side=True)
        except OSError:
            return
        self._open.add(line)
        try:
            super().finish_request(line, client_address)
        finally:
            self._open.discard(line)
            line.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else must not be swallowed."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for line in list(self._open):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
