"""A step of a flow that writes several messages: when, about what, with what incentive."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, Self

from pydantic import model_validator

from core.settings import By, FlowSettings, Settings, misfit, setting

LEAST_GAP_HOURS = 12


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

    @model_validator(mode="after")
    def _incentive_fits(self) -> Self:
        if self.incentive == "percent" and not 1 <= self.value <= 90:
            raise misfit(
                "A percentage lies between 1 and 90.", "Ein Prozentsatz liegt zwischen 1 und 90.", "value"
            )
        if self.incentive == "amount" and self.value < 1:
            raise misfit("An amount is more than nothing.", "Ein Betrag ist größer als null.", "value")
        return self


def steps_of(settings: FlowSettings) -> tuple[StepSettings, ...]:
    """The steps of these settings; none where the flow has no such thing."""
    found = getattr(settings, "steps", ())
    return tuple(step for step in found if isinstance(step, StepSettings))


def keep_apart(steps: Sequence[StepSettings]) -> None:
    """Raises where two steps follow each other too closely, or backwards."""
    for number, (earlier, later) in enumerate(pairwise(steps), start=1):
        if later.after_hours - earlier.after_hours < LEAST_GAP_HOURS:
            raise misfit(
                "Between two steps lie at least 12 hours.",
                "Zwischen zwei Schritten liegen mindestens 12 Stunden.",
                f"steps-{number}-after_hours",
            )
