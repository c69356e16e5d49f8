"""From declared settings to what stands in a form, and from what was typed back to data.

A form's content is one flat text per setting; a list has one such mapping per
entry, with `was`: which entry of the saved list it came from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from core.settings import Declared, Settings, declared
from web.values import Speech, kind_of, meant, typed, wanted

Row = dict[str, str]
WAS = "was"
# However many entries a page sends: nobody's list is longer.
MOST_ROWS = 20


@dataclass
class Typed:
    """What stands in a form, right or wrong."""

    texts: Row = field(default_factory=dict)
    lists: dict[str, list[Row]] = field(default_factory=dict)


# Sentences by the name of the input ("steps-1-after_hours"); "" for the form as a whole.
Faults = dict[str, str]


def shown(settings: Settings, speech: Speech) -> Typed:
    """A form with these settings in it."""
    found = Typed(row_of(settings, speech))
    for name in lists_of(type(settings)):
        rows: Sequence[Settings] = getattr(settings, name)
        found.lists[name] = [row_of(row, speech) | {WAS: str(n)} for n, row in enumerate(rows)]
    return found


def look_alike(one: Settings, other: Settings, speech: Speech) -> bool:
    """Whether a form shows the same of both, whatever is set elsewhere."""
    return shown(one, speech) == shown(other, speech)


def row_of(settings: Settings, speech: Speech) -> Row:
    values = dict(settings)
    return {
        name: typed(kind_of(one, values), values[name], speech)
        for name, one in declared(type(settings)).items()
        if one.kind not in ("rows", "elsewhere")
    }


def lists_of(kind: type[Settings]) -> Mapping[str, type[Settings]]:
    """The lists among the settings, and what their entries are."""
    return {name: one.rows for name, one in declared(kind).items() if one.kind == "rows" and one.rows}


def posted(kind: type[Settings], form: MultiDict[str, str], before: Typed) -> Typed:
    """What was sent; what the form left out stays as it was `before`."""
    found = Typed(_row(form, "", before.texts))
    for name, row_kind in lists_of(kind).items():
        blank = dict.fromkeys(_names(row_kind), "") | {WAS: ""}
        prefixes = [f"{name}-{n}-" for n in range(MOST_ROWS)]
        found.lists[name] = [_row(form, at, blank) for at in prefixes if f"{at}{WAS}" in form]
    return found


def _names(kind: type[Settings]) -> list[str]:
    return [name for name, one in declared(kind).items() if one.kind not in ("rows", "elsewhere")]


def _row(form: MultiDict[str, str], prefix: str, before: Row) -> Row:
    """The last of a name counts: a ticked box comes after its hidden "false"."""
    sent = {name: form.getlist(prefix + name) for name in before}
    return {name: texts[-1].replace("\0", "") if texts else before[name] for name, texts in sent.items()}


def read(kind: type[Settings], now: Typed, base: Settings, speech: Speech) -> tuple[Any, Faults]:
    """The settings that were typed, and what does not fit; what no form shows is `base`'s."""
    data, faults = _data(now.texts, base, speech, "")
    for name, row_kind in lists_of(kind).items():
        data[name] = []
        for n, row in enumerate(now.lists.get(name, [])):
            one, wrong = _data(row, _was(getattr(base, name), row, row_kind), speech, f"{name}-{n}-")
            data[name].append(one)
            faults |= wrong
    try:
        return kind.model_validate(data), faults
    except ValidationError as error:
        return None, _in_words(kind, error, now, speech) | faults


def _was(saved: Sequence[Settings], row: Row, kind: type[Settings]) -> Settings:
    """The saved entry that this one came from, or a new one."""
    was = row[WAS]
    known = was.isascii() and was.isdigit() and len(was) < 4 and int(was) < len(saved)
    return saved[int(was)] if known else kind()


def _data(texts: Row, base: Settings, speech: Speech, prefix: str) -> tuple[dict[str, Any], Faults]:
    """Where an amount can't be read, what was before stands in for it, so that
    the rest is checked too."""
    data, faults = base.model_dump(mode="json"), Faults()
    for name, one in declared(type(base)).items():
        if name not in texts:
            continue
        kind = kind_of(one, texts)
        default = type(base).model_fields[name].default
        try:
            data[name] = meant(kind, texts[name], default, speech)
        except ValueError:
            faults[prefix + name] = wanted(one, kind, speech)
    return data, faults


def _in_words(kind: type[Settings], error: ValidationError, now: Typed, speech: Speech) -> Faults:
    found = Faults()
    for one in error.errors(include_url=False):
        at = [str(part) for part in one["loc"]]
        if one["type"] == "misfit":
            context = one["ctx"]
            name = "-".join([*at, *([context["field"]] if context["field"] else [])])
            found.setdefault(name, speech.say((one["msg"], context["german"])))
        else:
            found.setdefault("-".join(at), _wanted_at(kind, at, now, speech))
    return found


def _wanted_at(kind: type[Settings], at: Sequence[str], now: Typed, speech: Speech) -> str:
    """What would fit at ("steps", "1", "after_hours")."""
    one: Declared = declared(kind)[at[0]]
    if len(at) < 3 or one.rows is None:
        return wanted(one, kind_of(one, now.texts), speech)
    inner = declared(one.rows)[at[2]]
    return wanted(inner, kind_of(inner, now.lists[at[0]][int(at[1])]), speech)
