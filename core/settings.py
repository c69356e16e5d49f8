"""A setting is declared once: default, check, label, help, input, both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from core.own_words import MessageStep, OwnWords

# The same in English and in German.
Words = tuple[str, str]
Kind = Literal[
    "tick", "choice", "radio", "number", "percent", "money", "hour", "line", "lines",
    "email", "link", "colour", "rows", "elsewhere",
]  # fmt: skip
PATTERNS: Mapping[str, str] = {
    "line": r"^[^\r\n]*$",
    "email": r"^([^@\s<>]+@[^@\s<>]+)?$",
    "link": r"^(https://[^\s<>\"]+)?$",
    "colour": r"^#[0-9a-fA-F]{6}$",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a choice, in words."""

    label: Words
    help: Words = ("", "")


@dataclass(frozen=True, slots=True)
class By:
    """What a number means depends on another setting: `kinds` by its values;
    with any other value the number is of no use."""

    name: str
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that are shown together. What no section names comes last."""

    key: str
    title: Words
    names: tuple[str, ...]
    help: Words = ("", "")


class Settings(BaseModel):
    """What a merchant sets; kept as JSON, read through its class.

    A field added later has its default for those who saved before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sections: ClassVar[tuple[Section, ...]] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A setting as it was declared; `rows` is the class of a list's entries."""

    label: Words
    help: Words = ("", "")
    unit: Words = ("", "")
    kind: Kind | None = None
    by: By | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)
    rows: type[Settings] | None = None


def setting(
    default: Any,
    *,
    label: str,
    label_de: str,
    help: str = "",
    help_de: str = "",
    unit: str | Words = "",
    kind: Kind | By | None = None,
    options: Mapping[str, Option | Words] | None = None,
    **checks: Any,
) -> Any:
    """A setting with its words for the merchant; `checks` are pydantic's
    (`ge`, `le`, `max_length`, ...). `kind` says how it is typed where the type
    alone does not; `unit` is shown behind the input, or names a list's entries."""
    if isinstance(kind, str) and kind in PATTERNS:
        checks = {"pattern": PATTERNS[kind]} | checks
    info: Any = Field(default, title=label, **checks)
    told = Declared(
        (label, label_de),
        (help, help_de),
        (unit, unit) if isinstance(unit, str) else unit,
        None if isinstance(kind, By) else kind,
        kind if isinstance(kind, By) else None,
        {value: one if isinstance(one, Option) else Option(one) for value, one in (options or {}).items()},
        checks,
    )
    info.metadata.append(told)
    return info


def misfit(english: str, german: str, field: str = "") -> PydanticCustomError:
    """To be raised by a validator: the sentence for the merchant, and at which
    setting it stands ("steps-1-after_hours"); at all of them where none is named."""
    return PydanticCustomError("misfit", english, {"german": german, "field": field})


@cache
def declared(kind: type[Settings]) -> Mapping[str, Declared]:
    """All settings of a class by their names. Raises TypeError for one that
    was not declared by `setting()`."""
    return {name: _declared(name, info) for name, info in kind.model_fields.items()}


def _declared(name: str, info: Any) -> Declared:
    told = next((one for one in info.metadata if isinstance(one, Declared)), None)
    if told is None:
        raise TypeError(f"{name} is no setting(): it has no words")
    rows = next((one for one in get_args(info.annotation) if _is_settings(one)), None)
    kind = told.kind or (None if told.by else _kind_of(info.annotation))
    return Declared(told.label, told.help, told.unit, kind, told.by, told.options, told.checks, rows)


def _is_settings(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def _kind_of(annotation: Any) -> Kind:
    """What no input is made for is set on a page of its own."""
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "rows"
    known: dict[Any, Kind] = {bool: "tick", int: "number", str: "line"}
    return known.get(annotation, "elsewhere")


class FlowSettings(Settings):
    """The base of every flow's settings."""

    holdout: int = setting(
        0,
        label="Leave out to compare",
        label_de="Zum Vergleich auslassen",
        help="So many of a hundred people, chosen by chance and always the same ones, get nothing.",
        help_de="So viele von hundert Personen, zufällig gewählt und immer dieselben, erhalten nichts.",
        kind="percent",
        ge=0,
        le=50,
    )

    def keeping_times_of(self, older: Self) -> Self:
        """These settings with the waiting times of `older`: words, discounts
        and switches change for people under way, times only for new trips."""
        return self

    @property
    def messages(self) -> Sequence[MessageStep]:
        """The messages in the order of the steps, the first being step 1."""
        return ()

    def reworded(self, step: int, words: OwnWords) -> Self:
        """These settings with other words in one step. Raises IndexError where there is none."""
        raise IndexError(step)

    def keeping_words_of(self, older: Self) -> Self:
        """These settings with the words of `older` wherever they say nothing of words: who
        edits times or takes a preset loses no text. A text belongs to the step at its place,
        else to the first that is about the same and has found none."""
        kept = self
        left = {n: step for n, step in enumerate(older.messages, start=1) if step.words is not None}
        wanting = {n: step for n, step in enumerate(self.messages, start=1) if step.words is None}
        for elsewhere in (False, True):
            for n, step in tuple(wanting.items()):
                alike = (m for m, other in left.items() if other.content == step.content)
                found = next((m for m in alike if elsewhere or m == n), None)
                if found is not None:
                    kept = kept.reworded(n, left.pop(found).words or OwnWords())
                    del wanting[n]
        return kept
