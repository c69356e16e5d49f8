"""The WordPress plugin of ours that a store may have installed, called with the store's keys."""

from dataclasses import asdict
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from core.errors import KontorError, Permanent
from core.http import HttpClient
from core.runtime import Runtime
from integrations.companions import Companion, Introduction
from integrations.payload import Payload
from integrations.roles import Access
from integrations.woocommerce import refusals
from integrations.woocommerce.api import StoreApi

# WooCommerce checks its keys for every namespace that begins so.
NAMESPACE = "wc-kontor/v1"
ROUTE = "connection"
LONGEST_PAGE = 500


class WooCommerceCompanions:
    """One per process."""

    key = "woocommerce"

    def __init__(self, runtime: Runtime) -> None:
        self._config = runtime.config

    @cached_property
    def _client(self) -> HttpClient:
        """Made for the first store that is called."""
        return HttpClient.of(self._config)

    def find(self, access: Access) -> Companion | None:
        try:
            return _read(access, self._api(access).get(ROUTE).said)
        except KontorError as error:
            if is_not_installed(error):
                return None
            raise

    def introduce(self, access: Access, told: Introduction) -> Companion:
        """Told twice it is the same."""
        body = asdict(told) | {"store": access.identity.domain, "mark": told.mark}
        return _read(access, self._api(access).made(ROUTE, body, changes=False))

    def forget(self, access: Access) -> None:
        try:
            self._api(access).delete(ROUTE, changes=False)
        except KontorError as error:
            if not is_not_installed(error):
                raise

    def _api(self, access: Access) -> StoreApi:
        return StoreApi.of(self._client, access, NAMESPACE)


def is_not_installed(error: KontorError) -> bool:
    """WordPress itself knows no such route."""
    return refusals.code(error.refusal) == "rest_no_route"


def _read(access: Access, said: Any) -> Companion:
    told = Payload(NAMESPACE, said if isinstance(said, dict) else {}, access.identity)
    return Companion(
        version=told.text("version")[:40],
        mark=told.text_or_none("mark") or "",
        page=_page(told, access.identity.domain),
        waiting=max(told.whole_or_none("waiting") or 0, 0),
        dropped=max(told.whole_or_none("dropped") or 0, 0),
    )


def _page(told: Payload, store: str) -> str:
    """It is shown to a frame's policy and browsers are led to it: nothing but a plain
    address of the store's own host or of one below it."""
    page = told.link_or_none("admin") or ""
    parts = urlsplit(page)
    own = store.partition("/")[0].partition(":")[0].lower().removeprefix("www.")
    host = parts.hostname or ""
    if host != own and not host.endswith(f".{own}"):
        raise Permanent("the plugin names a page at another host than the store's")
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or len(page) > LONGEST_PAGE:
        raise Permanent("the plugin names no page of its own")
    return page
