"""How far a reading by the last change has come.

A mark is "since|newest|cursor": from when this reading reads, the newest
change it has met, and how far it has come. A reading begins a while before
the newest change of the one before: Shopify's search is late at times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from integrations.shopify.nodes import Node

OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Mark:
    since: datetime
    newest: datetime
    cursor: str | None = None

    @classmethod
    def of(cls, text: str | None, began: datetime) -> Self:
        if text is None:
            return cls(began, began)
        since, newest, cursor = text.split("|", 2)
        return cls(datetime.fromisoformat(since), datetime.fromisoformat(newest), cursor or None)

    def __str__(self) -> str:
        return f"{self.since.isoformat()}|{self.newest.isoformat()}|{self.cursor or ''}"

    def after(self, page: Mapping[str, Any], more: bool) -> "Mark":
        newest = max((changed_at(node) for node in page["nodes"]), default=self.newest)
        newest = max(newest, self.newest)
        if more:
            return Mark(self.since, newest, page["pageInfo"]["endCursor"])
        return Mark(max(newest - OVERLAP, self.since), newest)

    def fresh(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """What has changed since this reading's beginning; Shopify keeps whole seconds."""
        return [node for node in nodes if changed_at(node) >= self.since.replace(microsecond=0)]


def changed_at(node: Node) -> datetime:
    return datetime.fromisoformat(node["updatedAt"]).astimezone(UTC)
