"""The record of every decision and its reasons, also for people who got nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core import clock
from core.actions import SubjectKind
from core.models.tables import decisions
from core.reasons import Reason, noted
from engine.built import Inserting

SAME = ["merchant_id", "flow", "mode", "subject", "subject_id", "kind", "reasons_key"]


@dataclass(frozen=True, slots=True)
class Said:
    """One decision: `kind` is what a flow did about the subject, `at` the
    merchant's time, `inbound_id` the webhook that led here."""

    merchant_id: int
    flow: str
    mode: str
    kind: str
    subject_id: int
    person_id: int | None
    settings_version: int
    at: datetime
    reasons: Sequence[Reason] = ()
    enrolment_id: int | None = None
    inbound_id: int | None = None
    subject: SubjectKind = "cart"

    @classmethod
    def of_trip(
        cls, trip: Any, kind: str, reasons: Sequence[Reason], at: datetime, inbound_id: int | None
    ) -> "Said":
        """A decision about a trip, from the trip's row."""
        whose = (trip.merchant_id, trip.flow, trip.mode, kind, trip.subject_id, trip.person_id)
        return cls(*whose, trip.settings_version, at, reasons, trip.id, inbound_id, trip.subject)


def _recording(row: Any) -> Any:
    again = {
        "at": row.excluded.at,
        "times": decisions.c.times + 1,
        "inbound_id": row.excluded.inbound_id,
        "enrolment_id": row.excluded.enrolment_id,
    }
    return row.on_conflict_do_update(index_elements=SAME, set_=again)


_RECORD = Inserting(decisions, _recording)


def record(session: Session, said: Said, detail: str = "") -> None:
    """Record a decision; the same one said again of the same person is counted.
    `detail` says more of its reasons."""
    words = list(dict.fromkeys(noted(reason, detail) for reason in said.reasons))
    values = _values(said, words) | {"times": 1, "recorded_at": clock.now()}
    _RECORD.tell(session, values)


def _values(said: Said, words: list[str]) -> dict[str, Any]:
    return {
        "merchant_id": said.merchant_id,
        "flow": said.flow,
        "mode": said.mode,
        "kind": said.kind,
        "subject": said.subject,
        "subject_id": said.subject_id,
        "person_id": said.person_id,
        "enrolment_id": said.enrolment_id,
        "inbound_id": said.inbound_id,
        "reasons": words,
        "reasons_key": ",".join([str(said.person_id or 0), *words]),
        "settings_version": said.settings_version,
        "at": said.at,
    }
