"""What a merchant wrote herself in place of our words, by step and language."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

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
