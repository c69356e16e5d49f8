"""Cart recovery decides as its page says: whom it takes along, when it writes, when it stops."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.actions import Enrol, Go, Incentive, Skip
from core.events import Stock
from core.reasons import Reason
from flows.cart_recovery import PRESETS, STANDARD, CartRecoverySettings, Step
from tests.flows.cases import MUG, TEN, Case, hours, with_steps

LEFT = Case()
UNDER_WAY = Case(trip_cart=1)
DAYS = timedelta(days=1)
SOLD_OUT = (("mug", Stock("none")),)


def test_a_cart_is_reminded_of_after_an_hour_and_after_a_day_and_the_discount_is_off() -> None:
    assert LEFT.due_after() == [hours(1), hours(24)]
    assert {m.incentive.kind for m in LEFT.enrolment().messages} == {"none"}
    assert [m.content for m in LEFT.enrolment().messages] == ["reminder", "answers"]


def test_the_third_step_is_a_code_of_ten_percent_once_the_merchant_switches_it_on() -> None:
    steps = (*STANDARD[:2], STANDARD[2].model_copy(update={"on": True}))
    third = LEFT.but(settings=with_steps(*steps)).enrolment().messages[2]
    assert (third.step, third.content, third.incentive) == (3, "incentive", Incentive("percent", 10))
    assert third.due_at == TEN + hours(72)


@pytest.mark.parametrize(
    ("preset", "times"),
    [
        ("gentle", [2, 24, 72]),
        ("standard", [1, 24, 72]),
        ("quick", [1, 24, 48]),
        ("ladder", [1, 24, 48, 72]),
        ("single", [24]),
    ],
)
def test_each_preset_has_its_times(preset: str, times: list[int]) -> None:
    assert [step.after_hours for step in PRESETS[preset].steps] == times
    on = tuple(step.model_copy(update={"on": True}) for step in PRESETS[preset].steps)
    assert LEFT.but(settings=with_steps(*on)).due_after() == [hours(h) for h in times]


@pytest.mark.parametrize("preset", ["gentle", "standard", "quick", "single"])
def test_no_preset_but_the_ladder_gives_a_discount_by_itself(preset: str) -> None:
    messages = LEFT.but(settings=with_steps(*PRESETS[preset].steps)).enrolment().messages
    assert {m.incentive.kind for m in messages} == {"none"}


def test_the_ladder_climbs_from_nothing_over_ten_to_fifteen_percent() -> None:
    messages = LEFT.but(settings=with_steps(*PRESETS["ladder"].steps)).enrolment().messages
    offered = [(m.incentive.kind, m.incentive.value) for m in messages]
    assert offered == [("none", 0), ("percent", 10), ("percent", 15), ("free_shipping", 0)]


def test_the_first_step_is_of_sense_for_a_day_and_later_ones_for_two() -> None:
    first, second = LEFT.enrolment().messages
    assert first.valid_until - first.due_at == hours(24)
    assert second.valid_until - second.due_at == hours(48)


def test_all_times_count_from_the_last_activity_not_from_now() -> None:
    late = LEFT.but(now=TEN + hours(5))
    assert late.enrolment().messages[0].due_at == TEN + hours(1)
    assert late.enrolment().since == TEN


@pytest.mark.parametrize("times", [(1, 12), (1, 5), (24, 24), (24, 1)])
def test_steps_less_than_twelve_hours_apart_are_not_accepted(times: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="12 hours"):
        with_steps(*(Step(after_hours=h) for h in times))


def test_there_are_one_to_five_steps() -> None:
    assert len(with_steps(*(Step(after_hours=1 + 12 * n) for n in range(5))).steps) == 5
    for count in (0, 6):
        with pytest.raises(ValidationError):
            with_steps(*(Step(after_hours=1 + 12 * n) for n in range(count)))


@pytest.mark.parametrize("step", [{"incentive": "percent"}, {"incentive": "percent", "value": 91},
                                  {"incentive": "amount"}, {"after_hours": 0}])  # fmt: skip
def test_an_offer_that_makes_no_sense_is_not_accepted(step: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Step.model_validate(step)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (LEFT.but(bought_at=(TEN + hours(1),)), Reason.BOUGHT),
        (LEFT.but(bought_at=(TEN,)), Reason.BOUGHT),
        (LEFT.but(completed=True), Reason.BOUGHT),
        (LEFT.but(test=True), Reason.TEST_ORDER),
        (LEFT.but(lines=()), Reason.CART_EMPTIED),
        (LEFT.but(newest=False), Reason.CART_REPLACED),
        (LEFT.but(now=TEN + 14 * DAYS + hours(1)), Reason.TOO_OLD),
        (LEFT.but(settings=CartRecoverySettings(minimum_cart=1801)), Reason.BELOW_MINIMUM),
        (LEFT.but(rested_since=TEN - 13 * DAYS), Reason.RESTING),
        (LEFT.but(consent=(Reason.NO_CONSENT,)), Reason.NO_CONSENT),
        (LEFT.but(consent=(Reason.NO_CONTACT,)), Reason.NO_CONTACT),
        (LEFT.but(consent=(Reason.UNSUBSCRIBED,)), Reason.UNSUBSCRIBED),
        (LEFT.but(consent=(Reason.BOUNCED,)), Reason.BOUNCED),
        (LEFT.but(consent=(Reason.ERASED,)), Reason.ERASED),
    ],
)
def test_nobody_is_enrolled_who_should_not_be_and_the_reason_is_told(case: Case, reason: Reason) -> None:
    assert case.refused_for() == (reason,)


def test_all_reasons_are_told_at_once_the_weightiest_first() -> None:
    hopeless = LEFT.but(
        completed=True, test=True, newest=False, now=TEN + 20 * DAYS, consent=(Reason.NO_CONSENT,)
    )
    assert hopeless.refused_for() == (
        Reason.BOUGHT,
        Reason.TEST_ORDER,
        Reason.CART_REPLACED,
        Reason.TOO_OLD,
        Reason.NO_CONSENT,
    )


@pytest.mark.parametrize(
    "case",
    [
        LEFT.but(bought_at=(TEN - hours(1),)),
        LEFT.but(now=TEN + 14 * DAYS),
        LEFT.but(settings=CartRecoverySettings(minimum_cart=1800)),
        LEFT.but(rested_since=TEN - 14 * DAYS),
        LEFT.but(stock=SOLD_OUT),
    ],
)
def test_what_lies_just_within_the_rules_is_enrolled(case: Case) -> None:
    assert case.enrolment().subject_id == 1


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (UNDER_WAY.but(bought_at=(TEN + hours(3),)), Reason.BOUGHT),
        (UNDER_WAY.but(completed=True), Reason.BOUGHT),
        (UNDER_WAY.but(lines=()), Reason.CART_EMPTIED),
        (UNDER_WAY.but(now=TEN + 14 * DAYS + hours(1)), Reason.TOO_OLD),
        (UNDER_WAY.but(consent=(Reason.UNSUBSCRIBED,)), Reason.UNSUBSCRIBED),
        (UNDER_WAY.but(lines=(), bought_at=(TEN,)), Reason.BOUGHT),
    ],
)
def test_a_trip_under_way_ends_when_it_has_lost_its_sense(case: Case, reason: Reason) -> None:
    assert case.exits_with() == reason
    assert case.recheck() == Skip(reason, ends_trip=True)


def test_all_lines_sold_out_end_the_trip_when_a_message_is_due_and_not_before() -> None:
    case = UNDER_WAY.but(stock=SOLD_OUT)
    assert isinstance(case.plan()[0], Enrol)
    assert case.recheck() == Skip(Reason.OUT_OF_STOCK, ends_trip=True)


@pytest.mark.parametrize("kind", ["unknown", "always", "units"])
def test_what_can_still_be_sold_goes_on(kind: str) -> None:
    assert UNDER_WAY.but(stock=(("mug", Stock(kind)),)).recheck() == Go()  # type: ignore[arg-type]


def test_one_line_in_stock_is_enough_and_so_is_one_nobody_knows_of() -> None:
    two = UNDER_WAY.but(lines=(MUG, MUG.__class__("tea", "tea", "Tea", 1, MUG.price)), stock=SOLD_OUT)
    assert two.recheck() == Go()


def test_an_older_cart_that_turns_up_after_the_order_enrols_nobody() -> None:
    """Its webhook was late; the person has long bought."""
    assert LEFT.but(bought_at=(TEN + hours(2),), now=TEN + hours(3)).refused_for() == (Reason.BOUGHT,)


def test_an_older_cart_does_not_disturb_the_trip_of_a_newer_one() -> None:
    older = Case(cart_id=1, trip_cart=2, newest=False, lines=())
    assert older.refused_for() == (Reason.CART_EMPTIED, Reason.CART_REPLACED)


def test_a_newer_cart_that_cannot_take_the_trip_over_ends_it_when_a_message_is_due() -> None:
    assert UNDER_WAY.but(newest=False).recheck() == Skip(Reason.CART_REPLACED, ends_trip=True)


def test_a_newer_cart_takes_the_trip_over_and_its_times_count() -> None:
    newer = Case(cart_id=2, trip_cart=1, activity_at=TEN + hours(5), now=TEN + hours(5), started_at=TEN)
    assert newer.enrolment().subject_id == 2
    assert newer.enrolment().messages[0].due_at == TEN + hours(6)


def test_who_bought_after_our_first_message_is_left_alone_although_a_newer_cart_was_begun_since() -> None:
    newer = Case(
        cart_id=2,
        trip_cart=1,
        started_at=TEN + hours(4),
        activity_at=TEN + hours(4),
        now=TEN + hours(5),
        bought_at=(TEN + hours(3),),
    )
    assert newer.enrolment().subject_id == 2, "bought before we ever wrote: the new cart counts"
    assert newer.but(wrote_at=TEN + hours(1)).exits_with() == Reason.BOUGHT


def test_a_person_rests_after_a_trip_with_a_message_but_not_while_one_is_under_way() -> None:
    assert LEFT.but(rested_since=TEN - DAYS).refused_for() == (Reason.RESTING,)
    assert UNDER_WAY.but(rested_since=TEN - DAYS).enrolment().subject_id == 1


def test_a_step_switched_off_or_taken_away_is_left_out_when_due() -> None:
    off = with_steps(STANDARD[0].model_copy(update={"on": False}), STANDARD[1])
    assert UNDER_WAY.but(settings=off).recheck(step=1) == Skip(Reason.FLOW_OFF)
    assert UNDER_WAY.but(settings=off).recheck(step=2) == Go()
    assert UNDER_WAY.but(settings=off).recheck(step=3) == Skip(Reason.FLOW_OFF)


def test_a_cart_that_fell_below_the_minimum_gets_nothing_when_the_step_is_due() -> None:
    small = UNDER_WAY.but(settings=CartRecoverySettings(minimum_cart=5000))
    assert small.recheck() == Skip(Reason.BELOW_MINIMUM)


def test_a_discount_waits_for_its_minimum_while_plain_reminders_go() -> None:
    case = UNDER_WAY.but(settings=CartRecoverySettings(discount_minimum=5000))
    assert case.recheck(incentive=Incentive("percent", 10)) == Skip(Reason.BELOW_MINIMUM)
    assert case.recheck() == Go()


def test_people_under_way_keep_their_waiting_times_but_get_the_new_words() -> None:
    saved = with_steps(Step(after_hours=6, content="answers"), Step(after_hours=48, on=False))
    kept = saved.keeping_times_of(CartRecoverySettings())
    assert [(s.after_hours, s.content, s.on) for s in kept.steps] == [
        (1, "answers", True),
        (24, "reminder", False),
    ]


def test_waking_up_decides_as_news_of_the_cart_would() -> None:
    for case in (LEFT, UNDER_WAY, UNDER_WAY.but(lines=()), LEFT.but(test=True)):
        assert case.wake() == case.plan()
