"""May we, now? Cap, priority, quiet hours, gap and validity, in the person's own calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.actions import Purpose, Skip, Wait
from core.reasons import Reason
from engine import calendar
from engine.known import Planned, Slot
from engine.permission import Asked, Go, may
from engine.shop_settings import ShopSettings

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)
TODAY = date(2026, 3, 4)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUIET = ShopSettings(quiet_email=True)


def message(**changed: object) -> Asked:
    plain = Asked(
        flow="cart_recovery",
        purpose="marketing",
        effect_id=1,
        due_at=NOON,
        valid_until=NOON + 48 * HOUR,
        reasons=(),
        slots=(),
        planned=(),
        ranks={"back_in_stock": 10, "cart_recovery": 20, "review_nudge": 30},
        before=None,
        zone=BERLIN,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def slots(*days_ago: int) -> Sequence[Slot]:
    return [Slot(TODAY - ago * DAY, 100 + n, "any") for n, ago in enumerate(days_ago)]


def asked(given: Asked, shop: ShopSettings | None = None, now: datetime = NOON) -> Go | Skip | Wait:
    return may(given, shop or ShopSettings(), now)


def test_with_nothing_against_it_the_message_goes_and_takes_the_day() -> None:
    assert asked(message()) == Go(TODAY)


def test_one_message_a_day_the_next_waits_for_the_next_free_day() -> None:
    assert asked(message(slots=slots(0))) == Wait(NOON + DAY, Reason.CAPPED)
    assert asked(message(slots=slots(1))) == Go(TODAY)


def test_three_messages_a_week_of_seven_calendar_days() -> None:
    assert asked(message(slots=slots(1, 3, 6))) == Wait(NOON + DAY, Reason.CAPPED)
    assert asked(message(slots=slots(1, 3, 7))) == Go(TODAY)
    assert asked(message(slots=slots(1, 2, 3))) == Skip(Reason.CAPPED), "no free day while it makes sense"


def test_without_a_free_day_within_its_sense_it_is_capped() -> None:
    assert asked(message(slots=slots(0), valid_until=NOON + 6 * HOUR)) == Skip(Reason.CAPPED)


def test_a_free_day_that_ends_too_early_for_the_usual_hour_is_used_in_its_morning() -> None:
    """Due yesterday at noon and valid for a day: tomorrow's noon would be too late."""
    waits = asked(message(slots=slots(0), valid_until=NOON + DAY))
    assert waits == Wait(datetime(2026, 3, 5, 8, tzinfo=UTC), Reason.CAPPED)


def test_the_merchants_own_cap_counts() -> None:
    shop = ShopSettings(cap_day=2, cap_week=5)
    assert asked(message(slots=slots(0, 1, 2, 3)), shop) == Go(TODAY)
    assert isinstance(asked(message(slots=slots(0, 0)), shop), Wait)


def test_its_own_place_does_not_stand_in_its_way() -> None:
    assert asked(message(effect_id=100, slots=slots(0))) == Go(TODAY)


def test_a_requested_message_is_counted_but_not_stopped() -> None:
    assert asked(message(purpose="requested", slots=slots(0, 1, 2))) == Go(TODAY)


@pytest.mark.parametrize("purpose", ["requested", "marketing"])
def test_everything_else_holds_for_requested_messages_too(purpose: Purpose) -> None:
    night = datetime(2026, 3, 4, 22, tzinfo=UTC)
    assert asked(message(purpose=purpose, reasons=(Reason.UNSUBSCRIBED,))) == Skip(
        Reason.UNSUBSCRIBED, ends_trip=True
    )
    quiet = asked(message(purpose=purpose), QUIET, night)
    assert quiet == Wait(datetime(2026, 3, 5, 7, tzinfo=UTC), Reason.QUIET_HOURS)


def test_service_mail_knows_neither_cap_nor_quiet_hours() -> None:
    night = datetime(2026, 3, 4, 22, tzinfo=UTC)
    assert asked(message(purpose="service", slots=slots(0, 0, 0)), QUIET, night) == Go(None)


def test_no_slot_goes_to_a_lower_flow_while_a_higher_ones_message_is_planned_that_day() -> None:
    higher = [Planned("cart_recovery", NOON + 3 * HOUR)]
    nudge = message(flow="review_nudge", planned=higher)
    assert asked(nudge) == Wait(NOON + DAY, Reason.LOST_SLOT, "cart_recovery")
    assert asked(replace(nudge, valid_until=NOON + HOUR)) == Skip(Reason.LOST_SLOT, detail="cart_recovery")
    assert asked(message(planned=[Planned("review_nudge", NOON + HOUR)])) == Go(TODAY)
    assert asked(replace(nudge, planned=[Planned("cart_recovery", NOON + DAY)])) == Go(TODAY)


def test_e_mail_may_go_in_the_evening_unless_she_switches_quiet_hours_on() -> None:
    evening = datetime(2026, 3, 4, 20, 30, tzinfo=UTC)
    assert asked(message(), now=evening) == Go(TODAY)
    assert isinstance(asked(message(), QUIET, evening), Wait)
    soon_useless = message(valid_until=evening + HOUR)
    assert asked(soon_useless, QUIET, evening) == Skip(Reason.QUIET_HOURS)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-04T18:59", None),  # 19:59 in Berlin
        ("2026-03-04T19:00", "2026-03-05T07:00"),
        ("2026-03-05T06:59", "2026-03-05T07:00"),
        ("2026-03-05T07:00", None),
        # The clocks go forward on the night to 29 March and back on the one to 25 October.
        ("2026-03-28T20:00", "2026-03-29T06:00"),
        ("2026-10-24T20:00", "2026-10-25T07:00"),
    ],
)
def test_quiet_hours_end_at_eight_in_the_persons_zone(at: str, until: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    assert calendar.quiet_until(moment, BERLIN, 20, 8) == expected


def test_twelve_hours_lie_between_two_messages_of_a_trip() -> None:
    assert asked(message(before=NOON - 12 * HOUR)) == Go(TODAY)
    assert asked(message(before=NOON - 2 * HOUR)) == Wait(NOON + 10 * HOUR, Reason.TOO_SOON)
    hurried = message(before=NOON - 2 * HOUR, valid_until=NOON + 9 * HOUR)
    assert asked(hurried) == Skip(Reason.TOO_SOON)


def test_after_its_validity_nothing_is_sent() -> None:
    assert asked(message(valid_until=NOON)) == Go(TODAY)
    assert asked(message(valid_until=NOON - timedelta(seconds=1))) == Skip(Reason.EXPIRED)


def test_days_are_the_persons_own_where_her_country_has_one_zone() -> None:
    late = datetime(2026, 3, 4, 20, tzinfo=UTC)
    tokyo = calendar.zone_of("JP", "Europe/Berlin")
    assert asked(message(zone=tokyo), now=late) == Go(date(2026, 3, 5)), "it is tomorrow in Tokyo"
    held = [Slot(date(2026, 3, 4), 9, "any")]
    assert asked(message(zone=tokyo, slots=held), now=late) == Go(date(2026, 3, 5))
    assert isinstance(asked(message(slots=held), now=late), Wait)


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("JP", "Asia/Tokyo"),
        ("DE", "Europe/Berlin"),
        ("AT", "Europe/Vienna"),
        ("US", "Europe/Berlin"),
        ("AU", "Europe/Berlin"),
        ("ES", "Europe/Berlin"),
        (None, "Europe/Berlin"),
        ("??", "Europe/Berlin"),
    ],
)
def test_a_country_with_several_zones_takes_the_shops(country: str | None, zone: str) -> None:
    assert str(calendar.zone_of(country, "Europe/Berlin")) == zone
