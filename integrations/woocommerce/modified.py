"""Reading on by the time of the last change: pages by number would shift while rows change."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core import clock
from integrations.woocommerce.api import Page, Row, StoreApi

SECOND = timedelta(seconds=1)  # Times have no finer grain, and "after" means later than that.
ROWS = "50"  # A slow host needs long for an order; half a page of the largest answers in time.
MOST_SEEN = 500  # An address of some thousand letters is still taken everywhere.
CLOCKS_APART = timedelta(days=1)
AHEAD = timedelta(minutes=5)  # A row dated later than the store's own clock tells is dated by mistake.
OVERLAP = timedelta(seconds=10)  # A row's time is taken a moment before the row is there to be read.


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows changed later than `after`. Where a whole page has one time, those
    that were read of it are `seen` and left out; `page` counts on where they
    would be too many for an address."""

    after: datetime
    page: int = 1
    seen: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Mark":
        after, page, seen = [*text.split("#"), ""][:3]
        return cls(datetime.fromisoformat(after), int(page), tuple(seen.split(",")) if seen else ())

    def __str__(self) -> str:
        told = f"{self.after.isoformat(timespec='seconds')}#{self.page}"
        return f"{told}#{','.join(self.seen)}" if self.seen else told


def page(api: StoreApi, endpoint: str, mark: Mark, **params: str) -> Page:
    left_out = {"exclude": ",".join(mark.seen)} if mark.seen else {}
    return api.page(
        endpoint,
        **{"per_page": ROWS} | params | left_out,
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
    if after > mark.after:
        return Mark(after)
    seen = (*mark.seen, *(str(row["id"]) for row in read.rows if "id" in row))
    return Mark(mark.after, 1, seen) if len(seen) <= MOST_SEEN else replace(mark, page=mark.page + 1)


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
