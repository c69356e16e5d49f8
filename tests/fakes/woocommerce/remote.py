"""How WordPress calls others: which addresses it refuses, and what it does with a redirect."""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from tests.fakes.woocommerce.messages import Pairs
from tests.fakes.woocommerce.site import Site

PORTS = (80, 443, 8080)
MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Answer:
    """`status` is None where none came; `refused` says that nothing was sent."""

    status: int | None
    why: str = ""
    refused: bool = False


class Remote:
    """Safe remote requests; `authorities` are trusted beside the machine's own."""

    def __init__(self, site: Site, authorities: Sequence[bytes]) -> None:
        self._site = site
        self._tls = ssl.create_default_context()
        for authority in authorities:
            self._tls.load_verify_locations(cadata=authority.decode())

    def post(self, url: str, headers: Pairs, body: bytes, seconds: float, follow: bool) -> Answer:
        method = "POST"
        for _ in range(MOST_REDIRECTS + 1):
            if not self._allows(url):
                return Answer(None, "A valid URL was not provided.", refused=True)
            try:
                status, location = self._send(method, url, headers, body, seconds)
            except (OSError, http.client.HTTPException) as error:
                return Answer(None, type(error).__name__)
            if not follow or not location or status not in (301, 302, 303, 307, 308):
                return Answer(status)
            method = "GET" if status in (301, 302, 303) else method
            url = urljoin(url, location)
        return Answer(None, "Too many redirects.")

    def _send(
        self, method: str, url: str, headers: Pairs, body: bytes, seconds: float
    ) -> tuple[int, str | None]:
        """The body goes with a redirected GET too."""
        parts = urlsplit(url)
        line = self._line(parts, seconds)
        try:
            line.putrequest(
                method,
                f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
                skip_accept_encoding=True,
            )
            for name, value in headers:
                line.putheader(name, value)
            line.endheaders(body)
            answer = line.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location")
        finally:
            line.close()

    def _line(self, parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=self._tls)
        return http.client.HTTPConnection(host, parts.port, timeout=seconds)

    def _allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            return False
        if self._site.allowances:
            return True
        own = parts.hostname == self._site.host
        if not own and _is_private(parts.hostname):
            return False
        return port is None or port in PORTS or (own and port == self._site.port)


def _is_private(host: str) -> bool:
    """A name that leads nowhere is refused as well."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return True
    return any(ipaddress.ip_address(address).is_private for address in found)
