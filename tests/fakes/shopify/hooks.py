"""Webhooks on their way to the app: signed as Shopify signs, and lost, doubled or shuffled on demand."""

import base64
import hashlib
import hmac
import http.client
import json
import random
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Post = Callable[[Mapping[str, str], bytes], int]
MOST_TRIES = 9  # Once, and eight times more.
WITHIN_SECONDS = 5.0


@dataclass
class Delivery:
    """One delivery; sent again it is the same to the last byte."""

    topic: str
    shop: str
    headers: dict[str, str]
    body: bytes
    statuses: list[int | None] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Only 2xx counts; a redirect or silence is a failure."""
        return bool(self.statuses) and 200 <= (self.statuses[-1] or 0) < 300

    @property
    def given_up(self) -> bool:
        return not self.accepted and len(self.statuses) >= MOST_TRIES

    def payload(self) -> Any:
        return json.loads(self.body)


@dataclass
class Hooks:
    """`lose` and `double` are shares of one; while `holding`, deliveries wait
    for `release`. `topics` limits what the app has subscribed to; `post` may
    hand a delivery to something else than the network."""

    secret: str
    url: str
    api_version: str
    now: Callable[[], datetime]
    ca_file: Path | None = None
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    lose: float = 0.0
    double: float = 0.0
    holding: bool = False
    delay: float = 0.0
    topics: frozenset[str] | None = None
    post: Post | None = None
    sent: list[Delivery] = field(default_factory=list)
    lost: list[Delivery] = field(default_factory=list)
    held: list[Delivery] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(
        self, shop: str, topic: str, payload: Mapping[str, Any] | bytes, event_id: str | None = None
    ) -> Delivery | None:
        """None: nobody subscribed to this topic."""
        if self.topics is not None and topic not in self.topics:
            return None
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        delivery = Delivery(topic, shop, self.headers(shop, topic, body, event_id), body)
        self._fate(delivery)
        return delivery

    def headers(self, shop: str, topic: str, body: bytes, event_id: str | None = None) -> dict[str, str]:
        """Only the body is signed; shop, topic and ids are not."""
        triggered = self.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(body, self.secret),
            "X-Shopify-Shop-Domain": shop,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event_id or str(uuid.uuid4()),
            "X-Shopify-Triggered-At": f"{triggered}000Z",
        }

    def _fate(self, delivery: Delivery) -> None:
        with self._lock:
            if self.dice.random() < self.lose:
                self.lost.append(delivery)
                return
            times = 2 if self.dice.random() < self.double else 1
            if self.holding:
                self.held.extend([delivery] * times)
                return
        for _ in range(times):
            self._later(delivery) if self.delay else self.send(delivery)

    def _later(self, delivery: Delivery) -> None:
        timer = threading.Timer(self.delay, self.send, [delivery])
        timer.daemon = True
        timer.start()

    def release(self, shuffled: bool = False) -> int:
        """All that was held goes out now; the number of deliveries made."""
        with self._lock:
            waiting, self.held, self.holding = self.held, [], False
            if shuffled:
                self.dice.shuffle(waiting)
        for delivery in waiting:
            self.send(delivery)
        return len(waiting)

    def retry(self) -> int:
        """What was not accepted goes out again, with the ids it had; after
        eight retries it is given up."""
        failed = [one for one in self.sent if not one.accepted and not one.given_up]
        for delivery in failed:
            self.send(delivery)
        return len(failed)

    def send(self, delivery: Delivery) -> int | None:
        post = self.post or self._over_the_network
        try:
            status: int | None = post(delivery.headers, delivery.body)
        except (OSError, http.client.HTTPException):
            status = None
        with self._lock:
            delivery.statuses.append(status)
            if delivery not in self.sent:
                self.sent.append(delivery)
        return status

    def _over_the_network(self, headers: Mapping[str, str], body: bytes) -> int:
        address = urlsplit(self.url)
        secure = address.scheme == "https"
        line: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                address.hostname or "",
                address.port,
                timeout=WITHIN_SECONDS,
                context=ssl.create_default_context(cafile=self.ca_file),
            )
            if secure
            else http.client.HTTPConnection(address.hostname or "", address.port, timeout=WITHIN_SECONDS)
        )
        try:
            line.request("POST", address.path, body, dict(headers))
            return line.getresponse().status
        finally:
            line.close()


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
