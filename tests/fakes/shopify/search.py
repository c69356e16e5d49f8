"""Shopify's search syntax: terms, AND, OR, NOT, brackets, comparators, quoted values.

A field the search does not know is no error: the term is left out and a
warning stands in the answer's extensions. Whoever misspells a filter gets
everything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from tests.fakes.shopify.records import Terms

Kind = Literal["text", "words", "phrase", "id", "time", "day", "flag"]
Matches = Callable[[Terms, datetime], bool]

TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])
    |(?P<minus>-)?(?:(?P<field>[A-Za-z_][\w.]*):)?(?P<sign><=|>=|<|>)?
     (?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s()"'])+))""",
    re.VERBOSE,
)


@dataclass
class Search:
    """One query, read for one kind of record; `warnings` are told to the asker."""

    query: str
    fields: Mapping[str, Kind]
    warnings: list[dict[str, str]] = field(default_factory=list)
    _tokens: list[re.Match[str]] = field(default_factory=list)
    _at: int = 0

    def __post_init__(self) -> None:
        self._tokens = list(TOKEN.finditer(self.query))
        self.matches: Matches = self._either() if self._tokens else _everything

    def _either(self) -> Matches:
        sides = [self._all()]
        while self._take("OR"):
            sides.append(self._all())
        return lambda terms, now: any(side(terms, now) for side in sides)

    def _all(self) -> Matches:
        sides = [self._one()]
        while self._at < len(self._tokens) and not self._next_is("OR", ")"):
            self._take("AND")
            sides.append(self._one())
        return lambda terms, now: all(side(terms, now) for side in sides)

    def _one(self) -> Matches:
        if self._take("NOT"):
            negated = self._one()
            return lambda terms, now: not negated(terms, now)
        if self._take("("):
            inside = self._either()
            self._take(")")
            return inside
        if self._at >= len(self._tokens):
            return _everything
        token = self._tokens[self._at]
        self._at += 1
        found = self._term(token)
        return (lambda terms, now: not found(terms, now)) if token["minus"] else found

    def _next_is(self, *words: str) -> bool:
        if self._at >= len(self._tokens):
            return False
        token = self._tokens[self._at]
        bare = token["value"] if not (token["field"] or token["sign"] or token["minus"]) else None
        return (token["bracket"] or bare) in words

    def _take(self, word: str) -> bool:
        if not self._next_is(word):
            return False
        self._at += 1
        return True

    def _term(self, token: re.Match[str]) -> Matches:
        name, sign, raw = token["field"], token["sign"] or "", token["value"]
        quoted = raw is not None and raw[:1] in "\"'"
        value = re.sub(r"\\(.)", r"\1", raw[1:-1] if quoted else raw or "")
        if name is None:
            return lambda terms, now: value.lower() in str(terms.get("default", "")).lower()
        kind = self.fields.get(name)
        if kind is None:
            return self._warned(name, "Invalid search field for this query.")
        if kind in {"time", "day"} and _moment(value, datetime.now(UTC)) is None:
            return self._warned(name, f"Input `{value}` is not an accepted value.")
        if not quoted and re.search(r"(?<!\\):", raw):
            return self._warned(name, "A value with a colon must be quoted.")
        return lambda terms, now: _compared(kind, terms.get(name), sign, value, quoted, now)

    def _warned(self, name: str, why: str) -> Matches:
        self.warnings.append({"field": name, "message": why})
        return _everything


def _everything(terms: Terms, now: datetime) -> bool:
    return True


def _compared(kind: Kind, known: Any, sign: str, value: str, quoted: bool, now: datetime) -> bool:
    if known is None:
        return False
    if kind in {"time", "day"}:
        return _in_time(known, sign, value, now) if kind == "time" else _by_day(known, sign, value, now)
    if kind == "id":
        number = value.rsplit("/", 1)[-1]
        return number.isdigit() and _ordered(int(known), sign, int(number))
    if kind == "flag":
        return str(known).lower() == value.lower()
    if not quoted and value == "*":
        return bool(known != "")
    return any(_said(one, value.lower(), quoted, kind) for one in _several(known))


def _several(known: Any) -> list[str]:
    return [str(one).lower() for one in (known if isinstance(known, (list, tuple)) else [known])]


def _said(known: str, value: str, quoted: bool, kind: Kind) -> bool:
    """An unquoted value of a tokenised field is found word by word: asking for
    a bare e-mail address also finds its neighbours. A quoted title is found
    inside longer ones."""
    if not quoted and value.endswith("*"):
        return known.startswith(value[:-1])
    words, asked = re.findall(r"\w+", known), re.findall(r"\w+", value)
    if kind in {"words", "phrase"} and not quoted:
        return all(word in words for word in asked)
    if kind == "phrase":
        return f" {' '.join(asked)} " in f" {' '.join(words)} "
    return known == value


def _in_time(known: datetime, sign: str, value: str, now: datetime) -> bool:
    moment = _moment(value, now)
    assert moment is not None
    if not sign and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return moment <= known < moment + timedelta(days=1)
    return _ordered(known, sign, moment)


def _by_day(known: datetime, sign: str, value: str, now: datetime) -> bool:
    moment = _moment(value, now)
    assert moment is not None
    return _ordered(known.date(), sign, moment.astimezone(UTC).date())


def _moment(value: str, now: datetime) -> datetime | None:
    if value == "now":
        return now
    try:
        if re.fullmatch(r"\d{4}", value):
            return datetime(int(value), 1, 1, tzinfo=UTC)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _ordered(known: Any, sign: str, wanted: Any) -> bool:
    results = {
        "": known == wanted,
        "<": known < wanted,
        ">": known > wanted,
        "<=": known <= wanted,
        ">=": known >= wanted,
    }
    return bool(results[sign])
