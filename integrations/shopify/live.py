"""Shopify as a shop that can be asked and changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Self

from core.errors import Permanent
from core.events import Event, LookUp
from core.http import HttpClient
from core.runtime import Runtime
from integrations.live import ConsentWrite, Hook, Portion, Profile, Tokens
from integrations.roles import Access, Answer, DiscountOrder, Question
from integrations.shopify import consent_writing, last_moment, look_ups, oauth, pixel, read_back
from integrations.shopify.api import Api
from integrations.shopify.discounts import Discounts
from integrations.shopify.documents import ORDERS_COUNT, SHOP, STILL_THERE
from integrations.shopify.fragments import REFS_AT_ONCE
from integrations.shopify.nodes import gids, number, portions
from integrations.shopify.topics import READERS

KINDS = {"order": "Order", "product": "Product"}


class ShopifyLive:
    """One per process: what the shops let us ask is counted here for all threads."""

    readings = read_back.READINGS
    keeps_consent = True
    past_limits = (
        (
            "Of the time before Kontor was connected, Shopify only tells of checkouts that were still open "
            "and in which somebody had typed an address."
        ),
        (
            "Aus der Zeit vor der Verbindung mit Kontor nennt Shopify nur Checkouts, die noch offen waren "
            "und in denen eine Adresse eingetragen war."
        ),
    )

    def __init__(
        self, client: HttpClient, wait: Callable[[float], None] = time.sleep, app: oauth.App | None = None
    ) -> None:
        self._client, self._app = client, app
        self._api = Api(client, wait)
        self._discounts = Discounts(self._api, wait)

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        config = runtime.config
        app = oauth.App(config.shopify_client_id or "", config.shopify_client_secrets)
        return cls(HttpClient.of(config), app=app)

    def renew(self, domain: str, refresh: str) -> Tokens:
        if self._app is None:
            raise Permanent("no app was given to renew tokens with")
        return oauth.refresh(self._client, self._app, domain, refresh)

    def profile(self, access: Access) -> Profile:
        shop = self._api.ask(access, SHOP)["shop"]
        return Profile(
            domain=shop["myshopifyDomain"].lower(),
            shop_id=number(shop["id"]),
            name=shop["name"],
            currency=shop["currencyCode"],
            timezone=shop["ianaTimezone"],
            country=shop["shopAddress"]["countryCodeV2"],
            meta={
                "primary_domain": shop["primaryDomain"]["host"],
                "contact_email": shop["contactEmail"],
                "plan": shop["plan"]["publicDisplayName"],
            },
        )

    def read_back(self, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
        return read_back.read_back(self._api, access, reading, mark, began)

    def gone(self, access: Access, kind: Literal["order", "product"], refs: Sequence[str]) -> Sequence[str]:
        """Shopify shows an app no order older than 60 days: such a one looks
        gone, and must not be asked about."""
        missing: list[str] = []
        for some in portions(refs, REFS_AT_ONCE):
            nodes = self._api.ask(access, STILL_THERE, ids=gids(KINDS[kind], some))["nodes"]
            there = {number(node["id"]) for node in nodes if node}
            missing += [ref for ref in some if ref not in there]
        return missing

    def count_orders(self, access: Access, since: datetime) -> int:
        search = f"processed_at:>='{last_moment.moment(since)}'"
        counted = self._api.ask(access, ORDERS_COUNT, search=search)["ordersCount"]
        return int(counted["count"]) if counted else 0

    def hooks(self, access: Access, url: str) -> Sequence[Hook]:
        """They come with the app, the same for every shop, and can't be asked about."""
        return [Hook(topic, "declared") for topic in READERS]

    def mend_hooks(self, access: Access, url: str, secret: str) -> Sequence[Hook]:
        return self.hooks(access, url)

    def drop_hooks(self, access: Access, url: str) -> None:
        """They end with the installation."""

    def report_views(self, access: Access, url: str) -> None:
        pixel.report_views(self._api, access, url)

    def write_consent(self, access: Access, consent: ConsentWrite) -> None:
        consent_writing.write_consent(self._api, access, consent)

    def ask(self, access: Access, question: Question) -> Answer:
        return last_moment.ask(self._api, access, question)

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
        return look_ups.look_up(self._api, access, wanted)

    def create_discount(self, access: Access, order: DiscountOrder) -> None:
        self._discounts.create(access, order)

    def has_discount(self, access: Access, code: str) -> bool:
        return self._discounts.has(access, code)

    def remove_discount(self, access: Access, code: str) -> None:
        self._discounts.remove(access, code)
