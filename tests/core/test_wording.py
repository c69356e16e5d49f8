"""What may stand in a text: closed placeholders, one line where one belongs, something to read for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.own_words import OwnWords, Wording
from core.wording import ALWAYS, FIELDS, LONGEST, SEVERAL_LINES, WITH_OFFER, Fault, cleaned, fault_of, fill

NAMES = (*ALWAYS, *WITH_OFFER)
PIECES = st.one_of(st.text(max_size=8), st.sampled_from([f"{{{name}}}" for name in NAMES] + ["{", "}", "\n"]))
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("field", "text", "offer", "wrong"),
    [
        ("subject", "Your cart, {first_name}", False, None),
        ("subject", "", False, None),
        ("subject", "{offer} until {ends}: {code}", True, None),
        ("subject", "Take {code}", False, Fault("no_offer", "code")),
        ("body", "Dear {firstname}", True, Fault("unknown", "firstname")),
        ("body", "Dear {first_name", False, Fault("brace")),
        ("body", "Dear {{first_name}}", False, Fault("brace")),
        ("subject", "Your cart\nBcc: everybody@example.com", False, Fault("line_break")),
        ("button", "Back\rto the cart", False, Fault("line_break")),
        ("body", "One.\n\nTwo.", False, None),
        ("subject", "x" * 151, False, Fault("too_long", "150")),
        ("subject", "{first_name}", False, Fault("empty")),
        ("greeting", "{first_name},", False, Fault("empty")),
        ("greeting", "Hello {first_name},", False, None),
        ("heading", "🫖", False, None),
    ],
)
def test_a_text_is_right_or_told_what_is_wrong(
    field: str, text: str, offer: bool, wrong: Fault | None
) -> None:
    assert fault_of(field, text, offer=offer) == wrong


@given(TEXTS)
def test_cleaning_twice_changes_nothing_more_and_leaves_nothing_unseen(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    once.encode()
    assert not any(ord(char) < 32 and char != "\n" for char in once)


@given(st.sampled_from(FIELDS), TEXTS, st.booleans())
def test_a_text_without_a_fault_can_be_filled_in_for_everybody(field: str, text: str, offer: bool) -> None:
    kept = cleaned(text)
    if fault_of(field, kept, offer=offer) is not None:
        return
    told = dict.fromkeys(NAMES if offer else ALWAYS, "x")
    for name in ("Anna", ""):
        said = fill(kept, told | {"first_name": name})
        assert bool(said.strip()) == bool(kept)
        assert "{" not in said
        assert field in SEVERAL_LINES or "\n" not in said
    assert len(kept) <= LONGEST[field]


@given(st.dictionaries(st.sampled_from(FIELDS), TEXTS))
def test_whatever_is_kept_has_no_fault_that_saving_could_have_seen(typed: dict[str, str]) -> None:
    try:
        words = OwnWords(de=Wording(**typed))
    except ValidationError:
        return
    said = words.said("de")
    assert all(fault_of(field, text, offer=True) is None for field, text in said.items())
    assert words.said("en") == {}
    assert OwnWords.model_validate(words.model_dump(mode="json")) == words
