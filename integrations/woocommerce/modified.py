"""Reading on by the time of the last change: pages by number would shift while rows change."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core import clock
from integrations.woocommerce.api import Page, Row, StoreApi

SECOND = timedelta(seconds=1)  # Times have no finer grain, and "after" means later than that.
ROWS = "50"  # A slow host needs long for an order; half a page of the largest answers in time.
CLOCKS_APART = timedelta(days=1)
AHEAD = timedelta(minutes=5)  # A row dated later than the store's own clock tells is dated by mistake.
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
        **{"per_page": ROWS} | params,
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
    after = _newest(read, mark.after) - SECOND
    return Mark(after) if after > mark.after else Mark(mark.after, mark.page + 1)


def beginning_of_next(mark: Mark, read: Page) -> Mark:
    """Where the next reading begins, once this one is at its end; where nothing came, here again."""
    newest = _newest(read, mark.after)
    return Mark(newest - OVERLAP if newest > mark.after else mark.after)


def moment(at: datetime) -> str:
    """UTC without saying so; the store is told by `dates_are_gmt`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def time_at(read: Page) -> datetime:
    """The store's own clock, where the answer tells it and it is believable."""
    now = clock.now()
    try:
        told = parsedate_to_datetime(read.headers.get("date", "")).replace(tzinfo=UTC)
    except ValueError:
        return now
    return told if abs(told - now) < CLOCKS_APART else now


def _newest(read: Page, otherwise: datetime) -> datetime:
    """A row dated ahead by mistake, as by a plugin that takes local time for
    UTC, would hide all that follow until then. Where the answer's clock is
    not the store's, more is read twice, and nothing is lost."""
    latest = time_at(read) + AHEAD
    times = (_changed_at(row) for row in read.rows)
    return max((at for at in times if at is not None and at < latest), default=otherwise)


def _changed_at(row: Row) -> datetime | None:
    """What is no time is left to the reader, which will say so."""
    try:
        return datetime.fromisoformat(str(row.get("date_modified_gmt"))).replace(tzinfo=UTC)
    except ValueError:
        return None
