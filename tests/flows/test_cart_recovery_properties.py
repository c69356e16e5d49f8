"""Whatever is true: the same question has the same answer, and nobody is written to after buying."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.actions import Enrol, Exit, Go, Refuse
from core.events import Stock
from core.reasons import Reason
from flows.cart_recovery import PRESETS
from tests.flows.cases import MUG, TEN, Case, with_steps

spans = st.integers(-20 * 24 * 60, 20 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
moments = spans.map(lambda span: TEN + span)
later = st.integers(0, 30 * 24 * 60).map(lambda minutes: TEN + timedelta(minutes=minutes))
cases = st.builds(
    Case,
    now=later,
    cart_id=st.sampled_from([1, 2]),
    started_at=moments,
    activity_at=moments,
    lines=st.sampled_from([(), (MUG,), (MUG, MUG)]),
    completed=st.booleans(),
    test=st.booleans(),
    newest=st.booleans(),
    bought_at=st.lists(moments, max_size=3).map(tuple),
    stock=st.sampled_from([(), (("mug", Stock("none")),), (("mug", Stock("units", 3)),)]),
    consent=st.sampled_from([(), (Reason.NO_CONSENT,), (Reason.UNSUBSCRIBED,), (Reason.ERASED,)]),
    trip_cart=st.sampled_from([None, 1, 2]),
    rested_since=st.none() | moments,
    wrote_at=st.none() | moments,
    settings=st.sampled_from([with_steps(*preset.steps) for preset in PRESETS.values()]),
)
quick = settings(max_examples=150, deadline=None)


@quick
@given(cases)
def test_the_same_question_has_the_same_single_answer(case: Case) -> None:
    first, second = case.plan(), replace(case).plan()
    assert first == second
    assert len(first) == 1


@quick
@given(cases)
def test_nobody_who_has_bought_is_enrolled_or_written_to(case: Case) -> None:
    bought = case.completed or any(at >= case.started_at for at in case.bought_at)
    (action,) = case.plan()
    if bought:
        assert not isinstance(action, Enrol)
    if bought and case.trip_cart == case.cart_id:
        assert action == Exit(Reason.BOUGHT)
        assert not isinstance(case.recheck(), Go)


@quick
@given(cases)
def test_a_refusal_names_reasons_and_an_exit_needs_a_trip(case: Case) -> None:
    (action,) = case.plan()
    if isinstance(action, Refuse):
        assert action.reasons
        assert len(set(action.reasons)) == len(action.reasons)
    if isinstance(action, Exit):
        assert case.trip_cart is not None


@quick
@given(cases)
def test_messages_come_in_order_twelve_hours_apart_and_each_has_an_end(case: Case) -> None:
    (action,) = case.plan()
    if isinstance(action, Enrol):
        dues = [message.due_at for message in action.messages]
        assert all(b - a >= timedelta(hours=12) for a, b in pairwise(dues))
        assert all(message.valid_until > message.due_at for message in action.messages)
        assert [m.step for m in action.messages] == sorted({m.step for m in action.messages})
