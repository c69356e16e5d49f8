"""The record of every decision and its reasons, also for people who got nothing."""

from collections.abc import Sequence

from core import clock
from core.db import insert
from core.models.tables import decisions
from core.reasons import Reason
from engine.deciding import Deciding


def record(
    case: Deciding,
    kind: str,
    reasons: Sequence[Reason] = (),
    *,
    enrolment_id: int | None = None,
    cart_id: int | None = None,
) -> None:
    """Record a decision about the subject (or about another cart); the same
    one said again of the same person is counted."""
    words = list(dict.fromkeys(reason.value for reason in reasons))
    row = insert(decisions, case.session).values(
        merchant_id=case.merchant.id,
        flow=case.flow.key,
        mode=case.saved.mode,
        kind=kind,
        subject="cart",
        subject_id=cart_id or case.subject.cart_id,
        person_id=case.subject.person_id,
        enrolment_id=enrolment_id,
        inbound_id=case.inbound_id,
        reasons=words,
        reasons_key=",".join([str(case.subject.person_id or 0), *words]),
        settings_version=case.saved.version,
        at=case.now,
        times=1,
        recorded_at=clock.now(),
    )
    case.session.execute(
        row.on_conflict_do_update(
            index_elements=["merchant_id", "flow", "mode", "subject", "subject_id", "kind", "reasons_key"],
            set_={
                "at": row.excluded.at,
                "times": decisions.c.times + 1,
                "inbound_id": row.excluded.inbound_id,
                "enrolment_id": row.excluded.enrolment_id,
            },
        )
    )
