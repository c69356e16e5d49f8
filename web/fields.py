"""What a template draws a form from: sections of fields, each with its words, its text and its fault."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.settings import Declared, Kind, Settings, declared
from web.forms import WAS, Faults, Row, Typed
from web.i18n import gettext as _
from web.values import Speech, kind_of

HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    help: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `units` are the signs behind it: by the value of the setting
    `by` that gives the number its meaning, or one for all."""

    name: str
    key: str
    label: str
    help: str
    kind: Kind
    text: str
    fault: str
    units: Mapping[str, str]
    by: str
    choices: Sequence[Choice]
    least: int | None
    most: int | None
    longest: int | None
    rows: "Sequence[Entry]" = ()

    @property
    def described_by(self) -> str:
        told = {"fault": self.fault, "help": self.help}
        return " ".join(f"{self.name}-{part}" for part, words in told.items() if words)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list: "Step 2"."""

    name: str
    title: str
    was: str
    fields: Mapping[str, Field]
    fault: str


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    title: str
    help: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Form:
    groups: Sequence[Group]
    # Where each fault stands: the input's name, how people call it, the sentence.
    faults: Sequence[tuple[str, str, str]]

    def group(self, key: str) -> Group | None:
        return next((group for group in self.groups if group.key == key), None)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a form is drawn with. `withheld` are options that this shop has not."""

    speech: Speech
    faults: Faults
    withheld: Mapping[str, Collection[str]]


def draw(
    kind: type[Settings],
    now: Typed,
    speech: Speech,
    faults: Faults | None = None,
    withheld: Mapping[str, Collection[str]] | None = None,
) -> Form:
    drawing = Drawing(speech, faults or {}, withheld or {})
    fields = {
        name: _field(drawing, name, one, now.texts, "")
        if one.kind != "rows"
        else _list(drawing, name, one, now)
        for name, one in declared(kind).items()
        if one.kind != "elsewhere"
    }
    return Form(_groups(kind, fields, speech), _told(fields, drawing.faults))


def _groups(kind: type[Settings], fields: Mapping[str, Field], speech: Speech) -> list[Group]:
    placed = {name for section in kind.sections for name in section.names}
    rest = [field for name, field in fields.items() if name not in placed]
    groups = [
        Group(
            section.key,
            speech.say(section.title),
            speech.say(section.help),
            [fields[name] for name in section.names if name in fields],
        )
        for section in kind.sections
    ]
    return groups + ([Group("more", _("More"), "", rest)] if rest else [])


def _list(drawing: Drawing, name: str, one: Declared, now: Typed) -> Field:
    rows = [_entry(drawing, f"{name}-{n}", n + 1, one, row) for n, row in enumerate(now.lists[name])]
    return _made(drawing, name, name, one, "rows", "", rows)


def _entry(drawing: Drawing, name: str, number: int, one: Declared, row: Row) -> Entry:
    assert one.rows is not None
    fields = {
        key: _field(drawing, key, inner, row, f"{name}-")
        for key, inner in declared(one.rows).items()
        if inner.kind != "elsewhere"
    }
    title = f"{drawing.speech.say(one.unit)} {number}".strip()
    return Entry(name, title, row[WAS], fields, drawing.faults.get(name, ""))


def _field(drawing: Drawing, key: str, one: Declared, texts: Row, prefix: str) -> Field:
    return _made(drawing, key, prefix + key, one, kind_of(one, texts) or "number", texts.get(key, ""), ())


def _made(
    drawing: Drawing, key: str, name: str, one: Declared, kind: Kind, text: str, rows: Sequence[Entry]
) -> Field:
    say = drawing.speech.say
    return Field(
        name,
        key,
        say(one.label),
        say(one.help),
        kind,
        text,
        drawing.faults.get(name, ""),
        _units(drawing, one),
        one.by.name if one.by else "",
        _choices(drawing, key, one, text),
        one.checks.get("ge"),
        one.checks.get("le"),
        one.checks.get("max_length"),
        rows,
    )


def _units(drawing: Drawing, one: Declared) -> dict[str, str]:
    signs: dict[Kind | None, str] = {"money": drawing.speech.sign, "percent": "%"}
    if one.by:
        return {value: signs.get(kind, "") for value, kind in one.by.kinds.items()}
    sign = signs.get(one.kind) or drawing.speech.say(one.unit)
    return {"": sign} if sign and one.kind != "rows" else {}


def _choices(drawing: Drawing, key: str, one: Declared, text: str) -> list[Choice]:
    """What is chosen is always offered, also where this shop has it no more."""
    if one.kind == "hour":
        return [Choice(str(hour), f"{hour:02}:00", "", str(hour) == text) for hour in HOURS]
    say, withheld = drawing.speech.say, drawing.withheld.get(key, ())
    return [
        Choice(value, say(option.label), say(option.help), value == text)
        for value, option in one.options.items()
        if value not in withheld or value == text
    ]


def _told(fields: Mapping[str, Field], faults: Faults) -> list[tuple[str, str, str]]:
    """Every fault in the order of the page, with the place it leads to."""
    found = [("", "", faults[""])] if "" in faults else []
    for field in fields.values():
        found += [(field.name, field.label, field.fault)] if field.fault else []
        for entry in field.rows:
            found += [(entry.name, entry.title, entry.fault)] if entry.fault else []
            inner = entry.fields.values()
            found += [(one.name, f"{entry.title}, {one.label}", one.fault) for one in inner if one.fault]
    return found
