"""The words of messages: ours by default, the merchant's where she wrote her own.

Merchants edit words, never templates; what may stand in a text, core.wording says.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.wording import FIELDS, fault_of

FOLDER = Path(__file__).parent.parent / "templates" / "messages"

Words = Mapping[str, str]


def words_for(flow: str, content: str, language: str, *, offer: bool, own: Words | None = None) -> Words:
    """The words of one message. Of the merchant's own, those with a fault are
    left out, as those that speak of an offer where there is none."""
    ours = _ours(flow, content, language, offer)
    if not own:
        return ours
    usable = {field: text for field, text in own.items() if text and not fault_of(field, text, offer=offer)}
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
        wrong = "a field of that name" if field not in FIELDS else fault_of(field, text, offer=offer)
        if wrong is not None:
            raise ValueError(f"words of {where}: {field}: {wrong}")


@cache
def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
