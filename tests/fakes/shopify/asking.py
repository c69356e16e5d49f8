"""One GraphQL call under way: whose shop, with which scopes, and what is to go wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from tests.fakes.shopify.faults import Faults
from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.records import Terms
from tests.fakes.shopify.search import Kind, Search

ORDERS_VISIBLE = timedelta(days=60)


@dataclass
class Asking:
    """`emitted` are the webhooks a mutation caused, sent after the answer."""

    shop: Memory
    scopes: frozenset[str]
    faults: Faults
    warnings: list[Node] = field(default_factory=list)
    emitted: list[tuple[str, Node]] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)

    def may(self, needed: tuple[str, ...]) -> bool:
        """To write implies to read."""
        return not needed or any(
            one in self.scopes or one.replace("read_", "write_", 1) in self.scopes for one in needed
        )

    def found(
        self,
        root: str,
        records: list[Any],
        args: dict[str, Any],
        fields: dict[str, Kind],
        view: Callable[[Terms], Terms] = dict,
    ) -> list[tuple[Any, dict[str, Any]]]:
        """The records a query finds, each with what the search knows of it.
        Without a query nothing is searched, and nothing is late."""
        query = args.get("query")
        now = self.shop.now()
        if not query or not query.strip():
            return [(one, view(one.index[-1][1])) for one in records]
        search = Search(query, fields)
        if search.warnings:
            self.warnings.append({"path": [root], "query": query, "warnings": search.warnings})
        known = [(one, view(terms)) for one in records if (terms := one.terms(now)) is not None]
        return [(one, terms) for one, terms in known if search.matches(terms, now)]


def number_in(gid: str, *kinds: str) -> int:
    """The number of a global id; another kind's id, or a bare number, is none."""
    for kind in kinds:
        start = f"gid://shopify/{kind}/"
        rest = gid.removeprefix(start)
        if gid.startswith(start) and rest.isdigit():
            return int(rest)
    raise GraphQLError(f"Invalid global id '{gid}'", extensions={"code": "RESOURCE_NOT_FOUND"})
