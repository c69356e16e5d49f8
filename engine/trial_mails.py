"""A test to oneself: the message as it arrives, at the member's own proven address and nowhere else."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transact, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models import Merchant
from core.models.tables import members, trial_mails
from engine import mail_servers
from engine.identity import masked
from engine.letters import message_of
from engine.machine import Machine
from engine.preview import Preview
from integrations.roles import Message

log = structlog.get_logger()

MARK = "[Test]"
# Enough to try words out, too little to fill anybody's mailbox.
MOST, WITHIN = 5, timedelta(minutes=10)
MOST_A_DAY = 30
SHOWN = 3

Outcome = Literal["sent", "no_address", "too_many", "refused", "busy", "in_doubt"]


def own_address(machine: Machine, merchant_id: int, member_id: int) -> str | None:
    """The member's address, None until she has proven one."""
    mine = (members.c.merchant_id == merchant_id, members.c.id == member_id)
    with reading(machine.db) as session:
        sealed = session.execute(select(members.c.email).where(*mine)).scalar_one_or_none()
    return machine.vault.open(sealed, f"member:{merchant_id}:email").decode() if sealed else None


def shown_address(machine: Machine, merchant_id: int, member_id: int) -> str | None:
    address = own_address(machine, merchant_id, member_id)
    return masked("email", address) if address else None


def send_test(
    machine: Machine, merchant: Merchant, member_id: int, step: int, language: str, shown: Preview
) -> Outcome:
    """Send what the preview shows; what came of it. It is a service message: caps, quiet
    hours and consent are about shoppers."""
    to = own_address(machine, merchant.id, member_id)
    if to is None:
        return "no_address"
    told = {"flow": shown.letter.flow, "step": step, "language": language}
    number = transact(machine.db, lambda session: _begun(session, merchant.id, member_id, told))
    if number is None:
        return "too_many"
    key = f"test-{number}-{secrets.token_hex(8)}"
    with reading(machine.db) as session:
        sender = mail_servers.sender_in_use(session, merchant.id)
    message = message_of(machine.config, merchant, shown.shop, key, to, shown.rendered, sender)
    outcome = _tried(machine, merchant, replace(message, subject=f"{MARK} {message.subject}"))
    with transaction(machine.db) as session:
        session.execute(update(trial_mails).where(trial_mails.c.id == number).values(outcome=outcome))
    return outcome


def latest(session: Session, merchant_id: int, flow: str, step: int) -> list[Any]:
    """The last tests of one step, newest first."""
    of_step = (
        trial_mails.c.merchant_id == merchant_id,
        trial_mails.c.flow == flow,
        trial_mails.c.step == step,
    )
    return list(
        session.execute(select(trial_mails).where(*of_step).order_by(trial_mails.c.id.desc()).limit(SHOWN))
    )


def _begun(session: Session, merchant_id: int, member_id: int, told: dict[str, Any]) -> int | None:
    """Written down before it is sent; None where there were too many."""
    mine = (members.c.id == member_id, members.c.merchant_id == merchant_id)
    name = session.execute(select(members.c.name).where(*mine).with_for_update()).scalar_one()
    hers = trial_mails.c.member_id == member_id
    all_of_them = trial_mails.c.merchant_id == merchant_id
    if _sent(session, hers, all_of_them, since=WITHIN) >= MOST:
        return None
    if _sent(session, all_of_them, since=timedelta(days=1)) >= MOST_A_DAY:
        return None
    row = {"merchant_id": merchant_id, "member_id": member_id, "by": name, "outcome": "sending"}
    added = trial_mails.insert().values(**row, **told, at=clock.now()).returning(trial_mails.c.id)
    return int(session.execute(added).scalar_one())


def _sent(session: Session, *which: Any, since: timedelta) -> int:
    recent = (
        select(func.count()).select_from(trial_mails).where(*which, trial_mails.c.at > clock.now() - since)
    )
    return int(session.execute(recent).scalar_one())


def _tried(machine: Machine, merchant: Merchant, message: Message) -> Outcome:
    try:
        machine.send(message, merchant, mail_servers.account_in_use(machine, merchant))
    except Retryable as error:
        return _failed(merchant, error, "busy")
    except (Permanent, NeedsMerchant) as error:
        return _failed(merchant, error, "refused")
    except InDoubt as error:
        return _failed(merchant, error, "in_doubt")
    return "sent"


def _failed(merchant: Merchant, error: Exception, outcome: Outcome) -> Outcome:
    log.warning("trial_mail_not_sent", merchant_id=merchant.id, why=str(error))
    return outcome
