"""The way of an effect: claim · ask · prepare · act · settle.

No transaction is open while the shop is asked or the world is changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core import clock
from core.db import transact
from core.errors import AccountRefused, AddressRefused, InDoubt, NeedsMerchant, Permanent, Retryable
from core.models.tables import effects
from core.reasons import Reason
from engine import bounces, deliverability, discounts, mail_days, mail_servers, privacy, return_addresses
from engine.asking import ask
from engine.batches import Open, open_batch
from engine.claims import Batch, claim
from engine.facts import address_of
from engine.locking import Now, lock
from engine.machine import Machine
from engine.planning import look_again
from engine.preparing import prepare
from engine.settling import ASK_AGAIN, Outcome, after, backoff, settle
from engine.verdicts import Ready, Settled
from engine.work import announce

log = structlog.get_logger()

# What a fault in our own code raises; the row is set aside and the rest goes on.
FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError)


def run_batch(machine: Machine) -> bool:
    """Do one merchant's due effects; false where nothing is due, or all
    threads that may do effects are at it."""
    with machine.busy.choosing:
        batch = claim(machine) if machine.busy.has_room() else None
        if batch is None:
            return False
        machine.busy.begin(batch.merchant_id)
    try:
        machine.bells.due()
        _work_through(machine, batch)
    finally:
        machine.busy.end(batch.merchant_id)
    return True


def _work_through(machine: Machine, batch: Batch) -> None:
    """One row after the other over one connection; when the worker is to
    stop, or half of the lease is used up, the rest goes back for whoever has
    the time. What came of a call is written down, at the latest, with the
    next row's preparing: a crash leaves one row in doubt at most."""
    try:
        opened = ask(machine, open_batch(machine, batch))
    except FAULTS:
        log.exception("batch_not_opened", merchant_id=batch.merchant_id, rows=len(batch.claims))
        return _one_by_one(machine, batch)
    until = batch.at + timedelta(seconds=machine.config.lease_seconds / 2)
    with machine.db.connect() as connection:
        work, acted, left = _Work(machine, connection, opened), None, opened.rows
        while left and not machine.stopping.is_set() and (left is opened.rows or clock.now() <= until):
            row, left = left[0], left[1:]
            step = _prepared(work, row, acted)
            acted = _acted(work, row, step) if isinstance(step, Ready) else None
        if acted is not None:
            _write_down_alone(work, acted)
    if left:
        _give_back(machine, opened, left)
    return None


def _one_by_one(machine: Machine, batch: Batch) -> None:
    """Whichever row it is that can't be asked about, the others go without it;
    it is tried again later, until it has expired."""
    alone = [Batch(batch.merchant_id, {row: number}, batch.at) for row, number in batch.claims.items()]
    if len(alone) > 1:
        for one in alone:
            _work_through(machine, one)
    else:
        transact(machine.db, lambda session: _try_later(session, batch))


def _try_later(session: Session, batch: Batch) -> None:
    for row, number in batch.claims.items():
        attempts = session.execute(select(effects.c.attempts).where(effects.c.id == row)).scalar_one()
        wake_at = clock.now() + backoff(attempts)
        why = Reason.INTERNAL.value
        settle(session, [Outcome(row, number, "pending", ("claimed",), why, wake_at, attempts=attempts + 1)])
        announce(session, batch.merchant_id, wake_at)


@dataclass(frozen=True, slots=True)
class _Work:
    """One batch under way, and the connection its transactions run on."""

    machine: Machine
    connection: Connection
    opened: Open


# A row and what came of its call, not written down yet.
Acted = tuple[Any, Outcome]


def _give_back(machine: Machine, opened: Open, rows: Sequence[Any]) -> None:
    """Nothing has been done about these; each keeps its place in the line."""
    back = [
        Outcome(row.id, row.claim, "pending", ("claimed",), row.reason, row.wake_at, attempts=row.attempts)
        for row in rows
    ]

    def give_back(session: Session) -> None:
        settle(session, back)
        announce(session, opened.merchant.id, min(row.wake_at for row in rows))

    transact(machine.db, give_back)
    machine.bells.due()


def _acted(work: _Work, row: Any, ready: Ready) -> Acted | None:
    """Call the outside world. What it took, and nothing else, may wait to be
    written down until the next row is prepared."""
    acted = (row, _tried(work.opened, row, ready.act))
    if acted[1].state == "done":
        return acted
    _write_down_alone(work, acted)
    if acted[1].reason == Reason.BOUNCED:
        deliverability.look(work.machine, work.opened.merchant.id, row.id)
    return None


def _prepared(work: _Work, row: Any, before: Acted | None) -> Ready | Settled:
    """Prepare this row and write down what came of the one before, in one
    transaction; where that fails, the row before is written down alone. The
    person is locked first, as everywhere, and the merchant's entry last."""
    owed = before
    try:
        step = transact(work.connection, lambda session: _step(work, session, row, before))
        owed = None
    except FAULTS:
        log.exception("effect_not_prepared", merchant_id=work.opened.merchant.id, effect_id=row.id)
        failed = Outcome(row.id, row.claim, "failed", ("claimed",), Reason.INTERNAL.value)
        _write_down_alone(work, (row, failed))
        step = Settled(failed)
    finally:
        if owed is not None:
            _write_down_alone(work, owed)
    return step


def _step(work: _Work, session: Session, row: Any, before: Acted | None) -> Ready | Settled:
    now = _lock(work, session, [row] if before is None else [row, before[0]])
    if before is not None and mail_days.counts(before[0], before[1].state):
        now = replace(now, sent=now.sent.and_one())
    step = prepare(work.machine, session, work.opened, row, now)
    if before is not None:
        _write_down(work, session, before, now)
    if isinstance(step, Settled):
        _finish(work, session, row, now, step.outcome, step.ends_trip)
    if before is not None:
        _count(work, session, before)
    return step


def _lock(work: _Work, session: Session, rows: Sequence[Any]) -> Now:
    """Budget, people, trips; then effects and the merchant's entry: the order
    everybody keeps. How things stand then, also of the first of these rows."""
    if any(row.kind == "create_discount" for row in rows):
        discounts.lock_budget(session, work.opened.merchant.id)
    known = work.opened.trips
    subjects = {row.enrolment_id: known[row.enrolment_id] for row in rows if row.enrolment_id in known}
    return lock(session, work.opened.merchant, subjects, rows[0].id)


def _write_down_alone(work: _Work, acted: Acted) -> None:
    def write_down(session: Session) -> None:
        _write_down(work, session, acted, _lock(work, session, [acted[0]]))
        _count(work, session, acted)

    transact(work.connection, write_down)


def _write_down(work: _Work, session: Session, acted: Acted, now: Now) -> None:
    row, outcome = acted
    if outcome.state == "held" and outcome.reason == Reason.MAIL_ACCOUNT:
        mail_servers.refused(session, work.opened.account)
    elif outcome.state == "held":
        privacy.needs_merchant(session, work.opened.merchant.id, "the shop refused our access")
    _finish(work, session, row, now, outcome)


def _count(work: _Work, session: Session, acted: Acted) -> None:
    row, outcome = acted
    mail_days.count(session, work.opened.merchant, row, outcome.state)


def _tried(opened: Open, row: Any, act: Callable[[], str]) -> Outcome:
    def became(state: str, reason: Reason | None = None, **more: Any) -> Outcome:
        # The late owner may still settle what became `unknown` meanwhile.
        word = reason.value if reason else None
        return Outcome(
            row.id, row.claim, state, ("acting", "unknown"), word, attempts=row.attempts + 1, **more
        )

    try:
        return became("done", provider_ref=act(), keeps_slot=True)
    except Retryable as error:
        wait = error.after or backoff(row.attempts)
        why = Reason.PROVIDER_BUSY if row.kind == "send_message" else Reason.SHOP_UNREACHABLE
        return became("pending", why, wake_at=clock.now() + wait)
    except Permanent as error:
        # The mail server may know at once that there is no such address.
        gone = isinstance(error, AddressRefused)
        return became("failed", Reason.BOUNCED if gone else Reason.PROVIDER_REFUSED)
    except NeedsMerchant as error:
        is_account = isinstance(error, AccountRefused)
        return became("held", Reason.MAIL_ACCOUNT if is_account else Reason.NEEDS_MERCHANT)
    except InDoubt:
        return became("unknown", Reason.UNKNOWN, keeps_slot=True, ask_at=_ask_at(row))
    except FAULTS:
        # The call was under way: whether it happened can't be told.
        log.exception("effect_not_acted", merchant_id=opened.merchant.id, effect_id=row.id)
        return became("unknown", Reason.UNKNOWN, keeps_slot=True, ask_at=_ask_at(row))


def _ask_at(row: Any) -> datetime | None:
    """When to ask whether a doubtful call happened after all: a shop can be
    asked for the code; who says "in doubt" of a message can't be."""
    return None if row.kind == "send_message" else clock.now() + ASK_AGAIN


def _finish(
    work: _Work, session: Session, row: Any, now: Now, outcome: Outcome, ends_trip: bool = False
) -> None:
    opened = work.opened
    if not settle(session, [outcome]):
        return
    if outcome.state == "failed" and outcome.reason == Reason.BOUNCED:
        _came_back(session, opened, row)
    happened = outcome.state in ("done", "unknown") and row.enrolment_id is not None
    if happened and _settings_moved(opened, row, now):
        look_again(work.machine, session, opened.merchant, row.enrolment_id)
    after(session, opened.merchant, row, outcome, ends_trip)


def _came_back(session: Session, opened: Open, row: Any) -> None:
    """Nobody writes to this address again."""
    address = address_of(opened.loaded, opened.trips[row.enrolment_id])
    if address is not None:
        sent = return_addresses.Sent(opened.merchant.id, address.id, row.id)
        bounces.keep(session, sent, "permanent")


def _settings_moved(opened: Open, row: Any, now: Now) -> bool:
    """Whether the trip may not be what the newest settings say."""
    known = opened.settings.flows[row.flow].version
    return now.rev != opened.settings.rev or opened.versions.get(row.enrolment_id) != known


def run(machine: Machine, most: int = 100) -> int:
    """Do what is due until nothing is, or `most` batches were done; how many."""
    done = 0
    while done < most and not machine.stopping.is_set() and run_batch(machine):
        done += 1
    return done
