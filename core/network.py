"""The network as outgoing calls may use it: checked addresses, and an end to every call."""

import ipaddress
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2

Resolve = Callable[[str, int], Sequence[str]]
_deadline: ContextVar[float] = ContextVar("deadline")


class ForbiddenAddress(Exception):
    """Nothing was sent: no public address, or a port no shop is at."""


def listens(port: int) -> bool:
    """Whether anybody does, on this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every call, read and write in here ends by then, however slowly the other
    side drips; what is within something else ends with that at the latest."""
    token = _deadline.set(min(time.monotonic() + seconds, _deadline.get(math.inf)))
    try:
        yield
    finally:
        _deadline.reset(token)


class CheckedNetwork(httpcore2.NetworkBackend):
    """Resolves once, checks, and connects to the very address it checked."""

    def __init__(self, allow_private: bool, resolve: Resolve, hosts: Sequence[str] = ()) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._hosts = hosts
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        host, port = elsewhere(self._hosts, host, port)
        _time_left(timeout, httpcore2.ConnectTimeout)
        for address in self._allowed(host, port):
            try:
                left = _time_left(timeout, httpcore2.ConnectTimeout)
                return _Timed(self._plain.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or ForbiddenAddress(host)

    def _allowed(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("no such host") from error
        return [address for address in found if self._allow_private or is_public(address)]


class _Timed(httpcore2.NetworkStream):
    """A stream that knows the deadline of the call it is used by."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _time_left(timeout, httpcore2.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _time_left(timeout: float | None, too_late: type[httpcore2.TimeoutException]) -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise too_late("the call took too long")
    return left if timeout is None else min(left, timeout)


def elsewhere(hosts: Sequence[str], host: str, port: int) -> tuple[str, int]:
    """Where a developer's table of hosts sends this one; the certificate is
    still asked for the name that was called."""
    for entry in hosts:
        name, _, place = entry.partition("=")
        if host == name or (name.startswith("*.") and host.partition(".")[2] == name[2:]):
            address, _, number = place.rpartition(":")
            return address, int(number)
    return host, port


def connected(
    host: str, port: int, timeout: float, *, allow_private: bool, hosts: Sequence[str] = ()
) -> socket.socket:
    """A line to the very address that was checked, for what speaks no HTTP. All
    addresses together have `timeout`: a name may have any number of them.
    Raises ForbiddenAddress, and OSError where nobody answers."""
    host, port = elsewhere(hosts, host, port)
    failure: OSError | None = None
    ends = time.monotonic() + timeout
    for address in (one for one in resolved(host, port) if allow_private or is_public(one)):
        left = ends - time.monotonic()
        if left <= 0:
            break
        try:
            return _line_to(address, port, left, timeout)
        except OSError as error:
            failure = error
    raise failure or ForbiddenAddress(host)


def _line_to(address: str, port: int, left: float, timeout: float) -> socket.socket:
    """Connected in what is `left`; each answer on it may take `timeout`."""
    line = socket.create_connection((address, port), left)
    line.settimeout(timeout)
    return line


def resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def is_public(address: str) -> bool:
    """Whether the whole world reaches it; addresses that wrap an older one are not trusted."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or ip.teredo
        return ip in ipaddress.ip_network("2000::/3") and ip.is_global and not wrapped
    return ip.is_global and not ip.is_multicast
