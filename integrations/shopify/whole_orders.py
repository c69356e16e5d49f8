"""Orders read whole from the shop, however many lines they have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.roles import Access
from integrations.shopify.api import Api
from integrations.shopify.documents import MORE_LINES, ORDERS
from integrations.shopify.fragments import ORDERS_AT_ONCE
from integrations.shopify.nodes import Node, portions


def whole_orders(api: Api, access: Access, ids: Sequence[str]) -> Iterator[tuple[Node, list[Node]]]:
    """Each order of these global ids that the shop still has, with all its lines."""
    for some in portions(ids, ORDERS_AT_ONCE):
        for node in api.ask(access, ORDERS, ids=list(some))["nodes"]:
            if node:
                yield node, lines_of(api, access, node)


def lines_of(api: Api, access: Access, node: Node) -> list[Node]:
    page: Mapping[str, Any] = node["lineItems"]
    lines = list(page["nodes"])
    while page["pageInfo"]["hasNextPage"]:
        more = api.ask(access, MORE_LINES, id=node["id"], after=page["pageInfo"]["endCursor"])
        if not more["order"]:
            break
        page = more["order"]["lineItems"]
        lines += page["nodes"]
    return lines
