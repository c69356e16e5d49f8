"""Retention: what has served its time goes, a batch at a time so that nobody waits for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact, transaction
from core.events import LookUp
from core.models.tables import (
    connecting,
    effects,
    exchanges,
    inbound,
    legal_acts,
    letter_wishes,
    look_ups,
    mail_days,
    mailbox_messages,
    member_sessions,
    merchants,
    notices,
    shop_views,
    sign_in_links,
    spent_proofs,
    summaries,
    tallies,
    trial_mails,
)
from engine import inbox
from engine.legal_acts import SHOP_ERASURE
from engine.machine import Machine

BODIES_KEPT = timedelta(days=30)
MESSAGES_KEPT = timedelta(days=90)
ATTEMPTS_KEPT = timedelta(days=1)
VIEWS_KEPT = timedelta(days=30)
BATCH = 500

Rule = tuple[Table, str | None, ColumnElement[bool]]


def retention(machine: Machine) -> None:
    """Empty raw bodies after 30 days and rendered messages after 90; remove
    what nobody will look at again."""
    for table, column, over in _rules(clock.now()):
        while not machine.stopping.is_set() and _some(machine, table, column, over) == BATCH:
            pass
    _ask_about_the_left(machine)


def _rules(now: datetime) -> Sequence[Rule]:
    """The table, the column that is emptied (else the row goes), and which rows."""
    bodies, messages, attempts = now - BODIES_KEPT, now - MESSAGES_KEPT, now - ATTEMPTS_KEPT
    read = (inbound.c.body.is_not(None)) & (inbound.c.state != "new")
    ended = (member_sessions.c.ends_at < now) | member_sessions.c.ended_at.is_not(None)
    return (
        (inbound, "body", (inbound.c.received_at < bodies) & read),
        (effects, "content", (effects.c.settled_at < messages) & effects.c.content.is_not(None)),
        (shop_views, None, shop_views.c.at < now - VIEWS_KEPT),
        (look_ups, None, look_ups.c.created_at < bodies),
        # Whoever sends nothing for so long is known to nobody any more.
        (mail_days, None, mail_days.c.day < messages.date()),
        (mailbox_messages, None, mailbox_messages.c.at < messages),
        (notices, None, notices.c.mended_at < messages),
        (summaries, None, summaries.c.made_at < messages),
        (trial_mails, None, trial_mails.c.at < messages),
        (connecting, None, connecting.c.began_at < attempts),
        (exchanges, None, exchanges.c.began_at < attempts),
        (spent_proofs, None, spent_proofs.c.at < attempts),
        (sign_in_links, None, sign_in_links.c.made_at < attempts),
        (tallies, None, tallies.c.since < attempts),
        (letter_wishes, None, letter_wishes.c.asked_at < attempts),
        (member_sessions, None, ended),
    )


def _some(machine: Machine, table: Table, column: str | None, over: ColumnElement[bool]) -> int:
    """One batch in a transaction of its own; how many rows."""
    some = select(table.c.id).where(over).limit(BATCH).scalar_subquery()
    change: Any = delete(table) if column is None else update(table).values({column: None})

    def work(session: Session) -> int:
        done: Any = session.execute(change.where(table.c.id.in_(some)))
        return int(done.rowcount)

    return transact(machine.db, work)


def _ask_about_the_left(machine: Machine) -> None:
    """A shop that is to be erased and has not been proved gone is asked again,
    lest an answer that never came keeps it for ever."""
    due = select(merchants.c.id).join(legal_acts, legal_acts.c.merchant == merchants.c.key)
    undone = due.where(legal_acts.c.kind == SHOP_ERASURE, legal_acts.c.done_at.is_(None))
    with reading(machine.db) as session:
        found = list(session.execute(undone).scalars())
    with transaction(machine.db) as session:
        for merchant_id in found:
            inbox.want(session, merchant_id, LookUp("installation", "app"))
