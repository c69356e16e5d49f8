"""Step 10: under the person's lock, everything is asked once more, and only
then does a claimed row become `acting`."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.actions import Incentive, SendMessage, Skip, Wait
from core.facts import ConsentFacts, Facts
from core.models.tables import effects
from core.reasons import Reason
from engine import calendar, ceiling, consent_writing, discounts, letters, permission, waves
from engine.batches import BUYING, WAVE, Open, is_expired, is_fresh, waits_for_account
from engine.facts import facts_for
from engine.known import Loaded, Planned, Subject
from engine.loading import load
from engine.locking import Now
from engine.machine import Machine
from engine.planning import look_again
from engine.settling import Outcome
from engine.verdicts import Ready, Settled, dropped, lost, skipped, soon, stopped


def prepare(machine: Machine, session: Session, opened: Open, row: Any, now: Now) -> Ready | Settled:
    """Decide in the last second whether the effect happens, and how; `now` is
    how things stand with the person locked."""
    if row.kind == consent_writing.KIND:
        return consent_writing.prepare(machine, session, opened, row)
    if row.kind == WAVE:
        return waves.prepare(machine, session, opened, row)
    if row.undo:
        return discounts.prepare_removal(machine, session, opened, row)
    subject = opened.trips.get(row.enrolment_id)
    if subject is None:
        return skipped(row, Reason.INTERNAL)
    opened = _true_now(machine, session, opened, subject, now)
    over = _for_account(machine, opened, row) or ceiling.held_back(machine.config, opened, row, now.sent)
    stale = _changed(session, row, subject, now) or over or _stale(opened, row, now.unread)
    if stale is not None:
        return stale
    worded = _as_settings_say(machine, session, opened, row)
    return dropped(row) if worded is None else _decide(machine, session, opened, worded, subject)


def _decide(machine: Machine, session: Session, opened: Open, row: Any, subject: Subject) -> Ready | Settled:
    facts = _facts(machine, opened, row, subject)
    answer: permission.Go | Skip | Wait | None = _recheck(machine, opened, row, facts)
    if isinstance(answer, Skip) and answer.reason is Reason.NEXT_WAVE:
        # So it seems with all that was on its way when the batch was opened; now with what has gone.
        exact = waves.exactly(session, opened, row, subject, facts)
        answer = _recheck(machine, opened, row, exact)
    answer = waves.kept(session, row, answer or _permitted(machine, opened, row, subject, facts))
    if not isinstance(answer, permission.Go):
        return stopped(opened, row, answer)
    if row.kind == "create_discount":
        return discounts.prepare_creation(machine, session, opened, row, subject)
    return letters.prepare_message(machine, session, opened, row, subject, answer.slot_day)


def _true_now(machine: Machine, session: Session, opened: Open, subject: Subject, now: Now) -> Open:
    """Facts and settings loaded again only if they moved."""
    if subject.person_id is not None:
        known = opened.loaded.persons.get(subject.person_id)
        if known is None or now.versions.get(subject.person_id) != known.version + 1:
            loaded = load(session, opened.merchant.id, [subject], clock.now(opened.merchant))
            opened = replace(opened, loaded=loaded)
    if now.rev is not None and now.rev != opened.settings.rev:
        fresh = machine.settings_of(session, opened.merchant.id, now.rev)
        opened = replace(opened, settings=fresh)
    return opened


def _changed(session: Session, row: Any, subject: Subject, now: Now) -> Settled | None:
    """What the asking, or somebody else meanwhile, has made of the row and its
    trip: nothing is set aside or written for what will not go."""
    trip = now.trips.get(row.enrolment_id)
    if trip is None or (now.state, now.claim, trip.state) != ("claimed", row.claim, "active"):
        return lost(session, row)
    return None if (trip.person_id, trip.subject_id) == (subject.person_id, subject.id) else soon(row)


def _for_account(machine: Machine, opened: Open, row: Any) -> Settled | None:
    """Held while her own mail server refuses her account; it is not tried with each message."""
    if not waits_for_account(machine, opened, row):
        return None
    why = Reason.MAIL_ACCOUNT.value
    return Settled(Outcome(row.id, row.claim, "held", ("claimed",), why, attempts=row.attempts))


def _as_settings_say(machine: Machine, session: Session, opened: Open, row: Any) -> Any | None:
    """Words and discounts hold from saving, also for people under way; None
    where the row waits for something else now, or its trip is over."""
    saved = opened.settings.flows[row.flow]
    if row.settings_version == saved.version or row.mode != saved.mode:
        return row
    look_again(machine, session, opened.merchant, row.enrolment_id)
    mine = (effects.c.id == row.id, effects.c.claim == row.claim, effects.c.state == "claimed")
    return session.execute(select(effects).where(*mine)).one_or_none()


def _stale(opened: Open, row: Any, unread: bool) -> Settled | None:
    """Not with an answer older than this claim or than a minute, nor while an
    order we have not read yet lies in the inbox."""
    if is_expired(opened, row):
        return skipped(row, Reason.EXPIRED)
    if row.kind not in BUYING:
        return None
    return None if is_fresh(opened, row) and not unread else soon(row)


def _facts(machine: Machine, opened: Open, row: Any, subject: Subject) -> Facts:
    assert opened.asked is not None
    flow = machine.flows[row.flow]
    policy = opened.settings.shop.consent_policy
    stock = opened.asked.stock
    return facts_for(opened.loaded, subject, flow.key, row.mode, flow.purpose, policy, stock)


def _recheck(machine: Machine, opened: Open, row: Any, facts: Facts) -> Skip | Wait | None:
    """The shop as a whole, then the flow's own last look."""
    if opened.connection.state == "uninstalled" or opened.merchant.uninstalled_at is not None:
        return Skip(Reason.UNINSTALLED, ends_trip=True)
    saved = opened.settings.flows[row.flow]
    if saved.mode != row.mode:
        return Skip(Reason.FLOW_OFF, ends_trip=True)
    flow = machine.flows[row.flow]
    verdict = flow.recheck(message_of(row), saved.settings, facts.only(flow.needs))
    return verdict if isinstance(verdict, Skip | Wait) else None


def message_of(row: Any) -> SendMessage:
    """The message as the flow asked for it."""
    payload = row.payload
    incentive = Incentive(payload["incentive"], payload["value"])
    return SendMessage(row.step, payload["content"], row.due_at, row.valid_until, incentive)


def _permitted(
    machine: Machine, opened: Open, row: Any, subject: Subject, facts: Facts
) -> permission.Go | Skip | Wait:
    loaded = opened.loaded
    person = loaded.persons.get(subject.person_id or 0)
    zone = calendar.zone_of(person.country if person else None, opened.merchant.timezone)
    asked = permission.Asked(
        flow=row.flow,
        purpose=row.purpose,
        effect_id=row.id,
        due_at=row.due_at,
        valid_until=row.valid_until,
        reasons=facts[ConsentFacts].reasons,
        slots=loaded.slots.get(subject.person_id or 0, ()),
        planned=[_put_off(opened, plan) for plan in loaded.planned.get(subject.person_id or 0, ())],
        ranks={key: flow.rank for key, flow in machine.flows.items()},
        before=_message_before(loaded, row),
        zone=zone,
    )
    return permission.may(asked, opened.settings.shop, clock.now(opened.merchant))


def _put_off(opened: Open, plan: Planned) -> Planned:
    """A message that had to wait is planned for the day it waits for."""
    if plan.wake_at is None:
        return plan
    return replace(plan, due_at=max(plan.due_at, plan.wake_at + clock.offset(opened.merchant)))


def _message_before(loaded: Loaded, row: Any) -> Any:
    """When the message before this one went, of the same trip."""
    sent = [
        step.acted_at
        for step in loaded.steps.get(row.enrolment_id, ())
        if step.id != row.id and step.state in ("acting", "done", "unknown") and step.acted_at is not None
    ]
    return max(sent, default=None)
