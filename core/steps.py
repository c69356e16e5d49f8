"""What a flow that writes several messages has: steps, each with its time and incentive, and discounts."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from core.own_words import OwnWords
from core.settings import By, FlowSettings, Section, Settings, misfit, setting

LEAST_GAP_HOURS = 12
# Of any currency's minor units.
MOST_MONEY = 100_000_000


class StepSettings(Settings):
    """What every flow's step has; each flow says which contents there are."""

    after_hours: int = setting(
        1, label="Sent after", label_de="Gesendet nach", unit=("h", "Std."), ge=1, le=336
    )
    content: str = setting("", label="Content", label_de="Inhalt", kind="line")
    incentive: Literal["none", "percent", "amount", "free_shipping"] = setting(
        "none",
        label="Incentive",
        label_de="Anreiz",
        options={
            "none": ("None", "Keiner"),
            "percent": ("Percent off", "Prozent Rabatt"),
            "amount": ("Amount off", "Betrag als Rabatt"),
            "free_shipping": ("Free shipping", "Kostenloser Versand"),
        },
    )
    value: int = setting(
        0,
        label="Discount",
        label_de="Rabatt",
        kind=By("incentive", {"percent": "percent", "amount": "money"}),
        ge=0,
        le=1_000_000,
    )
    on: bool = setting(True, label="Send this step", label_de="Diesen Schritt senden")
    words: OwnWords | None = setting(None, label="Words", label_de="Texte")

    @model_validator(mode="after")
    def _incentive_fits(self) -> Self:
        if self.incentive == "percent" and not 1 <= self.value <= 90:
            raise misfit(
                "A percentage lies between 1 and 90.", "Ein Prozentsatz liegt zwischen 1 und 90.", "value"
            )
        if self.incentive == "amount" and self.value < 1:
            raise misfit("An amount is more than nothing.", "Ein Betrag ist größer als null.", "value")
        return self


DISCOUNTS = Section(
    "discounts",
    ("Discounts", "Rabatte"),
    ("discount_minimum", "discount_budget", "discount_hours"),
    ("For steps that bring a discount.", "Für Schritte, die einen Rabatt bringen."),
)


class SteppedSettings(FlowSettings):
    """The settings of a flow that writes in steps, and what its discounts may cost."""

    steps: tuple[StepSettings, ...] = setting(
        (), label="Steps", label_de="Schritte", unit=("Step", "Schritt"), min_length=1, max_length=5
    )
    discount_minimum: int = setting(
        0,
        label="Smallest cart for a discount",
        label_de="Kleinster Warenkorb für einen Rabatt",
        help="Below it, a step with a discount is left out.",
        help_de="Darunter entfällt ein Schritt mit Rabatt.",
        kind="money",
        ge=0,
        le=MOST_MONEY,
    )
    discount_budget: int = setting(
        50_000,
        label="All discounts together at most",
        label_de="Alle Rabatte zusammen höchstens",
        help="Each code sets aside what it can cost; when it is used up, the step is left out.",
        help_de="Jeder Code legt zurück, was er kosten kann; ist alles verbraucht, entfällt der Schritt.",
        kind="money",
        ge=0,
        le=MOST_MONEY,
    )
    discount_hours: int = setting(
        48,
        label="A code holds for at least",
        label_de="Ein Code gilt mindestens",
        help="The message states its exact end.",
        help_de="Die Nachricht nennt das genaue Ende.",
        unit=("h", "Std."),
        ge=48,
        le=720,
    )

    def keeping_times_of(self, older: Self) -> Self:
        times = [step.after_hours for step in older.steps]
        kept = [
            step.model_copy(update={"after_hours": times[n]}) if n < len(times) else step
            for n, step in enumerate(self.steps)
        ]
        return self.model_copy(update={"steps": tuple(kept)})

    @property
    def messages(self) -> tuple[StepSettings, ...]:
        return self.steps

    def reworded(self, step: int, words: OwnWords) -> Self:
        if not 1 <= step <= len(self.steps):
            return super().reworded(step, words)
        steps = list(self.steps)
        steps[step - 1] = steps[step - 1].model_copy(update={"words": words})
        return self.model_copy(update={"steps": tuple(steps)})

    @model_validator(mode="after")
    def _steps_keep_apart(self) -> Self:
        for number, (earlier, later) in enumerate(pairwise(self.steps), start=1):
            if later.after_hours - earlier.after_hours < LEAST_GAP_HOURS:
                raise misfit(
                    "Between two steps lie at least 12 hours.",
                    "Zwischen zwei Schritten liegen mindestens 12 Stunden.",
                    f"steps-{number}-after_hours",
                )
        return self


@dataclass(frozen=True, slots=True)
class OnlyMessage:
    """The message of a flow that has but one, without an incentive."""

    content: str
    words: OwnWords | None
    incentive: Literal["none"] = "none"
    value: int = 0


class OneMessageSettings(FlowSettings):
    """The settings of a flow that writes one message, the same to everybody."""

    content: ClassVar[str]
    words: OwnWords | None = setting(None, label="Words", label_de="Texte")

    @property
    def messages(self) -> tuple[OnlyMessage, ...]:
        return (OnlyMessage(self.content, self.words),)

    def reworded(self, step: int, words: OwnWords) -> Self:
        return self.model_copy(update={"words": words}) if step == 1 else super().reworded(step, words)


def steps_of(settings: FlowSettings) -> tuple[StepSettings, ...]:
    """The steps of these settings; none where the flow has no such thing."""
    return settings.steps if isinstance(settings, SteppedSettings) else ()
