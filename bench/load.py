"""The load generator, a process of its own: signed webhooks over kept-open lines.

Reads one JSON order from stdin and prints what came of it. Bounded in count
and, by the caller, in time.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Order:
    """`rate` is per second; 0 means as fast as `lines` lines go. `mark` makes
    this order's bodies differ from every other's."""

    port: int
    path: str
    secret: str
    shop: str
    topic: str
    body_file: str
    placeholder: str
    mark: str
    count: int
    lines: int
    rate: float


class Line(asyncio.Protocol):
    """One kept-open connection; sends the next request when it is answered."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._transport: asyncio.WriteTransport | None = None
        self._since = 0.0
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def send(self, request: bytes, since: float) -> None:
        assert self._transport is not None
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._heard = b""
        self._run.answered(self, head[9:12] == b"200", time.perf_counter() - self._since)

    def connection_lost(self, error: Exception | None) -> None:
        self._run.lost(self)


class Run:
    """One order under way."""

    def __init__(self, order: Order, requests: deque[bytes]) -> None:
        self._order = order
        self._requests = requests
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._idle: deque[Line] = deque()
        self._finished = asyncio.Event()
        self.times: list[float] = []
        self.accepted = 0

    async def go(self) -> float:
        loop = asyncio.get_running_loop()
        for _ in range(self._order.lines):
            _, line = await loop.create_connection(lambda: Line(self), HOST, self._order.port)
            self._idle.append(line)
        began = time.perf_counter()
        await (self._paced(began) if self._order.rate else self._flat_out())
        await self._finished.wait()
        return time.perf_counter() - began

    def answered(self, line: Line, accepted: bool, seconds: float) -> None:
        self.accepted += accepted
        self.times.append(seconds)
        self._idle.append(line)
        self._next()
        if len(self.times) >= self._order.count:
            self._finished.set()

    def lost(self, line: Line) -> None:
        """The server ends a line only when it stops: nothing more will come."""
        if len(self.times) < self._order.count:
            self._finished.set()

    async def _flat_out(self) -> None:
        for _ in range(self._order.lines):
            self._next()

    async def _paced(self, began: float) -> None:
        """Each request at its time, whether or not the last was answered; the
        time it waits for a free line counts."""
        for number in range(self._order.count):
            at = began + number / self._order.rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            self._waiting.append((self._requests.popleft(), at))
            self._next()

    def _next(self) -> None:
        if self._order.rate:
            if self._waiting and self._idle:
                self._idle.popleft().send(*self._waiting.popleft())
        elif self._requests and self._idle:
            self._idle.popleft().send(self._requests.popleft(), time.perf_counter())


def requests_of(order: Order) -> deque[bytes]:
    """All requests, signed beforehand: signing is not what is measured."""
    template = Path(order.body_file).read_bytes()
    place = order.placeholder.encode()
    return deque(
        _request(order, template.replace(place, f"{order.mark}{number:08d}".encode()), number)
        for number in range(order.count)
    )


def _request(order: Order, body: bytes, number: int) -> bytes:
    signed = base64.b64encode(hmac.digest(order.secret.encode(), body, hashlib.sha256)).decode()
    head = (
        f"POST {order.path} HTTP/1.1\r\nHost: {HOST}:{order.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: {order.topic}\r\n"
        f"X-Shopify-Hmac-Sha256: {signed}\r\nX-Shopify-Shop-Domain: {order.shop}\r\n"
        f"X-Shopify-Webhook-Id: {order.mark}-{number}\r\nX-Shopify-Event-Id: {order.mark}-{number}\r\n\r\n"
    )
    return head.encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def _main() -> None:
    order = Order(**json.load(sys.stdin))
    run = Run(order, requests_of(order))
    seconds = await run.go()
    print(json.dumps({"accepted": run.accepted, "seconds": seconds, "times": run.times}))


if __name__ == "__main__":
    asyncio.run(_main())
