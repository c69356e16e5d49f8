"""WooCommerce's webhooks: a queue of promises, kept late, once, and not always."""

import base64
import hashlib
import hmac
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.woocommerce.messages import Pairs, encoded
from tests.fakes.woocommerce.records import Memory, Webhook
from tests.fakes.woocommerce.remote import Answer, Remote
from tests.fakes.woocommerce.site import ShopClock, Site

MOST_FAILURES = 5
SPECIAL = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#039;": "'", "&amp;": "&"}


@dataclass(frozen=True)
class Delivery:
    """`answer` is None where the delivery was lost on purpose."""

    webhook_id: int
    topic: str
    arg: int
    url: str
    headers: Pairs
    body: bytes
    answer: Answer | None


@dataclass
class Losses:
    """What may go wrong between the shop and us; shares are between 0 and 1.
    The shop believes that a dropped delivery arrived."""

    drop: float = 0.0
    double: float = 0.0
    shuffle: bool = False
    dice: random.Random = field(default_factory=lambda: random.Random(7))


@dataclass
class Hooks:
    site: Site
    clock: ShopClock
    memory: Memory
    remote: Remote
    payload: Callable[[Webhook, int], Any]
    losses: Losses = field(default_factory=Losses)
    queue: list[tuple[int, int]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    pings: list[tuple[int, Answer]] = field(default_factory=list)
    _running: threading.Lock = field(default_factory=threading.Lock)

    @property
    def agent(self) -> str:
        return f"WooCommerce/{self.site.woocommerce} Hookshot (WordPress/{self.site.wordpress})"

    def fire(self, topic: str, arg: int) -> None:
        """Each active webhook of the topic gets a place in the queue; one that
        waits for the same thing already gets no second."""
        for webhook in self.memory.webhooks.values():
            promise = (webhook.id, arg)
            if webhook.topic == topic and webhook.status == "active" and promise not in self.queue:
                self.queue.append(promise)

    def run(self) -> int:
        """Deliver what waits, one after the other; how many were tried."""
        with self._running:
            tried = 0
            for webhook_id, arg in self._take():
                tried += self._keep(webhook_id, arg)
            return tried

    def _take(self) -> list[tuple[int, int]]:
        with self.memory.lock:
            taken, self.queue[:] = list(self.queue), []
            if self.losses.shuffle:
                self.losses.dice.shuffle(taken)
            return taken

    def _keep(self, webhook_id: int, arg: int) -> int:
        """The body says what is so now, not what was so when it was promised. A
        webhook disabled meanwhile delivers what it had promised."""
        with self.memory.lock:
            webhook = self.memory.webhooks.get(webhook_id)
            if webhook is None:
                return 0
            body = encoded(self.payload(webhook, arg))
            headers = self._headers(webhook, body)
        if self.losses.dice.random() < self.losses.drop:
            answer = None
        else:
            answer = self._send(webhook, headers, body)
            if self.losses.dice.random() < self.losses.double:
                self._send(webhook, headers, body)
        with self.memory.lock:
            done = Delivery(webhook.id, webhook.topic, arg, webhook.delivery_url, headers, body, answer)
            self.deliveries.append(done)
        self._settle(webhook, answer.status if answer else 200)
        return 1

    def _send(self, webhook: Webhook, headers: Pairs, body: bytes) -> Answer:
        return self.remote.post(webhook.delivery_url, headers, body, self.site.delivery_seconds, follow=False)

    def _settle(self, webhook: Webhook, status: int | None) -> None:
        with self.memory.lock:
            if status is not None and 200 <= status < 303:
                webhook.failures = 0
            elif webhook.failures > MOST_FAILURES:
                webhook.status = "disabled"
            else:
                webhook.failures += 1
        self.saved(webhook)

    def saved(self, webhook: Webhook, moved: bool = False) -> None:
        """A webhook never greeted is greeted again at each save; no lock is held."""
        if webhook.status == "active" and (moved or not webhook.greeted):
            self.ping(webhook)

    def ping(self, webhook: Webhook) -> None:
        body = f"webhook_id={webhook.id}".encode()
        headers = (
            ("User-Agent", self.agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "deflate, gzip, br, zstd"),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )
        answer = self.remote.post(webhook.delivery_url, headers, body, self.site.ping_seconds, follow=True)
        with self.memory.lock:
            self.pings.append((webhook.id, answer))
            webhook.greeted = webhook.greeted or answer.status == 200

    def _headers(self, webhook: Webhook, body: bytes) -> Pairs:
        resource, _, event = webhook.topic.partition(".")
        return (
            ("User-Agent", self.agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "deflate, gzip, br, zstd"),
            ("Content-Type", "application/json"),
            ("X-WC-Webhook-Source", f"{self.site.home}/"),
            ("X-WC-Webhook-Topic", webhook.topic),
            ("X-WC-Webhook-Resource", resource),
            ("X-WC-Webhook-Event", event),
            ("X-WC-Webhook-Signature", signature(body, webhook.secret)),
            ("X-WC-Webhook-ID", str(webhook.id)),
            ("X-WC-Webhook-Delivery-ID", self._delivery_id(webhook)),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
        )

    def _delivery_id(self, webhook: Webhook) -> str:
        """Made of the webhook and the second, so it is not unique."""
        text = f"{webhook.id}{int(self.clock.now().timestamp())}"
        return hmac.new(b"the salt of this site", text.encode(), hashlib.md5).hexdigest()


def signature(body: bytes, secret: str) -> str:
    """The secret's HTML entities are read as what they stand for before signing."""
    for written, meant in SPECIAL.items():
        secret = secret.replace(written, meant)
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
