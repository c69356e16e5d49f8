"""What a merchant saves holds at once, also for people under way; only waiting times are for new trips."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.models.tables import discount_codes, effects, enrolments, settings_versions
from engine import changes
from tests.engine.stories import (
    CART_RECOVERY,
    mode,
    save,
    save_preset,
    save_shop,
    sent,
    step_settings,
    steps,
    trips,
)
from tests.support.kontor import Kontor


def test_a_step_switched_off_is_left_out_and_the_next_one_goes(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, on=False))
    kontor.forward(days=3)
    assert steps(kontor) == [(1, "skipped", "flow_off"), (2, "done", None)]


def test_a_step_switched_on_reaches_people_under_way(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(hours=2)
    save(kontor, steps=step_settings(3, on=True))
    kontor.forward(days=5)
    assert sent(kontor) == [1, 2, 3]


def test_new_words_are_in_the_next_message_of_people_under_way(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, content="answers"))
    kontor.forward(hours=2)
    (first,) = kontor.rows(effects, effects.c.step == 1)
    assert (first.state, first.payload["content"]) == ("done", "answers")
    assert first.settings_version == 2, "it names the version it was decided with"


def test_a_discount_given_later_is_in_the_message_of_people_under_way(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, incentive="percent", value=20))
    kontor.forward(hours=2)
    code, message = (
        kontor.rows(effects, effects.c.kind == k)[0] for k in ("create_discount", "send_message")
    )
    assert (code.state, message.state, message.payload["value"]) == ("done", "done", 20)


def test_a_discount_taken_back_is_not_made_for_people_under_way(kontor: Kontor) -> None:
    save(kontor, steps=step_settings(1, incentive="percent", value=20))
    kontor.leave_cart()
    save(kontor, steps=step_settings(1))
    kontor.forward(hours=2)
    (code,) = kontor.rows(effects, effects.c.kind == "create_discount")
    assert (code.state, code.reason) == ("skipped", "flow_off")
    assert sent(kontor) == [1]


def test_a_changed_percentage_counts_for_people_under_way(kontor: Kontor) -> None:
    save(kontor, steps=step_settings(1, incentive="percent", value=20))
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, incentive="percent", value=5))
    kontor.forward(hours=2)
    assert [row.value for row in kontor.rows(discount_codes)] == [5]


def test_new_waiting_times_are_for_new_trips_only(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, after_hours=6))
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    kontor.leave_cart("new@example.com")
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    kontor.forward(hours=5)
    assert sent(kontor) == [1, 1]


def test_waiting_times_are_kept_also_when_the_cart_is_touched_again(kontor: Kontor) -> None:
    cart = kontor.leave_cart()
    save(kontor, steps=step_settings(1, after_hours=6))
    kontor.hear(kontor.store.add_to_cart(cart, "candle"))
    kontor.forward(hours=2)
    assert sent(kontor) == [1]


def test_apply_to_those_waiting_moves_their_times(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, after_hours=6))
    assert changes.apply_times(kontor.machine, kontor.merchant_id, CART_RECOVERY) == 1
    kontor.forward(hours=5)
    assert sent(kontor) == []
    kontor.forward(hours=2)
    assert sent(kontor) == [1]


def test_quiet_hours_switched_on_hold_for_people_under_way(kontor: Kontor) -> None:
    kontor.forward(hours=9.5)
    kontor.leave_cart()
    save_shop(kontor, quiet_email=True)
    kontor.forward(hours=2)
    assert steps(kontor)[0] == (1, "pending", "quiet_hours")
    kontor.forward(hours=12)
    assert sent(kontor) == [1]


def test_a_stricter_policy_holds_for_people_under_way(kontor: Kontor) -> None:
    save_shop(kontor, consent_policy="existing_customers")
    kontor.hear(kontor.store.pay(kontor.leave_cart(opted_in=False)))
    kontor.forward(days=1)
    kontor.leave_cart(opted_in=False)
    assert trips(kontor) == [("active", None)]
    save_shop(kontor, consent_policy="opted_in")
    kontor.forward(hours=2)
    assert steps(kontor)[0] == (1, "skipped", "no_consent")


def test_a_smallest_cart_saved_later_holds_for_people_under_way(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, minimum_cart=50_000)
    kontor.forward(days=3)
    assert steps(kontor) == [(1, "skipped", "below_minimum"), (2, "skipped", "below_minimum")]


def test_a_flow_switched_to_shadow_sends_nothing_more(kontor: Kontor) -> None:
    kontor.leave_cart()
    mode(kontor, "shadow")
    kontor.forward(days=3)
    assert sent(kontor) == []
    assert trips(kontor) == [("exited", "flow_off")]


def test_every_save_is_a_version_with_a_name_on_it(kontor: Kontor) -> None:
    save_preset(kontor, "quick")
    save_preset(kontor, "single")
    mode(kontor, "off")
    saved = kontor.rows(settings_versions, settings_versions.c.scope == "cart_recovery")
    assert [(row.version, row.mode, row.saved_by) for row in saved] == [
        (1, "live", "sandbox"),
        (2, "live", "Mara"),
        (3, "live", "Mara"),
        (4, "off", "Mara"),
    ]
    assert len(saved[3].data["steps"]) == 1, "switching off keeps what she has set"


def test_saving_words_does_not_count_as_going_live_again(kontor: Kontor) -> None:
    kontor.leave_cart()
    kontor.forward(minutes=30)
    save_preset(kontor, "standard")
    kontor.forward(hours=1)
    assert sent(kontor) == [1]


def test_what_does_not_fit_is_not_saved(kontor: Kontor) -> None:
    with pytest.raises(ValidationError, match="12 hours"):
        save(kontor, steps=step_settings(2, after_hours=2))
    with pytest.raises(ValidationError):
        save_shop(kontor, cap_day=0)
    assert len(kontor.rows(settings_versions, settings_versions.c.scope == "cart_recovery")) == 1


def test_a_trip_names_the_version_whose_times_it_follows(kontor: Kontor) -> None:
    kontor.leave_cart()
    save(kontor, steps=step_settings(1, after_hours=6))
    kontor.forward(hours=2)
    (trip,) = kontor.rows(enrolments)
    assert trip.settings_version == 1
    assert kontor.rows(effects)[0].due_at - trip.since == timedelta(hours=1)
