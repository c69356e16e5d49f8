"""Outgoing HTTP: timeouts, a size limit, no redirects, public addresses only.

What comes back is sorted by what happens next:

| came back | a call that only asks | a call that changes something |
|---|---|---|
| no connection, 408, 425, 429, 503 | Retryable | Retryable |
| 401, 403 | NeedsMerchant | NeedsMerchant |
| silence or a broken line, other 5xx, an answer beyond the limits | Retryable | InDoubt |
| a redirect, other 4xx, a forbidden address, nothing that could be sent | Permanent | Permanent |
"""

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self

import httpcore2
import httpx2

from core import clock
from core.config import Config
from core.errors import InDoubt, KontorError, NeedsMerchant, Permanent, Refusal, Retryable, TimedOut
from core.network import CheckedNetwork, ForbiddenAddress, Resolve, resolved, within

MAX_BYTES = 10 * 1024 * 1024
TOTAL_SECONDS = 30.0
TIMEOUTS = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 5.0}
PORTS = (80, 443)
LONGEST_WAIT = timedelta(days=1)
ASKING = ("GET", "HEAD", "OPTIONS")
REFUSAL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status of success, read to its end; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ValueError."""
        return json.loads(self.body)


class HttpClient:
    """One per process; its connections are shared by all threads, cookies are never kept."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        extra_ca_file: Path | None = None,
        max_bytes: int = MAX_BYTES,
        resolve: Resolve | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        self._allow_private = allow_private
        self._max_bytes = max_bytes
        self._pool = httpcore2.ConnectionPool(
            ssl_context=authorities(extra_ca_file),
            max_connections=100,
            keepalive_expiry=5.0,
            network_backend=CheckedNetwork(allow_private, resolve or resolved, hosts),
        )

    @classmethod
    def of(cls, config: Config) -> Self:
        return cls(
            allow_private=config.allow_private_shops,
            extra_ca_file=config.extra_ca_file,
            hosts=config.development_hosts,
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: object = None,
        changes: bool | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> Reply:
        """`changes` says whether a lost answer leaves something in doubt; a POST
        that only asks must say False. Raises Retryable, Permanent,
        NeedsMerchant and InDoubt; what the other side said with a status that
        is no success is the error's `refusal`.
        """
        changes = method.upper() not in ASKING if changes is None else changes
        given = {"accept-encoding": "identity", **(headers or {})}
        try:
            request = httpx2.Request(method, url, params=params, headers=given, content=content, json=json)
            self._check(request.url)
            with within(seconds), _failures_sorted(changes):
                reply = self._exchange(request)
        except (httpx2.InvalidURL, ForbiddenAddress, httpcore2.UnsupportedProtocol) as error:
            raise Permanent(f"{type(error).__name__}: this address is not called") from error
        if 200 <= reply.status < 300:
            return reply
        raise _refused(reply, changes)

    def _check(self, url: httpx2.URL) -> None:
        if not url.host:
            raise ForbiddenAddress("no host")
        port = url.port or {"http": 80, "https": 443}.get(url.scheme)
        if port not in PORTS and not self._allow_private:
            raise ForbiddenAddress(f"port {port}")

    def _exchange(self, request: httpx2.Request) -> Reply:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with self._pool.stream(
            request.method,
            url,
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": TIMEOUTS},
        ) as response:
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
            }
            return Reply(response.status, headers, self._limited(response, headers))

    def _limited(self, response: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
        """What is packed is not unpacked: a small packet may hold a very large one."""
        if headers.get("content-encoding", "identity") != "identity":
            raise _BeyondLimits("an answer packed against our word")
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > self._max_bytes:
                raise _BeyondLimits("an answer too large")
        return bytes(body)

    def close(self) -> None:
        self._pool.close()


class _BeyondLimits(Exception):
    """An answer came and was not read to its end."""


@contextmanager
def _failures_sorted(changes: bool) -> Iterator[None]:
    try:
        yield
    except httpcore2.ConnectTimeout as error:
        raise TimedOut("no connection in time") from error
    except (httpcore2.ConnectError, httpcore2.PoolTimeout) as error:
        raise Retryable(f"no connection: {type(error).__name__}") from error
    except httpcore2.LocalProtocolError:
        # The library's own sentence repeats the header, which may be a token.
        raise Permanent("no request could be made of this") from None
    except httpcore2.TimeoutException as error:
        raise (InDoubt if changes else TimedOut)("no answer in time") from error
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        _BeyondLimits,
    ) as error:
        raise _lost(f"no usable answer: {type(error).__name__}", changes) from error


def _lost(why: str, changes: bool) -> InDoubt | Retryable:
    return InDoubt(why) if changes else Retryable(why)


def _refused(reply: Reply, changes: bool) -> KontorError:
    error = _sorted(reply, changes)
    error.refusal = Refusal(reply.status, reply.headers, reply.body[:REFUSAL_BYTES])
    return error


def _sorted(reply: Reply, changes: bool) -> KontorError:
    why = f"answered {reply.status}"
    if reply.status in (401, 403):
        return NeedsMerchant(why)
    if reply.status in (408, 425, 429, 503):
        return Retryable(why, _retry_after(reply))
    return _lost(why, changes) if reply.status >= 500 else Permanent(why)


def _retry_after(reply: Reply) -> timedelta | None:
    """Seconds or a date; nonsense counts as not said."""
    said = reply.headers.get("retry-after", "").strip()
    try:
        wait = timedelta(seconds=float(said)) if said[:1].isdigit() else _until(said)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _until(date: str) -> timedelta:
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - clock.now()


def authorities(extra_ca_file: Path | None) -> ssl.SSLContext:
    """Whom we believe: the usual ones, and one more where it is given."""
    context = httpx2.create_ssl_context(trust_env=False)
    if extra_ca_file is not None:
        context.load_verify_locations(extra_ca_file)
    return context
