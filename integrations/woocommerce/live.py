"""WooCommerce as a shop that can be asked and changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from core.errors import Permanent
from core.events import Event, LookUp
from core.http import HttpClient
from core.runtime import Runtime
from integrations.live import ConsentWrite, Hook, Portion, Profile, Tokens
from integrations.roles import Access, Answer, DiscountOrder, Question
from integrations.woocommerce import (
    catalogue,
    coupons,
    hooks,
    look_ups,
    modified,
    profile,
    purchases,
    readings,
)
from integrations.woocommerce.api import StoreApi

UNSOLD = "checkout-draft,pending,failed"


class WooCommerceLive:
    """`Access.token` is "ck_…:cs_…"; `Access.meta` may hold "version", "auth"
    ("query" where the host cuts off the Authorization header) and "entry"
    ("index.php" where the store has no rewriting)."""

    readings = readings.ALL
    keeps_consent = False
    # A draft is removed a day after its last change, and a classic checkout never is one.
    past_limits = (
        (
            "WooCommerce deletes a checkout about a day after it was left. What was left before Kontor was "
            "connected is therefore missing here."
        ),
        (
            "WooCommerce löscht einen Checkout etwa einen Tag, nachdem er verlassen wurde. Was vor der "
            "Verbindung mit Kontor liegen blieb, fehlt hier deshalb."
        ),
    )

    def __init__(self, runtime: Runtime) -> None:
        self._client = HttpClient.of(runtime.config)

    def renew(self, domain: str, refresh: str) -> Tokens:
        raise Permanent("the keys of a store have no end")

    def profile(self, access: Access) -> Profile:
        return profile.read(self._api(access), access)

    def read_back(self, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
        return readings.portion(self._api(access), access, reading, mark, began)

    def gone(self, access: Access, kind: Literal["order", "product"], refs: Sequence[str]) -> Sequence[str]:
        there = catalogue.rows_of(self._api(access), f"{kind}s", refs, "id,status")
        return [ref for ref in refs if ref not in there]

    def count_orders(self, access: Access, since: datetime) -> int:
        """Plugins add statuses: so all are counted, less those not sold."""
        api = self._api(access)
        return max(_counted(api, since, "any") - _counted(api, since, UNSOLD), 0)

    def hooks(self, access: Access, url: str) -> Sequence[Hook]:
        return hooks.seen(self._api(access), url)

    def mend_hooks(self, access: Access, url: str, secret: str) -> Sequence[Hook]:
        return hooks.mend(self._api(access), url, secret)

    def drop_hooks(self, access: Access, url: str) -> None:
        hooks.drop(self._api(access), url)

    def report_views(self, access: Access, url: str) -> None:
        """WooCommerce has no way by which pages tell with the shopper's leave."""

    def write_consent(self, access: Access, consent: ConsentWrite) -> None:
        """WooCommerce keeps no consent; Kontor's own record stands."""

    def ask(self, access: Access, question: Question) -> Answer:
        api = self._api(access)
        orders = purchases.of_buyers(api, question.buyers, access.identity)
        return Answer(orders, catalogue.stock(api, question.variant_refs, access.identity))

    def look_up(self, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
        return look_ups.answered(self._api(access), access, wanted)

    def create_discount(self, access: Access, order: DiscountOrder) -> None:
        coupons.create(self._api(access), order)

    def has_discount(self, access: Access, code: str) -> bool:
        return bool(coupons.named(self._api(access), code))

    def remove_discount(self, access: Access, code: str) -> None:
        coupons.remove(self._api(access), code)

    def _api(self, access: Access) -> StoreApi:
        return StoreApi.of(self._client, access)


def _counted(api: StoreApi, since: datetime, status: str) -> int:
    return api.count("orders", status=status, after=modified.moment(since), dates_are_gmt="true")
