"""Connections: pages with cursors, as Relay's and as Shopify's."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from graphql import GraphQLError

Node = dict[str, Any]
T = TypeVar("T")
LARGEST_PAGE = 250


def page(
    rows: Sequence[T], args: dict[str, Any], make: Callable[[T], Node], key: Callable[[T], tuple[Any, int]]
) -> Node:
    """One page. A cursor names a place in the order, not a row: what moved
    behind it in the meantime comes again, what moved before it is missed."""
    first, last = args.get("first"), args.get("last")
    _check(first, last)
    turned = bool(args.get("reverse"))
    keyed = sorted(((_plain(key(row)), row) for row in rows), key=lambda pair: pair[0], reverse=turned)
    within = [pair for pair in keyed if _inside(pair[0], args, turned)]
    chosen = within[:first] if first is not None else within[-last:] if last else []
    cursors = [_cursor(place) for place, _ in chosen]
    nodes = [make(row) for _, row in chosen]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "pageInfo": {
            "hasNextPage": bool(chosen) and chosen[-1][0] != keyed[-1][0],
            "hasPreviousPage": bool(chosen) and chosen[0][0] != keyed[0][0],
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def simple(nodes: Sequence[Node], args: dict[str, Any]) -> Node:
    """A page of a list that belongs to one record, in its own order."""
    return page(list(enumerate(nodes)), args, lambda pair: pair[1], lambda pair: (0, pair[0]))


def _check(first: int | None, last: int | None) -> None:
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if first is not None and last is not None:
        raise GraphQLError(
            "providing both first and last is not supported", extensions={"code": "BAD_REQUEST"}
        )
    asked = first if first is not None else last or 0
    if not 0 <= asked <= LARGEST_PAGE:
        raise GraphQLError(
            f"a page has at most {LARGEST_PAGE} entries, not {asked}", extensions={"code": "BAD_REQUEST"}
        )


def _plain(place: tuple[Any, int]) -> tuple[Any, int]:
    value = place[0]
    return (value.isoformat() if isinstance(value, datetime) else value, place[1])


def _inside(place: tuple[Any, int], args: dict[str, Any], turned: bool) -> bool:
    after, before = args.get("after"), args.get("before")
    if after is not None:
        edge = _place(after)
        if not (place < edge if turned else place > edge):
            return False
    if before is not None:
        edge = _place(before)
        return place > edge if turned else place < edge
    return True


def _cursor(place: tuple[Any, int]) -> str:
    said = json.dumps({"last_id": place[1], "last_value": place[0]}, separators=(",", ":"))
    return base64.b64encode(said.encode()).decode()


def _place(cursor: str) -> tuple[Any, int]:
    try:
        told = json.loads(base64.b64decode(cursor, validate=True))
        return told["last_value"], told["last_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error
