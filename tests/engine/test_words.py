"""The merchant's own words: hers in every mail from saving on, ours where she wrote none, nobody's lost."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.db import reading
from core.own_words import OwnWords
from core.wording import FIELDS, cleaned, fault_of
from engine import changes, own_words
from engine.own_words import StepWords, Typed
from engine.rendering import render
from tests.core.test_wording import TEXTS
from tests.engine.stories import (
    ANNA,
    CART_RECOVERY,
    Postbox,
    save,
    save_preset,
    save_shop,
    sent,
    step_settings,
    with_postbox,
)
from tests.engine.test_rendering import CONTENTS, OFFER, letter
from tests.support.kontor import Kontor

HERS = {"de": {"subject": "Ihr Tee wartet, {first_name}", "body": "Noch warm.\n\nBis bald!"}}


def words_of(kontor: Kontor, step: int = 1) -> StepWords:
    with reading(kontor.machine.db) as session:
        found = own_words.words_of_step(session, kontor.merchant_id, CART_RECOVERY, step)
    assert found is not None
    return found


def write(kontor: Kontor, typed: Typed, step: int = 1, *, seen: int | None = None, by: str = "Mara") -> None:
    version = words_of(kontor, step).version if seen is None else seen
    own_words.save(kontor.machine, kontor.merchant_id, CART_RECOVERY, step, typed, version, by)


def subjects(postbox: Postbox) -> list[str]:
    return [message.subject for message in postbox.sent]


def test_her_words_are_in_the_mail_also_of_people_under_way(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    write(kontor, {"en": {"subject": "Tea at {shop}", "body": "Still warm.\nReally.\n\nSee you!"}})
    kontor.forward(hours=2)
    (mail,) = postbox.sent
    assert mail.subject == "Tea at Birch & Ember"
    assert "Still warm.\nReally." in mail.text
    assert "Still warm.<br>Really." in mail.html
    assert "Back to my cart" in mail.html, "what she did not write says ours"


def test_words_of_one_language_are_not_the_others(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    write(kontor, HERS)
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert subjects(postbox) == ["Your cart at Birch & Ember"]


def test_words_belong_to_their_step(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    write(kontor, {"en": {"subject": "Second time"}}, step=2)
    kontor.leave_cart()
    kontor.forward(days=3)
    assert subjects(postbox) == ["Your cart at Birch & Ember", "Second time"]


def test_what_says_the_same_as_ours_is_ours(kontor: Kontor) -> None:
    """So that it follows ours, and an emptied field is ours again."""
    write(kontor, {"en": {"subject": "Mine", "heading": words_of(kontor).ours["en"]["heading"]}})
    assert words_of(kontor).own == {"en": {"subject": "Mine"}, "de": {}}
    write(kontor, {"en": {"subject": "  "}})
    assert words_of(kontor).own == {"en": {}, "de": {}}


def test_saving_one_language_leaves_the_other(kontor: Kontor) -> None:
    write(kontor, HERS)
    write(kontor, {"en": {"button": "Go on"}})
    assert words_of(kontor).own == {"en": {"button": "Go on"}, **HERS}


@pytest.mark.parametrize("preset", ["gentle", "standard", "quick", "ladder", "single"])
def test_a_preset_and_new_times_lose_no_words(kontor: Kontor, preset: str) -> None:
    write(kontor, HERS)
    save_preset(kontor, preset)
    assert words_of(kontor).own["de"] == HERS["de"]


def test_words_follow_what_their_step_is_about(kontor: Kontor) -> None:
    save_preset(kontor, "ladder")
    write(kontor, {"en": {"subject": "{offer}, just for you"}}, step=2)
    save_preset(kontor, "standard")
    assert words_of(kontor, 2).own["en"] == {}, "answers are another matter"
    assert words_of(kontor, 3).own["en"] == {"subject": "{offer}, just for you"}


def test_other_settings_saved_with_the_steps_keep_the_words(kontor: Kontor) -> None:
    write(kontor, HERS)
    save(kontor, minimum_cart=500)
    save(kontor, steps=step_settings(1, after_hours=3))
    changes.set_mode(kontor.machine, kontor.merchant_id, CART_RECOVERY, "shadow", "Mara")
    assert words_of(kontor).own["de"] == HERS["de"]


@pytest.mark.parametrize(
    "typed",
    [
        {"subject": "Take {code}"},
        {"subject": "Dear {name}"},
        {"subject": "{first_name}"},
        {"subject": "One\nBcc: two@example.com"},
        {"button": "x" * 61},
        {"body": "Dear {first_name"},
    ],
)
def test_what_cannot_be_sent_is_not_saved(kontor: Kontor, typed: dict[str, str]) -> None:
    before = words_of(kontor)
    with pytest.raises(own_words.Faulty) as told:
        write(kontor, {"en": typed})
    assert {field for _, field in told.value.faults} == set(typed)
    assert words_of(kontor) == before


def test_an_offer_may_be_named_where_there_is_one_and_taking_it_away_sends_ours(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    save(kontor, steps=step_settings(1, incentive="percent", value=10))
    write(kontor, {"en": {"subject": "{offer}: {code}", "heading": "For you"}})
    save(kontor, steps=step_settings(1))
    kontor.leave_cart()
    kontor.forward(hours=2)
    assert subjects(postbox) == ["Your cart at Birch & Ember"]
    assert "For you" in postbox.sent[0].text
    save(kontor, steps=step_settings(1, incentive="percent", value=10))
    assert words_of(kontor).own["en"]["subject"] == "{offer}: {code}", "and it is not lost"


def test_a_colleagues_words_are_not_overwritten_unseen(kontor: Kontor) -> None:
    seen = words_of(kontor).version
    write(kontor, HERS, by="Bea")
    with pytest.raises(own_words.Conflict) as told:
        write(kontor, {"de": {"subject": "Mein Betreff"}}, seen=seen)
    assert told.value.by == "Bea"
    assert words_of(kontor).own["de"] == HERS["de"]
    write(kontor, {"de": {"subject": "Mein Betreff"}}, seen=told.value.now.version)
    assert words_of(kontor).own["de"] == {"subject": "Mein Betreff"}


def test_what_a_colleague_changed_elsewhere_is_no_conflict(kontor: Kontor) -> None:
    seen = words_of(kontor).version
    write(kontor, HERS, step=2, by="Bea")
    save(kontor, minimum_cart=500)
    write(kontor, HERS, seen=seen)
    assert words_of(kontor, 1).own["de"] == words_of(kontor, 2).own["de"] == HERS["de"]


def test_a_save_between_reading_and_writing_is_not_lost(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague saves another step in the very moment; both saves count."""
    real, moments = changes.save_flow, [1]

    def save_flow(*given: Any, **named: Any) -> int:
        if moments:
            moments.pop()
            write(kontor, HERS, step=2, by="Bea")
        return real(*given, **named)

    monkeypatch.setattr(own_words, "save_flow", save_flow)
    write(kontor, HERS)
    assert words_of(kontor, 1).own["de"] == words_of(kontor, 2).own["de"] == HERS["de"]


def test_saving_with_an_older_version_is_refused_where_it_is_named(kontor: Kontor) -> None:
    save(kontor, minimum_cart=500)
    with pytest.raises(changes.ChangedMeanwhile) as told:
        changes.save_flow(kontor.machine, kontor.merchant_id, CART_RECOVERY, {}, "Mara", seen=1)
    assert told.value.version == 2


@pytest.mark.parametrize("step", [0, 4, 99])
def test_a_step_that_is_not_there_has_no_words(kontor: Kontor, step: int) -> None:
    with reading(kontor.machine.db) as session:
        assert own_words.words_of_step(session, kontor.merchant_id, CART_RECOVERY, step) is None
    with pytest.raises(IndexError):
        CART_RECOVERY.Settings().reworded(step, OwnWords())


def test_without_a_reply_address_answers_promise_no_reply_unless_she_writes_what_we_would(
    kontor: Kontor,
) -> None:
    postbox = with_postbox(kontor)
    save_shop(kontor, reply_to="")
    kontor.leave_cart(ANNA)
    kontor.forward(days=2)
    assert "reply" not in postbox.sent[1].text
    write(kontor, {"en": {"preheader": "All about shipping", "points": "Shipping\nTwo days."}}, step=2)
    kontor.leave_cart("ben@example.com")
    kontor.forward(days=2)
    assert "Shipping\nTwo days." in postbox.sent[3].text
    assert sent(kontor) == [1, 2, 1, 2]


SAVED = st.dictionaries(st.sampled_from(FIELDS), TEXTS.map(cleaned)).map(
    lambda told: {f: t for f, t in told.items() if fault_of(f, t, offer=True) is None}
)


@settings(max_examples=60, deadline=None)
@given(SAVED, st.sampled_from(CONTENTS), st.booleans(), st.sampled_from(["Anna", None]), st.booleans())
def test_whatever_words_are_saved_the_mail_can_be_sent(
    own: dict[str, str], content: Any, offer: bool, name: str | None, german: bool
) -> None:
    written = letter(content, words=own, discount=OFFER if offer else None, first_name=name)
    rendered = render(replace(written, locale="de" if german else "en"))
    rendered.html.encode()
    assert rendered.subject
    assert "\n" not in rendered.subject + rendered.preheader
    assert "<script" not in rendered.html
