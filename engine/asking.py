"""Step 9: the shop itself is asked, once for the whole batch, before anything
about buying is done; what it tells is remembered like any other news."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transact, transaction
from core.errors import NeedsMerchant, Permanent, Retryable, TimedOut
from core.events import Order, OrderUpdated
from core.models.tables import orders, remote_hosts
from core.reasons import Reason
from core.vault import SealBroken
from engine import ceiling, inbox, locking, privacy
from engine.access import access_to
from engine.batches import ASKED_ABOUT, Asked, Open, is_expired, waits_for_account
from engine.known import Subject
from engine.loading import load
from engine.machine import Machine
from engine.records import digest
from engine.settling import Outcome, backoff, settle
from engine.work import announce
from integrations.roles import Answer, Buyer, LiveShop, Question

log = structlog.get_logger()

TIMEOUTS_BEFORE_REST = 3
REST = timedelta(minutes=5)
SOON = timedelta(seconds=2)


def ask(machine: Machine, opened: Open) -> Open:
    """The batch with the shop's answer; rows that could not be asked about
    have gone back, or are held, and are no longer in it."""
    about_buying = [row for row in opened.rows if _needs_asking(machine, opened, row)]
    if not about_buying:
        return opened
    live = machine.live.get(opened.merchant.platform)
    if live is None:
        return _put_off(machine, opened, about_buying, None)
    if locking.an_order_waits(machine, opened.merchant.id):
        # The answer could not be acted on: the shop is asked when the order has been read.
        return _back(machine, opened, about_buying)
    return _asked(machine, opened, about_buying, live)


def _asked(machine: Machine, opened: Open, about_buying: list[Any], live: LiveShop) -> Open:
    began = clock.now()
    try:
        answer = live.ask(access_to(machine, opened.merchant.id), _question(machine, opened, about_buying))
    except Retryable as error:
        _count_timeout(machine, opened, isinstance(error, TimedOut))
        return _put_off(machine, opened, about_buying, error.after)
    except NeedsMerchant as error:
        return _hold(machine, opened, about_buying, str(error))
    except Permanent as error:
        log.warning("shop_refused_question", merchant_id=opened.merchant.id, why=str(error))
        return _put_off(machine, opened, about_buying, None)
    return _remember(machine, opened, answer, began)


def _needs_asking(machine: Machine, opened: Open, row: Any) -> bool:
    """What has expired anyway, or has to wait for tomorrow, needs no question."""
    waits = ceiling.holds(machine.config, opened, row, opened.sent) or waits_for_account(machine, opened, row)
    known = row.enrolment_id in opened.trips or row.id in opened.waves
    return row.kind in ASKED_ABOUT and known and not (is_expired(opened, row) or waits)


def _question(machine: Machine, opened: Open, rows: Sequence[Any]) -> Question:
    subjects = {opened.trips[row.enrolment_id] for row in rows if row.enrolment_id in opened.trips}
    buyers = tuple(_buyer(machine, opened, subject) for subject in subjects)
    refs = {
        line.variant_ref
        for subject in subjects
        for line in opened.loaded.lines_of(subject)
        if line.variant_ref
    }
    refs |= {line.variant_ref for line in opened.waves.values()}
    return Question(buyers, tuple(sorted(refs)))


def _buyer(machine: Machine, opened: Open, subject: Subject) -> Buyer:
    matter = opened.loaded.matter(subject)
    known = {row.channel: row for row in _addresses(opened, subject)}
    values = {channel: _opened(machine, opened.merchant.id, row) for channel, row in known.items()}
    named = (matter.ref, matter.token) if subject.kind == "cart" else (None, None)
    return Buyer(matter.started_at, values.get("email"), values.get("customer"), *named)


def _addresses(opened: Open, subject: Subject) -> Iterable[Any]:
    return opened.loaded.names.get(subject.person_id or 0, ())


def _opened(machine: Machine, merchant_id: int, row: Any) -> str | None:
    try:
        return machine.vault.open(row.value, f"address:{merchant_id}:{row.fingerprint}").decode()
    except SealBroken:
        # The others of the batch are asked about all the same; this one fails at its letter.
        log.exception("address_not_opened", merchant_id=merchant_id, address_id=row.id)
        return None


def _remember(machine: Machine, opened: Open, answer: Answer, began: datetime) -> Open:
    """Orders that are news become events; then the facts are loaded afresh."""
    asked = Asked(began, clock.now(), answer.stock)
    _forget_timeouts(machine, opened)
    news = _news(machine, opened.merchant.id, answer.orders)
    if not news:
        # Whoever moved meanwhile is loaded again under their lock.
        return replace(opened, asked=asked)
    told = [OrderUpdated(order) for order in news]
    transact(machine.db, lambda session: inbox.apply(machine, session, opened.merchant, told))
    with reading(machine.db) as session:
        subjects = list(opened.trips.values())
        loaded = load(session, opened.merchant.id, subjects, clock.now(opened.merchant))
    return replace(opened, loaded=loaded, asked=asked)


def _news(machine: Machine, merchant_id: int, told: Sequence[Order]) -> list[Order]:
    """The orders that our records do not know exactly so already."""
    if not told:
        return []
    refs = [order.ref for order in told]
    with reading(machine.db) as session:
        known = session.execute(
            select(orders.c.ref, orders.c.digest).where(
                orders.c.merchant_id == merchant_id, orders.c.ref.in_(refs)
            )
        )
        marks = {row.ref: row.digest for row in known}
    return [order for order in told if marks.get(order.ref) != digest(order)]


def _put_off(machine: Machine, opened: Open, rows: Sequence[Any], wait: timedelta | None) -> Open:
    """No answer means later, never a guess."""
    later = [_later(opened, row, wait) for row in rows]

    def put_off(session: Session) -> None:
        # The merchant's entry comes last: whoever holds it must not wait for rows.
        settle(session, later)
        announce(session, opened.merchant.id, min(outcome.wake_at for outcome in later if outcome.wake_at))

    transact(machine.db, put_off)
    return _without(opened, rows)


def _back(machine: Machine, opened: Open, rows: Sequence[Any]) -> Open:
    """To be claimed again in a moment; nothing was tried."""
    at = clock.now() + SOON
    back = [
        Outcome(row.id, row.claim, "pending", ("claimed",), row.reason, at, attempts=row.attempts)
        for row in rows
    ]

    def give_back(session: Session) -> None:
        settle(session, back)
        announce(session, opened.merchant.id, at)

    transact(machine.db, give_back)
    return _without(opened, rows)


def _later(opened: Open, row: Any, wait: timedelta | None) -> Outcome:
    """Not beyond the end of its validity: there it is told that it expired."""
    wake_at = clock.now() + (wait or backoff(row.attempts))
    if row.valid_until is not None:
        last = clock.real_time(opened.merchant, row.valid_until) + timedelta(seconds=1)
        wake_at = min(wake_at, max(last, clock.now()))
    reason = Reason.SHOP_UNREACHABLE.value
    return Outcome(row.id, row.claim, "pending", ("claimed",), reason, wake_at, attempts=row.attempts + 1)


def _hold(machine: Machine, opened: Open, rows: Sequence[Any], why: str) -> Open:
    with transaction(machine.db) as session:
        privacy.needs_merchant(session, opened.merchant.id, why)
        reason = Reason.NEEDS_MERCHANT.value
        settle(session, [Outcome(row.id, row.claim, "held", ("claimed",), reason) for row in rows])
    return _without(opened, rows)


def _without(opened: Open, rows: Sequence[Any]) -> Open:
    gone = {row.id for row in rows}
    return replace(opened, rows=[row for row in opened.rows if row.id not in gone])


def _count_timeout(machine: Machine, opened: Open, timed_out: bool) -> None:
    """A host that times out three times rests, so that it holds no thread."""
    if not timed_out:
        return
    with transaction(machine.db) as session:
        row = insert(remote_hosts, session).values(host=opened.connection.domain, timeouts=1)
        counted = row.on_conflict_do_update(
            index_elements=["host"], set_={"timeouts": remote_hosts.c.timeouts + 1}
        ).returning(remote_hosts.c.timeouts)
        if session.execute(counted).scalar_one() >= TIMEOUTS_BEFORE_REST:
            session.execute(
                update(remote_hosts)
                .where(remote_hosts.c.host == opened.connection.domain)
                .values(timeouts=0, rests_until=clock.now() + REST)
            )


def _forget_timeouts(machine: Machine, opened: Open) -> None:
    with reading(machine.db) as session:
        found = select(remote_hosts.c.host).where(
            remote_hosts.c.host == opened.connection.domain, remote_hosts.c.timeouts > 0
        )
        if session.execute(found).scalar_one_or_none() is None:
            return
    with transaction(machine.db) as session:
        session.execute(
            update(remote_hosts).where(remote_hosts.c.host == opened.connection.domain).values(timeouts=0)
        )
