"""Reading on by the time of the last change: pages by number would shift while rows change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import Retryable
from integrations.woocommerce.api import Page, Row, StoreApi

SECOND = timedelta(seconds=1)  # Times have no finer grain, and "after" means later than that.
OVERLAP = timedelta(seconds=10)  # A row's time is taken a moment before the row is there to be read.


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows changed later than `after`; `page` counts on where a whole page has one time."""

    after: datetime
    page: int = 1

    @classmethod
    def read(cls, text: str) -> "Mark":
        after, _, page = text.partition("#")
        return cls(datetime.fromisoformat(after), int(page))

    def __str__(self) -> str:
        return f"{self.after.isoformat(timespec='seconds')}#{self.page}"


def page(api: StoreApi, endpoint: str, mark: Mark, **params: str) -> Page:
    return api.page(
        endpoint,
        **params,
        modified_after=moment(mark.after),
        dates_are_gmt="true",
        orderby="modified",
        order="asc",
        page=str(mark.page),
    )


def further(mark: Mark, read: Page) -> Mark | None:
    """Where to read on; None at the end."""
    if mark.page >= read.pages:
        return None
    after = _newest(read.rows, mark.after) - SECOND
    return Mark(after) if after > mark.after else Mark(mark.after, mark.page + 1)


def beginning_of_next(mark: Mark, read: Page) -> Mark:
    """Where the next reading begins, once this one is at its end."""
    return Mark(max(_newest(read.rows, mark.after) - OVERLAP, mark.after))


def moment(at: datetime) -> str:
    """UTC without saying so; the store is told by `dates_are_gmt`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _newest(rows: Sequence[Row], otherwise: datetime) -> datetime:
    return max((at for row in rows if (at := _changed_at(row))), default=otherwise)


def _changed_at(row: Row) -> datetime | None:
    said = row.get("date_modified_gmt")
    if said is None:
        return None
    try:
        return datetime.fromisoformat(said).replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise Retryable("a row without a time of change") from error
