"""A claimed batch opened: its merchant, settings and everything known, loaded
once for all rows in a fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import clock
from core.db import reading
from core.events import Stock
from core.models import Merchant
from core.models.tables import connections, effects, enrolments, mail_servers, sender_addresses
from core.statements import one_of
from engine import mail_days, waiting
from engine import mail_servers as accounts
from engine.claims import Batch
from engine.known import Loaded, Subject
from engine.loading import load
from engine.machine import Machine
from engine.mail_days import NOTHING, Sent
from engine.settings_known import Settings

BUYING = ("send_message", "create_discount")
FRESH = timedelta(seconds=60)
# It is the turn of more people of a waiting line.
WAVE = "release_wave"
# Before these the shop itself is asked.
ASKED_ABOUT = (*BUYING, WAVE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The shop's answer: when asking began and ended (real time), and the
    stock it told."""

    began: datetime
    ended: datetime
    stock: Mapping[str, Stock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Open:
    """Everything a batch's rows are decided with. `trips` maps an enrolment
    to its subject and `versions` to the settings it runs by; `asked` is None
    until the shop has answered. `sent` is what had gone that day by then; `sender`
    is the shop's own address and `account` its own account, if its mails go out so.
    `waves` maps a row that calls a waiting line to the variant it is about."""

    merchant: Merchant
    connection: Any
    settings: Settings
    rows: list[Any]
    trips: Mapping[int, Subject]
    loaded: Loaded
    asked: Asked | None = None
    versions: Mapping[int, int] = field(default_factory=dict)
    sent: Sent = NOTHING
    sender: str | None = None
    account: Any | None = None
    waves: Mapping[int, Any] = field(default_factory=dict)


def open_batch(machine: Machine, batch: Batch) -> Open:
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, batch.merchant_id)
        connection = session.execute(_SHOP, {"whose": merchant.id} | mail_days.days(merchant)).one()
        rows = _rows(session, batch)
        trips, versions = _subjects(session, merchant.id, rows)
        loaded = load(session, merchant.id, list(trips.values()), clock.now(merchant))
        lines = waiting.variants_of(session, merchant.id, [row for row in rows if row.kind == WAVE])
        settings = machine.settings_of(session, merchant.id, merchant.settings_rev)
        session.expunge(merchant)
        account = accounts.of(session, merchant.id) if connection.account_id is not None else None
    sent = Sent(connection.sent_today, connection.known_sender)
    more = {
        "versions": versions,
        "sent": sent,
        "sender": connection.own_sender,
        "account": account,
        "waves": lines,
    }
    return Open(merchant, connection, settings, rows, trips, loaded, **more)


def waits_for_account(machine: Machine, opened: Open, row: Any) -> bool:
    """Whether only the merchant can have it go on, by entering her account again."""
    if opened.account is None or opened.account.refused_at is None:
        return False
    return would_go(opened, row) and machine.may_have_account(opened.merchant.platform)


def is_expired(opened: Open, row: Any) -> bool:
    return row.valid_until is not None and clock.now(opened.merchant) > row.valid_until


def is_fresh(opened: Open, row: Any) -> bool:
    """Whether the shop was asked after this claim and less than a minute ago."""
    asked = opened.asked
    return asked is not None and asked.began >= row.claimed_at and clock.now() - asked.ended < FRESH


def would_go(opened: Open, row: Any) -> bool:
    """What reaches the shopper, or is made for her, if nothing else is against it."""
    return row.kind in BUYING and row.mode == "live" and not is_expired(opened, row)


_OWN_SENDER = (
    select(sender_addresses.c.address)
    .where(sender_addresses.c.merchant_id == bindparam("whose"), sender_addresses.c.in_use)
    .scalar_subquery()
)
_ACCOUNT = (
    select(mail_servers.c.id)
    .where(mail_servers.c.merchant_id == bindparam("whose"), mail_servers.c.in_use)
    .scalar_subquery()
)
_SHOP = select(
    connections,
    mail_days.TODAY.label("sent_today"),
    mail_days.KNOWN.label("known_sender"),
    _OWN_SENDER.label("own_sender"),
    _ACCOUNT.label("account_id"),
).where(connections.c.merchant_id == bindparam("whose"))
_ROWS = select(effects).where(effects.c.merchant_id == bindparam("whose"), one_of(effects.c.id, "ids"))
_TRIPS = select(
    enrolments.c.id,
    enrolments.c.person_id,
    enrolments.c.subject,
    enrolments.c.subject_id,
    enrolments.c.settings_version,
).where(enrolments.c.merchant_id == bindparam("whose"), one_of(enrolments.c.id, "ids"))


def _rows(session: Session, batch: Batch) -> list[Any]:
    """The batch's rows, the earliest due first; whoever has claimed one of
    them since keeps it."""
    found = session.execute(_ROWS, {"whose": batch.merchant_id, "ids": list(batch.claims)})
    mine = (row for row in found if row.claim == batch.claims[row.id])
    return sorted(mine, key=lambda row: (row.due_at, row.id))


def _subjects(
    session: Session, merchant_id: int, rows: list[Any]
) -> tuple[dict[int, Subject], dict[int, int]]:
    ids = {row.enrolment_id for row in rows if row.enrolment_id is not None}
    found = session.execute(_TRIPS, {"whose": merchant_id, "ids": sorted(ids)}).all()
    subjects = {row.id: Subject(row.person_id, row.subject_id, row.subject) for row in found}
    return subjects, {row.id: row.settings_version for row in found}
