"""Lists: filtered, ordered, cut into pages, with the headers that say how many there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from tests.fakes.woocommerce.messages import Reply, as_json
from tests.fakes.woocommerce.params import Params, only_fields


class Dated(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def created(self) -> datetime: ...
    @property
    def modified(self) -> datetime | None: ...


Row = TypeVar("Row", bound=Dated)


@dataclass(frozen=True)
class Page:
    """What every list understands."""

    number: int
    size: int
    ascending: bool
    order_by: str

    @classmethod
    def of(
        cls, params: Params, order_by: Sequence[str], default: str = "date", order: str = "desc"
    ) -> "Page":
        return cls(
            params.whole("page", 1, 1),
            params.whole("per_page", 10, 1, 100),
            params.choice("order", order, ("asc", "desc")) == "asc",
            params.choice("orderby", default, order_by),
        )


def by_date(rows: list[Row], params: Params) -> list[Row]:
    """The bounds themselves are left out; they have whole seconds."""
    created = (params.date("after"), params.date("before"))
    modified = (params.date("modified_after"), params.date("modified_before"))
    return [row for row in rows if _between(row.created, *created) and _between(row.modified, *modified)]


def _between(at: datetime | None, after: datetime | None, before: datetime | None) -> bool:
    if at is None:
        return after is None and before is None
    return (after is None or at > after) and (before is None or at < before)


def by_id(rows: list[Row], params: Params) -> list[Row]:
    include, exclude = params.ids("include"), params.ids("exclude")
    return [row for row in rows if (not include or row.id in include) and row.id not in exclude]


def ordered(rows: list[Row], page: Page) -> list[Row]:
    keys: dict[str, Callable[[Row], Any]] = {
        "date": lambda row: (row.created, row.id),
        "modified": lambda row: (row.modified or row.created, row.id),
    }
    return sorted(rows, key=keys.get(page.order_by, lambda row: row.id), reverse=not page.ascending)


def answer(
    rows: Sequence[Row], page: Page, params: Params, url: str, body: Callable[[Row], dict[str, Any]]
) -> Reply:
    """Beyond the last page the list is empty and no error."""
    pages = -(-len(rows) // page.size)
    start = (page.number - 1) * page.size
    wanted = params.many("_fields")
    shown = [only_fields(body(row), wanted) for row in rows[start : start + page.size]]
    headers = [("X-WP-Total", str(len(rows))), ("X-WP-TotalPages", str(pages))]
    neighbours = [("prev", min(page.number - 1, pages)), ("next", page.number + 1)]
    there = [(rel, number) for rel, number in neighbours if 1 <= number <= pages]
    links = [f'<{_at(url, params, number)}>; rel="{rel}"' for rel, number in there]
    return as_json(shown, headers=headers + ([("Link", ", ".join(links))] if links else []))


def _at(url: str, params: Params, number: int) -> str:
    kept = [(key, value) for key, value in params.pairs if key not in ("page", "rest_route")]
    return f"{url}?{urlencode([*kept, ('page', str(number))])}"
