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
    """All that is known about writing to one address; `acts_elsewhere` are
    those under all addresses of the same person, `since` is when what is written
    about began: of a wish to be told, when it was wished."""

    address_id: int | None
    suppressed: Reason | None = None
    acts: Sequence[Act] = ()
    has_bought: bool = False
    acts_elsewhere: Sequence[Act] = ()
    since: datetime | None = None


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
    if purpose == "requested":
        return (Reason.UNSUBSCRIBED,) if _objected_since(standing) else ()
    return _by_consent(standing, policy)


def _by_consent(standing: Standing, policy: str) -> tuple[Reason, ...]:
    acts = _counting(sorted(standing.acts, key=_order))
    answers = [act.state for act in acts if act.state != "pending"]
    if answers and answers[-1] == "opted_out":
        # An opt-in that nobody has confirmed yet lifts no objection.
        return (Reason.UNSUBSCRIBED,)
    if answers and acts[-1].state == "opted_in":
        return ()
    if policy == "existing_customers" and _objects(standing.acts_elsewhere):
        return (Reason.UNSUBSCRIBED,)
    known_customer = policy == "existing_customers" and standing.has_bought
    return () if known_customer else (Reason.NO_CONSENT,)


def _objected_since(standing: Standing) -> bool:
    """Whoever asked to be told has agreed to that; a later objection ends it."""
    acts = (*standing.acts, *standing.acts_elsewhere)
    return any(
        act.state == "opted_out" and (standing.since is None or act.at > standing.since) for act in acts
    )


def _objects(acts: Sequence[Act]) -> bool:
    """Whether the last word under any address of the person is an objection."""
    answers = [act for act in _counting(sorted(acts, key=_order)) if act.state != "pending"]
    return bool(answers) and answers[-1].state == "opted_out"


def _order(act: Act) -> tuple[datetime, str]:
    return act.at, act.state


def _counting(acts: list[Act]) -> list[Act]:
    """Once somebody objected here, only a later opt-in of the shopper's own
    lifts that; what the shop says counts again from there on."""
    ours = [act for act in acts if act.source == KONTOR and act.state == "opted_out"]
    if not ours:
        return acts
    later = [act for act in acts if act.at > ours[-1].at]
    lifted = next((n for n, act in enumerate(later) if act.state == "opted_in"), None)
    return ours[-1:] if lifted is None else later[lifted:]
