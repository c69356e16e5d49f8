"""A setting is declared once: default, check, label, help, input, both languages."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue


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
