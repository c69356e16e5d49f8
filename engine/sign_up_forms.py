"""The form of a waiting line: a signed token says what it was given for and when.

Whoever fills it in without having looked at it, or long after, is asked to
once more; see decision 31.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from core import clock
from core.config import Config
from engine import links

FORM = "kontor.waiting_form"
# Nobody types an address faster, and a page is not left open for longer.
QUICK, OLD = timedelta(seconds=2), timedelta(days=1)
LONGEST_REF = 100

Judged = Literal["good", "quick", "old", "foreign"]


@dataclass(frozen=True, slots=True)
class Form:
    """`text` is spoken in `language`; `mark` tells this form from all others."""

    language: str
    mark: str


def give(config: Config, merchant_id: int, variant_ref: str, language: str) -> str:
    mark = secrets.token_urlsafe(9)
    return links.signed(config, FORM, merchant_id, variant_ref, language, _milliseconds(), mark)


def judge(config: Config, merchant_id: int, variant_ref: str, token: str) -> tuple[Judged, Form | None]:
    """Whether it is a form of ours for this variant, filled in at a person's pace."""
    match links.opened(config, FORM, token):
        case [int(whose), str(ref), str(language), int(given), str(mark)]:
            if (whose, ref) != (merchant_id, variant_ref):
                return "foreign", None
            return _by_age(timedelta(milliseconds=_milliseconds() - given)), Form(language, mark)
    return "foreign", None


def _by_age(age: timedelta) -> Judged:
    if age < QUICK:
        return "quick"
    return "old" if age > OLD else "good"


def _milliseconds() -> int:
    return int(clock.now().timestamp() * 1000)
