"""A setting is declared once: default, check, label, help, input, both languages."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from core.wording import FIELDS, cleaned, fault_of


class Wording(BaseModel):
    """What the merchant wrote for one message in one language; an empty field says ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str = ""
    preheader: str = ""
    heading: str = ""
    greeting: str = ""
    body: str = ""
    points: str = ""
    button: str = ""

    @field_validator(*FIELDS)
    @classmethod
    def _can_be_sent(cls, text: str, field: ValidationInfo) -> str:
        """Whether the step has an offer to speak of may change after saving; who saves asks that."""
        name = str(field.field_name)
        kept = cleaned(text)
        wrong = fault_of(name, kept, offer=True)
        if wrong is not None:
            raise ValueError(f"{wrong.kind} {wrong.detail}".strip())
        return kept


class OwnWords(BaseModel):
    """The merchant's own words for one message, by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: Wording = Wording()
    de: Wording = Wording()

    def said(self, language: str) -> dict[str, str]:
        """The texts she wrote, by field."""
        wording = self.de if language == "de" else self.en
        return {field: text for field in FIELDS if (text := getattr(wording, field))}


class MessageStep(Protocol):
    """What every flow's settings tell of one message: what it is about, whether it offers
    something, and the merchant's words, None where nobody has said anything about them."""

    @property
    def content(self) -> str: ...
    @property
    def incentive(self) -> str: ...
    @property
    def value(self) -> int: ...
    @property
    def words(self) -> OwnWords | None: ...


class Settings(BaseModel):
    """The base of all that a merchant sets; kept as JSON, read through its class.

    A field added later has its default for those who saved before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(
    default: Any,
    *,
    label: str,
    label_de: str,
    help: str = "",
    help_de: str = "",
    unit: str = "",
    **checks: Any,
) -> Any:
    """A setting with its words for the merchant; `checks` are pydantic's
    (`ge`, `le`, `max_length`, ...). `unit` is shown behind the input."""
    words: dict[str, JsonValue] = {"label_de": label_de, "help": help, "help_de": help_de, "unit": unit}
    return Field(default, title=label, json_schema_extra=words, **checks)


class FlowSettings(Settings):
    """The base of every flow's settings."""

    holdout: int = setting(
        0,
        label="Leave out to compare",
        label_de="Zum Vergleich auslassen",
        help="So many of a hundred people, chosen by chance and always the same ones, get nothing.",
        help_de="So viele von hundert Personen, zufällig gewählt und immer dieselben, erhalten nichts.",
        unit="%",
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
