"""What a change would mean, and for how many: said before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models.tables import effects, enrolments, sign_ups
from engine.shop_settings import Saved, settings_at
from engine.trips import RUNNING, WAITING
from flows.flow import Flow


@dataclass(frozen=True, slots=True)
class Waiting:
    """People under way in a flow's mode, and the messages that wait for them."""

    people: int
    messages: int


def waiting(session: Session, merchant_id: int, flow: str, mode: str) -> Waiting:
    running = select(func.count()).where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == flow,
        enrolments.c.mode == mode,
        enrolments.c.state.in_(RUNNING),
    )
    messages = select(func.count()).where(
        effects.c.merchant_id == merchant_id,
        effects.c.flow == flow,
        effects.c.mode == mode,
        effects.c.kind == "send_message",
        effects.c.state.in_(WAITING),
    )
    found = session.execute(select(running.scalar_subquery(), messages.scalar_subquery())).one()
    return Waiting(int(found[0]), int(found[1]))


def in_line(session: Session, merchant_id: int) -> int:
    """How many sign-ups wait for something to be back."""
    mine = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.state == "waiting")
    return int(session.execute(select(func.count()).where(*mine)).scalar_one())


def trips_with_other_times(session: Session, merchant_id: int, flow: Flow, saved: Saved) -> Sequence[int]:
    """The running trips whose waiting times are not those saved last, in the
    order in which everybody locks their people."""
    mine = (
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == flow.key,
        enrolments.c.mode == saved.mode,
        enrolments.c.state.in_(RUNNING),
    )
    versions = session.execute(select(enrolments.c.settings_version).where(*mine).distinct()).scalars().all()
    older = [version for version in versions if _differs(session, merchant_id, flow, saved, version)]
    found = select(enrolments.c.id).where(*mine, enrolments.c.settings_version.in_(older))
    return session.execute(found.order_by(enrolments.c.person_id)).scalars().all() if older else []


def _differs(session: Session, merchant_id: int, flow: Flow, saved: Saved, version: int) -> bool:
    if version == saved.version:
        return False
    kept = saved.settings.keeping_times_of(settings_at(session, merchant_id, flow, version))
    return kept != saved.settings
