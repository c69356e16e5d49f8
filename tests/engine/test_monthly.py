"""Messages are counted month by month as they went out, in the shop's own calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from core.db import reading
from core.errors import InDoubt
from core.models.tables import merchants
from engine import monthly, recounting
from tests.engine.stories import mode, rewind, with_postbox
from tests.support.kontor import Kontor


@pytest.fixture
def year(kontor_on_both: Kontor) -> Kontor:
    """A shop that came in spring; it is the last evening of June in Berlin."""
    rewind(kontor_on_both, datetime(2027, 6, 30, 19, tzinfo=UTC))
    spring = datetime(2027, 4, 20, tzinfo=UTC)
    kontor_on_both.write(update(merchants).values(created_at=spring))
    return kontor_on_both


def told(kontor: Kontor) -> list[tuple[str, int]]:
    with reading(kontor.machine.db) as session:
        found = monthly.of_last(session, kontor.merchant, kontor.machine.flows)
    return [(f"{one.first:%Y-%m}", one.messages) for one in found]


def test_none_are_shown_from_before_she_came(year: Kontor) -> None:
    assert told(year) == [("2027-06", 0), ("2027-05", 0), ("2027-04", 0)]


def test_a_message_counts_in_the_month_of_the_shop_in_which_it_was_due(year: Kontor) -> None:
    postbox = with_postbox(year)
    year.leave_cart("anna@example.com")
    year.forward(hours=1, minutes=5)
    postbox.failing = InDoubt("the line broke")
    year.leave_cart("ben@example.com")
    year.forward(hours=1, minutes=5)
    assert told(year) == [("2027-06", 2), ("2027-05", 0), ("2027-04", 0)], "in doubt counts as sent"
    year.forward(hours=4)
    postbox.failing = None
    year.forward(days=1)
    while recounting.run(year.machine):
        pass
    assert told(year)[:2] == [("2027-07", 2), ("2027-06", 2)]


def test_what_is_only_written_down_is_not_counted(year: Kontor) -> None:
    mode(year, "shadow")
    year.leave_cart("anna@example.com")
    year.forward(hours=2)
    assert told(year)[0] == ("2027-06", 0)


def test_half_a_year_is_shown_at_most(year: Kontor) -> None:
    year.write(update(merchants).values(created_at=datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=400)))
    assert [month for month, _ in told(year)] == [f"2027-0{n}" for n in (6, 5, 4, 3, 2, 1)]
