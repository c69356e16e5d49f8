"""A brand before it goes out: every colour readable, and what to mend is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brand import findings, with_brand
from engine.colours import DARK_CARD, PAPER, READABLE, colours_of, contrast
from engine.shop_settings import ShopSettings

COLOUR = st.from_regex(r"\A#[0-9a-f]{6}\Z")
GOOD = {"reply_to": "hello@birch.example", "imprint": "Birch & Ember\nHafenstraße 1\n20359 Hamburg"}


def kinds(**brand: str) -> list[str]:
    return [one.kind for one in findings(ShopSettings.model_validate({**GOOD, **brand}))]


@given(COLOUR)
def test_words_on_every_button_can_be_read_and_the_button_seen(colour: str) -> None:
    used = colours_of(colour)
    assert contrast(used.on_button, used.button) >= READABLE
    assert contrast(used.edge, PAPER) >= 3
    assert contrast(used.dark_edge, DARK_CARD) >= 3


def test_a_colour_that_can_be_read_stays_to_the_letter() -> None:
    assert colours_of("#1f6f54").button == "#1f6f54"
    assert colours_of("#ffd500").button == "#ffd500"


@pytest.mark.parametrize(
    ("colour", "said"),
    [
        ("#ffd500", ["dark_words", "edge_on_light"]),
        ("#ffffff", ["dark_words", "edge_on_light"]),
        ("#141414", ["edge_on_dark"]),
        ("#0b5fff", []),
    ],
)
def test_what_a_colour_leads_to_is_said(colour: str, said: list[str]) -> None:
    assert kinds(colour=colour) == said


def test_a_colour_between_light_and_dark_is_made_darker_and_which_is_said() -> None:
    (said,) = [one for one in findings(ShopSettings(colour="#7f7f7f")) if one.kind == "colour_darkened"]
    assert said.detail == colours_of("#7f7f7f").button != "#7f7f7f"


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        ("reply_to", "", "no_reply_address"),
        ("reply_to", "no-reply@birch.example", "nobody_reads"),
        ("imprint", "", "no_imprint"),
        ("logo_url", "https://cdn.example/logo.svg?v=2", "logo_is_svg"),
    ],
)
def test_what_is_allowed_but_unwise_is_said(field: str, text: str, kind: str) -> None:
    assert kind in kinds(**{field: text})


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        ("colour", "green", "wrong_colour"),
        ("colour", "#fff", "wrong_colour"),
        ("logo_url", "http://cdn.example/logo.png", "wrong_logo"),
        ("logo_url", "javascript:alert(1)", "wrong_logo"),
        ("logo_url", "https://user:secret@cdn.example/logo.png", "wrong_logo"),
        ("logo_url", 'https://cdn.example/"><script>', "wrong_logo"),
        ("logo_url", "https://localhost", "wrong_logo"),
        ("reply_to", "hello at birch", "wrong_reply"),
        ("sender_name", "Birch\nBcc: x", "wrong_text"),
        ("imprint", "x" * 601, "wrong_text"),
    ],
)
def test_what_cannot_be_used_is_refused_and_the_rest_is_shown(field: str, text: str, kind: str) -> None:
    saved = ShopSettings.model_validate(GOOD | {"colour": "#0b5fff"})
    shop, found = with_brand(saved, {field: text, "sender_name": "Birch"} | {field: text})
    assert getattr(shop, field) == getattr(saved, field)
    assert [(one.field, one.kind) for one in found if one.refused] == [(field, kind)]
    assert field == "sender_name" or shop.sender_name == "Birch"


def test_only_the_brand_is_taken_from_a_form() -> None:
    shop, found = with_brand(
        ShopSettings.model_validate(GOOD), {"cap_day": "5", "csrf_token": "x", "colour": " #0b5fff "}
    )
    assert shop.cap_day == 1
    assert shop.colour == "#0b5fff"
    assert found == []
