"""Whether a person may be written to: consent, objection, suppression.

Pure: the rows are loaded elsewhere, for a whole batch at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.actions import Purpose
from core.reasons import Reason

KONTOR = "kontor"


@dataclass(frozen=True, slots=True)
class Act:
    """One act of consent or objection; `source` is "kontor" for our own page."""

    state: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is known about writing to one address."""

    address_id: int | None
    suppressed: Reason | None = None
    acts: Sequence[Act] = ()
    has_bought: bool = False


def reasons_against(standing: Standing, purpose: Purpose, policy: str) -> tuple[Reason, ...]:
    """Every reason why this person must not be written to, or none.

    `policy` is the merchant's: opted_in, existing_customers or platform.
    """
    if standing.address_id is None:
        return (Reason.NO_CONTACT,)
    if standing.suppressed is not None:
        return (standing.suppressed,)
    if purpose == "service":
        return ()
    return _by_consent(standing, policy)


def _by_consent(standing: Standing, policy: str) -> tuple[Reason, ...]:
    acts = sorted(standing.acts, key=lambda act: (act.at, act.state))
    ours = [act for act in acts if act.source == KONTOR and act.state == "opted_out"]
    if ours:
        # Only a later opt-in of the shopper's own lifts an objection made here.
        acts = [act for act in acts if act.at > ours[-1].at and act.state == "opted_in"] or ours[-1:]
    newest = acts[-1].state if acts else None
    if newest == "opted_in":
        return ()
    if newest == "opted_out":
        return (Reason.UNSUBSCRIBED,)
    known_customer = policy == "existing_customers" and standing.has_bought
    return () if known_customer else (Reason.NO_CONSENT,)
