"""One setting's value: as it stands in its input, as it was meant, and as people say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_currency_symbol

from core.money import Money
from core.settings import Declared, Kind, Words
from web.i18n import REGIONS, locale
from web.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Speech:
    """The language of whoever types, and the money of the shop."""

    language: str
    currency: str

    @classmethod
    def of(cls, currency: str) -> "Speech":
        return cls(locale(), currency)

    @property
    def region(self) -> str:
        return REGIONS[self.language]

    @property
    def sign(self) -> str:
        return get_currency_symbol(self.currency, locale=self.region)

    def say(self, words: Words) -> str:
        return words[self.language == "de"]


def kind_of(one: Declared, others: Mapping[str, Any]) -> Kind | None:
    """How this setting is typed, given the ones beside it; None where it is of no use."""
    return one.by.kinds.get(str(others.get(one.by.name))) if one.by else one.kind


def typed(kind: Kind | None, value: Any, speech: Speech) -> str:
    """The value as it stands in its input."""
    if kind == "tick":
        return "true" if value else "false"
    if kind == "money":
        return Money(value, speech.currency).plain(speech.region)
    return "" if kind is None else str(value)


def meant(kind: Kind | None, text: str, default: Any, speech: Speech) -> Any:
    """What was typed; numbers are read by their setting's own check. Raises
    ValueError where it is no amount of money."""
    if kind is None:
        return default
    if kind == "tick":
        return text == "true"
    if kind == "money":
        return Money.typed(text, speech.currency).minor
    if kind in ("percent", "number"):
        return text.removesuffix("%").strip()
    return text.replace("\r\n", "\n").strip()


def told(one: Declared, value: Any, others: Mapping[str, Any], speech: Speech) -> str:
    """The value in words for people."""
    kind = kind_of(one, others)
    if kind in ("choice", "radio"):
        return speech.say(one.options[value].label)
    if kind == "money":
        return Money(value, speech.currency).shown(speech.region)
    if kind == "hour":
        return f"{value:02}:00"
    known: dict[Kind | None, str] = {
        None: "",
        "tick": _("on") if value else _("off"),
        "percent": f"{value}\u00a0%" if speech.language == "de" else f"{value}%",
    }
    return known[kind] if kind in known else f"{value} {speech.say(one.unit)}".strip()


def wanted(one: Declared, kind: Kind | None, speech: Speech) -> str:
    """What would be accepted, as one sentence: said wherever something else was typed."""
    least, most = one.checks.get("ge"), one.checks.get("le")
    if kind == "money":
        return _wanted_money(least, most, speech)
    if kind == "number" and least is not None and most is not None:
        return _("A whole number between %(least)s and %(most)s.", least=least, most=most)
    if kind == "rows":
        least, most = one.checks.get("min_length", 0), one.checks.get("max_length", 0)
        return _("Between %(least)s and %(most)s of them.", least=least, most=most)
    known: dict[Kind | None, str] = {
        "number": _("A whole number."),
        "percent": _("A whole number."),
        "hour": _("One of those offered."),
        "choice": _("One of those offered."),
        "radio": _("One of those offered."),
        "email": _("An e-mail address, such as hello@shop.example."),
        "link": _("An address that begins with https://."),
        "colour": _("A colour of six digits, such as #1f6f54."),
    }
    return known.get(kind) or _("At most %(most)s letters.", most=one.checks.get("max_length", 0))


def _wanted_money(least: int | None, most: int | None, speech: Speech) -> str:
    example = Money(1250, speech.currency).plain(speech.region)
    if most is None:
        return _("An amount such as %(example)s.", example=example)
    low, high = (Money(amount, speech.currency).shown(speech.region) for amount in (least or 0, most))
    return _(
        "An amount such as %(example)s, between %(least)s and %(most)s.",
        example=example,
        least=low,
        most=high,
    )
