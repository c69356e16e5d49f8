"""What every flow is: a frozen declaration and three pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from core.actions import Action, Purpose, SendMessage, SubjectKind, Verdict
from core.events import Event
from core.facts import Fact, Facts
from core.settings import FlowSettings, Words
from core.steps import StepSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """Steps that a merchant can begin with and change."""

    title: Words
    about: Words
    steps: tuple[StepSettings, ...]


class Flow(Protocol):
    """A flow decides and does not do: no database, no clock, no HTTP.

    `title` and `promise` are (English, German). `rank` orders the flows where
    two want the same day of one person: the lower number wins. `presets` fill
    the steps of a flow that has them. `subject` is what its trips are about; a
    flow about sign-ups plans and wakes for a whole waiting line.
    """

    key: ClassVar[str]
    title: ClassVar[Words]
    promise: ClassVar[Words]
    rank: ClassVar[int]
    purpose: ClassVar[Purpose]
    subject: ClassVar[SubjectKind]
    listens_to: ClassVar[tuple[type[Event], ...]]
    needs: ClassVar[tuple[type[Fact], ...]]
    Settings: ClassVar[type[FlowSettings]]
    presets: ClassVar[Mapping[str, Preset]]

    def plan(self, event: Event, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        """What follows from the event, given what is known."""
        ...

    def wake(self, name: str, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        """What follows for a trip under way when something else than the shop changed, as its
        settings (`name` says what)."""
        ...

    def recheck(self, message: SendMessage, settings: FlowSettings, facts: Facts) -> Verdict:
        """Whether a message still makes sense in the second before it goes."""
        ...
