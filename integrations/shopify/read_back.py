"""What a shop has is read back regularly by its last change, because webhooks get lost.

Stock is read in whole some times a day: a product's date need not move with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core import clock
from core.events import ConsentChanged, Event, LookUp, StockChanged
from integrations.live import Portion, Reading
from integrations.roles import Access
from integrations.shopify import graphql_carts, graphql_orders, graphql_people, graphql_products
from integrations.shopify.api import Api
from integrations.shopify.documents import (
    CHECKOUTS_SINCE,
    LEVELS,
    NEWEST_CUSTOMERS,
    ORDERS_SINCE,
    PRODUCTS_SINCE,
)
from integrations.shopify.fragments import Document
from integrations.shopify.last_moment import moment
from integrations.shopify.marks import Mark
from integrations.shopify.nodes import Node, number
from integrations.shopify.readable import readable
from integrations.shopify.whole_orders import lines_of

HOURLY = timedelta(hours=1)
# However old the shop is: what was not changed for years is for sale, and an objection holds.
EVER = timedelta(days=365 * 20)
# Shopify shows an app the orders of 60 days; a cart older than 14 is nobody's any more.
READINGS: tuple[Reading, ...] = (
    Reading("orders", HOURLY, timedelta(days=60)),
    Reading("checkouts", HOURLY, timedelta(days=14)),
    Reading("products", HOURLY, EVER),
    Reading("customers", HOURLY, EVER),
    Reading("stock", timedelta(hours=6), timedelta()),
)

Told = Sequence[Event | LookUp]
Read = Callable[[Api, Access, Node], Told]


def _order(api: Api, access: Access, node: Node) -> Told:
    return graphql_orders.events(node, lines_of(api, access, node), access.identity)


def _checkout(_api: Api, access: Access, node: Node) -> Told:
    return graphql_carts.events(node, access.identity)


def _product(_api: Api, access: Access, node: Node) -> Told:
    """One with more variants than come with the others is looked up by itself."""
    if node["variants"]["pageInfo"]["hasNextPage"]:
        return [LookUp("product", number(node["id"]))]
    return graphql_products.events(node, access.identity)


def _customer(_api: Api, access: Access, node: Node) -> Told:
    """Whoever never said a word about advertising is none of our business."""
    events = graphql_people.events(node, access.identity)
    return events if any(isinstance(event, ConsentChanged) for event in events) else ()


PAGES: dict[str, tuple[Document, str, Read]] = {
    "orders": (ORDERS_SINCE, "orders", _order),
    "checkouts": (CHECKOUTS_SINCE, "abandonedCheckouts", _checkout),
    "products": (PRODUCTS_SINCE, "products", _product),
}


def read_back(api: Api, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
    if reading == "stock":
        return _levels(api, access, mark)
    if reading == "customers":
        return _newest_customers(api, access, Mark.of(mark, began))
    document, key, read = PAGES[reading]
    here = Mark.of(mark, began)
    search = f"updated_at:>='{moment(here.since)}'"
    page = api.ask(access, document, search=search, after=here.cursor)[key]
    more = page["pageInfo"]["hasNextPage"]
    return Portion(_events(api, access, page["nodes"], read), str(here.after(page, more)), more)


def _newest_customers(api: Api, access: Access, here: Mark) -> Portion:
    """Back to where the reading before began. Who changes meanwhile comes
    before the first, and is met by the next reading."""
    page = api.ask(access, NEWEST_CUSTOMERS, after=here.cursor)["customers"]
    fresh = here.fresh(page["nodes"])
    more = page["pageInfo"]["hasNextPage"] and len(fresh) == len(page["nodes"])
    return Portion(_events(api, access, fresh, _customer), str(here.after(page, more)), more)


def _levels(api: Api, access: Access, mark: str | None) -> Portion:
    """Told as of before the call: what is sold while it runs is newer. The
    mark is the cursor alone, and empty where the next reading begins."""
    at = clock.now().replace(microsecond=0)
    page: Mapping[str, Any] = api.ask(access, LEVELS, after=mark or None)["productVariants"]
    events = tuple(_level(node, at) for node in page["nodes"])
    more = page["pageInfo"]["hasNextPage"]
    return Portion(events, page["pageInfo"]["endCursor"] if more else "", more)


def _level(node: Node, at: datetime) -> StockChanged:
    return StockChanged(
        number(node["id"]), graphql_products.stock(node, node["inventoryItem"]["tracked"]), at
    )


def _events(api: Api, access: Access, nodes: Sequence[Node], read: Read) -> tuple[Event | LookUp, ...]:
    return tuple(
        event
        for node in nodes
        for event in readable(access, number(node["id"]), partial(read, api, access, node))
    )
