"""The words of messages: ours by default, the merchant's where she wrote her own.

Merchants edit words, never templates. A text may name the placeholders below
and nothing else; that is checked when our words are read and when hers are
saved, so that filling them in can't fail in the second before sending.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).parent.parent / "templates" / "messages"
ALWAYS = frozenset({"first_name", "shop", "total"})
WITH_OFFER = frozenset({"code", "offer", "ends"})
FIELDS = ("subject", "preheader", "heading", "greeting", "body", "button", "points")
LANGUAGES = ("en", "de")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME_AND_COMMA = re.compile(r"\{first_name\},\s*|\s*,?\s*\{first_name\}")

Words = Mapping[str, str]


def fault_in(text: str, *, offer: bool) -> str | None:
    """The first placeholder that would not be filled in, if there is one.

    `offer` says whether the message carries a discount.
    """
    allowed = ALWAYS | WITH_OFFER if offer else ALWAYS
    return next((name for name in _PLACEHOLDER.findall(text) if name not in allowed), None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in, in one pass: a value that looks like a placeholder
    stays what it is. A name nobody told takes its comma along."""
    if not values["first_name"]:
        text = _NAME_AND_COMMA.sub("", text)
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def words_for(flow: str, content: str, language: str, *, offer: bool, own: Words | None = None) -> Words:
    """The words of one message. Of the merchant's own, those that speak of an
    offer are left out where there is none."""
    ours = _ours(flow, content, language, offer)
    if not own:
        return ours
    usable = {field: text for field, text in own.items() if text and fault_in(text, offer=offer) is None}
    return {**ours, **usable}


@cache
def shared_words(language: str) -> Words:
    """What all messages say alike: total, footer and the like."""
    return MappingProxyType(_read(FOLDER / "words.toml")[language])


@cache
def _ours(flow: str, content: str, language: str, offer: bool) -> Words:
    """Raises KeyError for a content without words, ValueError for a wrong word.

    A text written for an offer stands in the table `with_offer`; a content
    that has no other text says the reminder's where there is nothing to offer.
    """
    entry = dict(_read(FOLDER / flow / "words.toml")[content][language])
    with_offer = entry.pop("with_offer", {})
    words = {field: text.strip() for field, text in (entry | with_offer if offer else entry).items()}
    if "subject" not in words:
        return _ours(flow, "reminder", language, offer)
    _check(words, f"{flow}/{content}.{language}", offer)
    return MappingProxyType(words)


def _check(words: Words, where: str, offer: bool) -> None:
    for field, text in words.items():
        wrong = fault_in(text, offer=offer)
        if field not in FIELDS or wrong is not None:
            raise ValueError(f"words of {where}: {field} may not say {{{wrong}}}")


@cache
def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
