"""What a flow may ask for; the engine makes rows of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.reasons import Reason

Purpose = Literal["service", "requested", "marketing"]


@dataclass(frozen=True, slots=True)
class Incentive:
    """What a step offers: percent is a whole number, amount minor units."""

    kind: Literal["none", "percent", "amount", "free_shipping"] = "none"
    value: int = 0


@dataclass(frozen=True, slots=True)
class SendMessage:
    """A message of step `step` (from 1), due at `due_at`, of sense until
    `valid_until`, rendered from the template `content`."""

    step: int
    content: str
    due_at: datetime
    valid_until: datetime
    incentive: Incentive = Incentive()


# What a trip is about.
SubjectKind = Literal["cart", "sign_up"]


@dataclass(frozen=True, slots=True)
class Enrol:
    """Take the person on a trip, or bring the one under way up to date.

    `exclusive` allows the person one active trip: a newer subject takes it
    over, waiting messages move to the new times, done ones are not repeated.
    """

    subject: SubjectKind
    subject_id: int
    since: datetime
    messages: tuple[SendMessage, ...]
    episode: int = 1
    exclusive: bool = True


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody is enrolled, for all of these reasons, the weightiest first."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Exit:
    """The person's trip through this flow ends here."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Ask the flow again at `when` by its `wake(name, ...)`; there is one such
    time for a waiting line, and a later wish takes its place."""

    when: datetime
    name: str


@dataclass(frozen=True, slots=True)
class ReleaseWave:
    """It is the turn of so many more `people` of a waiting line, the oldest
    first: each is taken on a trip with this one message. `begins` says that a
    new wave begins with them; else they join the present one."""

    people: int
    message: SendMessage
    begins: bool


@dataclass(frozen=True, slots=True)
class CloseLine:
    """Nobody waits any longer: what was waited for will not come back."""

    reason: Reason


Action = Enrol | Refuse | Exit | WakeAt | ReleaseWave | CloseLine


@dataclass(frozen=True, slots=True)
class Go:
    """The step still makes sense."""


@dataclass(frozen=True, slots=True)
class Skip:
    """This step is left out; `ends_trip` where the whole trip is over.
    `detail` names what the reason is about, as the flow that won."""

    reason: Reason
    ends_trip: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: ask again at `until`."""

    until: datetime
    reason: Reason
    detail: str = ""


Verdict = Go | Skip | Wait
