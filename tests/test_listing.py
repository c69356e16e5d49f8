"""The listing keeps to Shopify's limits, says the same in both languages, and has a reason for each scope."""

import re
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest

from integrations.shopify.frame import SCOPES

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "listing"
LANGUAGES = ("en", "de")
# Letters at most, as the form of Shopify's partner dashboard takes them.
LIMITS = {"name": 30, "subtitle": 62, "introduction": 100, "details": 500}
LIMITS |= {"title_tag": 60, "meta_description": 160}
MOST_FEATURES, FEATURE = 5, 80
MOST_TERMS, TERM = 5, 20
SCREENSHOTS, ALT = (3, 6), 125


def listing(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text())


each_language = pytest.mark.parametrize("language", LANGUAGES)


@each_language
def test_every_text_is_there_and_not_too_long(language: str) -> None:
    told = listing(language)
    lengths = {field: len(told[field].strip()) for field in LIMITS}
    assert {field: length for field, length in lengths.items() if not 0 < length <= LIMITS[field]} == {}
    assert told["pricing"]


@each_language
def test_features_and_search_terms_fit(language: str) -> None:
    told = listing(language)
    assert 1 <= len(told["features"]) <= MOST_FEATURES
    assert [one for one in told["features"] if len(one) > FEATURE] == []
    assert 1 <= len(set(told["search_terms"])) == len(told["search_terms"]) <= MOST_TERMS
    assert [one for one in told["search_terms"] if len(one) > TERM] == []


@each_language
def test_the_name_is_ours_and_nothing_is_promised_that_nobody_can_prove(language: str) -> None:
    told = listing(language)
    for field in ("name", "subtitle"):
        assert "shopify" not in told[field].lower()
    said = " ".join([told["introduction"], told["details"], *told["features"]]).lower()
    for word in ("best", "guarantee", "#1", "no. 1", "garantie", "führend", "%"):
        assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said), word


def test_both_languages_have_the_same_parts() -> None:
    english, german = (listing(language) for language in LANGUAGES)
    assert english.keys() == german.keys()
    for part in ("features", "faq", "screenshots"):
        assert len(english[part]) == len(german[part]), part
    assert [one["file"] for one in english["screenshots"]] == [one["file"] for one in german["screenshots"]]


@each_language
def test_every_screenshot_is_there_in_its_size_with_its_words(language: str) -> None:
    shown = listing(language)["screenshots"]
    assert SCREENSHOTS[0] <= len(shown) <= SCREENSHOTS[1]
    for one in shown:
        assert 0 < len(one["alt"]) <= ALT, one["alt"]
        assert size(FOLDER / "screenshots" / f"{one['file']}-{language}.png")[:2] == (1600, 900)


def test_the_icon_is_square_and_not_transparent() -> None:
    width, height, colours = size(FOLDER / "icon.png")
    assert (width, height) == (1200, 1200)
    assert colours in (2, 6)
    assert "<text" not in (FOLDER / "icon.svg").read_text()
    assert '<rect width="1200" height="1200"' in (FOLDER / "icon.svg").read_text()


def test_each_scope_that_is_asked_for_has_its_reason_and_no_other_is_named() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.{20,}) \|$", (FOLDER / "scopes.md").read_text(), re.MULTILINE)
    assert sorted(scope for scope, _ in rows) == sorted(SCOPES)


def test_the_steps_name_only_what_there_is() -> None:
    steps = (FOLDER / "reviewer.md").read_text()
    assert [int(number) for number in re.findall(r"^(\d+)\. ", steps, re.MULTILINE)] == list(range(1, 11))


def size(file: Path) -> tuple[int, int, int]:
    """Width, height and kind of colour, as the head of a PNG says them."""
    head = file.read_bytes()[:26]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, _depth, colours = struct.unpack(">IIBB", head[16:26])
    return width, height, colours
