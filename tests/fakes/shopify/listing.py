"""How every list of the API is searched, sorted and counted."""

from collections.abc import Callable
from typing import Any

from tests.fakes.shopify.asking import Asking
from tests.fakes.shopify.pages import Node, page
from tests.fakes.shopify.search import Kind
from tests.fakes.shopify.search_fields import (
    SORTS,
)

Args = dict[str, Any]


Resolver = Callable[[Asking, Args], Any]


def listed(
    asking: Asking,
    root: str,
    records: list[Any],
    args: Args,
    fields: dict[str, Kind],
    make: Callable[[Any], Node],
) -> Node:
    found = asking.found(root, records, args, fields)
    sort = SORTS.get(str(args.get("sortKey")), "id")
    return page(
        found, args, lambda pair: make(pair[0]), lambda pair: (pair[1].get(sort) or 0, pair[0].number)
    )


def counted(asking: Asking, root: str, records: list[Any], args: Args, fields: dict[str, Kind]) -> Node:
    count, limit = len(asking.found(root, records, args, fields)), args.get("limit")
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}
