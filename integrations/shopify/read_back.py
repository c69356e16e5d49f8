"""Orders and checkouts read back regularly by their last change, because webhooks get lost.

A mark is "since|newest|cursor": from when this reading reads, the newest
change it has met, and how far it has come. A reading begins a while before
the newest change of the one before: Shopify's search is late at times.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from core.events import Event, LookUp
from integrations.live import Portion, Reading
from integrations.roles import Access
from integrations.shopify import graphql_carts, graphql_orders
from integrations.shopify.api import Api
from integrations.shopify.documents import CHECKOUTS_SINCE, ORDERS_SINCE
from integrations.shopify.fragments import Document
from integrations.shopify.last_moment import moment
from integrations.shopify.nodes import Node, number
from integrations.shopify.readable import readable
from integrations.shopify.whole_orders import lines_of

HOURLY = timedelta(hours=1)
OVERLAP = timedelta(minutes=15)
# Shopify shows an app the orders of 60 days; a cart older than 14 is nobody's any more.
READINGS: tuple[Reading, ...] = (
    Reading("orders", HOURLY, timedelta(days=60)),
    Reading("checkouts", HOURLY, timedelta(days=14)),
)

Read = Callable[[Api, Access, Node], Sequence[Event | LookUp]]


def _order(api: Api, access: Access, node: Node) -> Sequence[Event | LookUp]:
    return graphql_orders.events(node, lines_of(api, access, node), access.identity)


def _checkout(_api: Api, access: Access, node: Node) -> Sequence[Event | LookUp]:
    return graphql_carts.events(node, access.identity)


PAGES: dict[str, tuple[Document, str, Read]] = {
    "orders": (ORDERS_SINCE, "orders", _order),
    "checkouts": (CHECKOUTS_SINCE, "abandonedCheckouts", _checkout),
}


@dataclass(frozen=True, slots=True)
class _Mark:
    since: datetime
    newest: datetime
    cursor: str | None = None

    @classmethod
    def of(cls, text: str | None, began: datetime) -> "_Mark":
        if text is None:
            return cls(began, began)
        since, newest, cursor = text.split("|", 2)
        return cls(datetime.fromisoformat(since), datetime.fromisoformat(newest), cursor or None)

    def __str__(self) -> str:
        return f"{self.since.isoformat()}|{self.newest.isoformat()}|{self.cursor or ''}"

    def after(self, page: Mapping[str, Any]) -> "_Mark":
        times = (datetime.fromisoformat(node["updatedAt"]).astimezone(UTC) for node in page["nodes"])
        newest = max(times, default=self.newest)
        newest = max(newest, self.newest)
        if page["pageInfo"]["hasNextPage"]:
            return _Mark(self.since, newest, page["pageInfo"]["endCursor"])
        return _Mark(max(newest - OVERLAP, self.since), newest)


def read_back(api: Api, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
    document, key, read = PAGES[reading]
    here = _Mark.of(mark, began)
    search = f"updated_at:>='{moment(here.since)}'"
    page = api.ask(access, document, search=search, after=here.cursor)[key]
    events = [
        event
        for node in page["nodes"]
        for event in readable(access, number(node["id"]), partial(read, api, access, node))
    ]
    return Portion(tuple(events), str(here.after(page)), page["pageInfo"]["hasNextPage"])
