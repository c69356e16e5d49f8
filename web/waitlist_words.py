"""What a shopper at a waiting line is told, in her language."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

WORDS = Path(__file__).parent.parent / "templates" / "shopper" / "waitlist.toml"

Language = Literal["en", "de"]


def spoken(locale: str | None) -> Language | None:
    """The language of ours that is meant; None for any other, or for nothing."""
    told = (locale or "")[:2].lower()
    return "de" if told == "de" else "en" if told == "en" else None


def said(kind: str, language: str, **told: str) -> str:
    return _all()[kind][language].format_map(told)


@cache
def _all() -> dict[str, dict[str, str]]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))
