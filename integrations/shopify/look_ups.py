"""What a webhook only hinted at, read from the shop; a subject that is gone is absent."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from core import clock
from core.events import Event, LookUp, LookUpKind, StockChanged
from integrations.roles import Access
from integrations.shopify import graphql_carts, graphql_orders, graphql_people, graphql_products
from integrations.shopify.api import Api
from integrations.shopify.documents import (
    CATALOGUE,
    CHECKOUTS,
    CUSTOMERS,
    INSTALLATION,
    ITEMS,
    OPEN_CHECKOUTS,
    PRODUCTS,
    VARIANTS,
)
from integrations.shopify.fragments import (
    CHECKOUTS_AT_ONCE,
    CUSTOMERS_AT_ONCE,
    ITEMS_AT_ONCE,
    PRODUCTS_AT_ONCE,
    VARIANTS_AT_ONCE,
    Document,
)
from integrations.shopify.nodes import Node, gids, number, portions
from integrations.shopify.readable import readable
from integrations.shopify.whole_orders import whole_orders

Found = Iterator[tuple[str, Sequence[Event]]]


def look_up(api: Api, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
    refs: dict[LookUpKind, list[str]] = defaultdict(list)
    for one in wanted:
        refs[one.kind].append(one.ref)
    return {
        LookUp(kind, ref): events
        for kind, some in refs.items()
        for ref, events in FINDERS[kind](api, access, some)
    }


def _orders(api: Api, access: Access, refs: Sequence[str]) -> Found:
    for node, lines in whole_orders(api, access, gids("Order", refs)):
        yield _read(access, node, partial(graphql_orders.events, node, lines, access.identity))


def _customers(api: Api, access: Access, refs: Sequence[str]) -> Found:
    for node in _nodes(api, access, CUSTOMERS, "Customer", refs, CUSTOMERS_AT_ONCE):
        yield _read(access, node, partial(graphql_people.events, node, access.identity))


def _products(api: Api, access: Access, refs: Sequence[str]) -> Found:
    for node in _nodes(api, access, PRODUCTS, "Product", refs, PRODUCTS_AT_ONCE):
        yield _read(access, node, partial(graphql_products.events, node, access.identity))


def _variants(api: Api, access: Access, refs: Sequence[str]) -> Found:
    """The variant's product, and its own stock in case the product has more variants than are read."""
    at = clock.now()
    there = list(_nodes(api, access, VARIANTS, "ProductVariant", refs, VARIANTS_AT_ONCE))
    of = {number(node["id"]): number(node["product"]["id"]) for node in there}
    products = dict(_products(api, access, sorted(set(of.values()))))
    for node in there:
        ref = number(node["id"])
        counted = graphql_products.stock(node, node["inventoryItem"]["tracked"])
        yield ref, [*products.get(of[ref], ()), StockChanged(ref, counted, at)]


def _items(api: Api, access: Access, refs: Sequence[str]) -> Found:
    at = clock.now()
    for node in _nodes(api, access, ITEMS, "InventoryItem", refs, ITEMS_AT_ONCE):
        yield number(node["id"]), list(graphql_products.of_item(node, at))


def _carts(api: Api, access: Access, refs: Sequence[str]) -> Found:
    """Shopify finds no checkout by its token: the newest open ones are looked
    through, and an older one counts as gone, which changes nothing."""
    nodes = api.ask(access, OPEN_CHECKOUTS)["abandonedCheckouts"]["nodes"]
    named = {graphql_carts.token_of(node["abandonedCheckoutUrl"]): node["id"] for node in nodes}
    ids = {named[ref]: ref for ref in refs if ref in named}
    for some in portions(list(ids), CHECKOUTS_AT_ONCE):
        for node in api.ask(access, CHECKOUTS, ids=list(some))["nodes"]:
            if node:
                _, events = _read(access, node, partial(graphql_carts.events, node, access.identity))
                yield ids[node["id"]], events


def _installation(api: Api, access: Access, refs: Sequence[str]) -> Found:
    """The cheapest call there is; it fails where the app is no longer installed."""
    api.ask(access, INSTALLATION)
    yield from ((ref, []) for ref in refs)


def _catalogue(api: Api, access: Access, refs: Sequence[str]) -> Found:
    events: list[Event] = []
    after, more = None, True
    while more:
        page = api.ask(access, CATALOGUE, after=after)["products"]
        for node in page["nodes"]:
            events += _read(access, node, partial(graphql_products.events, node, access.identity))[1]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    yield from ((ref, events) for ref in refs)


def _nodes(
    api: Api, access: Access, document: Document, kind: str, refs: Sequence[str], at_once: int
) -> Iterator[Node]:
    for some in portions(gids(kind, refs), at_once):
        yield from (node for node in api.ask(access, document, ids=list(some))["nodes"] if node)


def _read(
    access: Access, node: Node, read: Callable[[], Sequence[Event | LookUp]]
) -> tuple[str, Sequence[Event]]:
    ref = number(node["id"])
    return ref, [one for one in readable(access, ref, read) if isinstance(one, Event)]


FINDERS: dict[LookUpKind, Callable[[Api, Access, Sequence[str]], Found]] = {
    "cart": _carts,
    "order": _orders,
    "product": _products,
    "variant": _variants,
    "inventory_item": _items,
    "customer": _customers,
    "installation": _installation,
    "catalogue": _catalogue,
}
