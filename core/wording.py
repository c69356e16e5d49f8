"""What a merchant may write into a message: the fields, the placeholders, and what is wrong with a text.

The one place that says so: asked when our own words are read, when hers are
saved and while she types, so that filling them in can't fail in the second
before sending.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ALWAYS = ("first_name", "shop", "total", "product")
WITH_OFFER = ("code", "offer", "ends")
LANGUAGES = ("en", "de")
# The longest text of each field, in its order in the mail.
LONGEST = {
    "subject": 150,
    "preheader": 200,
    "heading": 120,
    "greeting": 120,
    "body": 3000,
    "points": 3000,
    "button": 60,
}
FIELDS = tuple(LONGEST)
SEVERAL_LINES = frozenset({"body", "points"})

# Control characters, characters that turn the direction of writing, halves of a pair.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_UNSEEN_IN_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME_AND_COMMA = re.compile(r"\{first_name\},\s*|\s*,?\s*\{first_name\}")

FaultKind = Literal["unknown", "no_offer", "brace", "line_break", "too_long", "empty"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text; `detail` is the placeholder or the limit it is about."""

    kind: FaultKind
    detail: str = ""


def cleaned(text: str) -> str:
    """The text as it is kept: no ends of blank, no character that is not seen. Line
    breaks stay, also where they are a fault."""
    lines = (_UNSEEN_IN_LINES.sub(" ", line).rstrip() for line in _LINE_ENDS.sub("\n", text).split("\n"))
    return "\n".join(lines).strip()


def fault_of(field: str, text: str, *, offer: bool) -> Fault | None:
    """The first thing wrong with the text of a field; `offer` says whether the
    message carries a discount. No text at all is none: ours stands there then."""
    if not text:
        return None
    if field not in SEVERAL_LINES and re.search("[\r\n]", text):
        return Fault("line_break")
    if len(text) > LONGEST[field]:
        return Fault("too_long", str(LONGEST[field]))
    return _wrong_placeholder(text, offer=offer) or _nothing_left(text)


def fault_in(text: str, *, offer: bool) -> str | None:
    """The first placeholder that would not be filled in, if there is one."""
    allowed = (*ALWAYS, *WITH_OFFER) if offer else ALWAYS
    return next((name for name in _PLACEHOLDER.findall(text) if name not in allowed), None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in, in one pass: a value that looks like a placeholder
    stays what it is. A name nobody told takes its comma along."""
    if not values["first_name"]:
        text = _NAME_AND_COMMA.sub("", text)
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _wrong_placeholder(text: str, *, offer: bool) -> Fault | None:
    wrong = fault_in(text, offer=offer)
    if wrong is not None:
        return Fault("no_offer" if wrong in WITH_OFFER else "unknown", wrong)
    return Fault("brace") if re.search("[{}]", _PLACEHOLDER.sub("", text)) else None


def _nothing_left(text: str) -> Fault | None:
    """Many shoppers tell no name: something must be left to read without one."""
    left = fill(text, {"first_name": "", **dict.fromkeys((*ALWAYS[1:], *WITH_OFFER), "x")})
    seen = any(unicodedata.category(char)[0] in "LNS" for char in left)
    return None if seen else Fault("empty")
