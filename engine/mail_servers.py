"""A merchant's own account at a mail server: tried by a mail to herself before it is used.

While her server refuses the account, her messages are held, not lost: only she
can mend it. Taking it out, or proving another one, lets them go on.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import exists, literal_column, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, reading, transact, transaction
from core.errors import AccountRefused, InDoubt, KontorError, Retryable
from core.models import Merchant
from core.models.tables import effects, mail_servers
from core.reasons import Reason
from core.vault import SealBroken
from engine import codes, notices, plain_letters, senders
from engine.machine import Machine
from engine.work import announce
from integrations.roles import MailAccount

log = structlog.get_logger()

NOTICE = "mail_server"
PORTS = (587, 465, 2525)
# Nobody finds out passwords from here.
MOST_ACCOUNTS, ACCOUNTS_WITHIN = 10, timedelta(hours=1)

Tried = Literal["sent", "refused_account", "unreachable", "refused_mail", "too_many", "busy"]


@dataclass(frozen=True, slots=True)
class Typed:
    """As she typed it; the fields have been looked at."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str


def of(session: Session, merchant_id: int) -> Any | None:
    mine = select(mail_servers).where(mail_servers.c.merchant_id == merchant_id, mail_servers.c.host != "")
    return session.execute(mine).one_or_none()


def account_in_use(machine: Machine, merchant: Merchant) -> MailAccount | None:
    """By which her mails go out; None where they don't go by her own."""
    with reading(machine.db) as session:
        row = of(session, merchant.id)
    return account_of(machine, row) if row is not None and row.in_use else None


def account_of(machine: Machine, row: Any) -> MailAccount:
    """Raises AccountRefused where no key of ours opens the password any more."""
    try:
        password = machine.vault.open(row.password, binding(row.merchant_id)).decode()
    except SealBroken as error:
        raise AccountRefused("the password of the account can't be opened") from error
    return MailAccount(row.host, row.port, row.login, password, row.sender, row.code_ends_at.isoformat())


def binding(merchant_id: int) -> str:
    """What the password is bound to."""
    return f"mail_server:{merchant_id}:password"


def try_out(machine: Machine, merchant: Merchant, typed: Typed, by: str) -> Tried:
    """Mail a code by this account to its own sender; what was used before goes on
    being used unless the server takes the mail. A server may take minutes to
    answer, and a thread of ours with it, so few are tried at a time."""
    if not machine.busy.trying.acquire(blocking=False):
        return "busy"
    try:
        return _tried_out(machine, merchant, typed, by)
    finally:
        machine.busy.trying.release()


def _tried_out(machine: Machine, merchant: Merchant, typed: Typed, by: str) -> Tried:
    if machine.accounts is None or not transact(machine.db, lambda session: _counted(session, merchant.id)):
        return "too_many"
    code = codes.fresh()
    words = (typed.host, typed.port, typed.user, typed.password, typed.sender)
    account = MailAccount(*words, entered=clock.now().isoformat())
    tried = _mailed(machine, merchant, account, code)
    if tried == "sent":
        transact(machine.db, lambda session: _keep(machine, session, merchant.id, account, code, by))
    return tried


def _counted(session: Session, merchant_id: int) -> bool:
    """One more account is tried; false where there were too many."""
    now = clock.now()
    empty = {"host": "", "port": 0, "login": "", "sender": "", "by": "", "tries": 0, "in_use": False}
    counted = {"merchant_id": merchant_id, "accounts": 0, "accounts_since": now}
    row = insert(mail_servers, session).values(**empty, **counted)
    session.execute(row.on_conflict_do_nothing())
    mine = mail_servers.c.merchant_id == merchant_id
    known = session.execute(select(mail_servers).where(mine).with_for_update()).one()
    tried = codes.one_more(known.accounts, known.accounts_since, MOST_ACCOUNTS, ACCOUNTS_WITHIN)
    if tried is None:
        return False
    session.execute(update(mail_servers).where(mine).values(accounts=tried[0], accounts_since=tried[1]))
    return True


def _mailed(machine: Machine, merchant: Merchant, account: MailAccount, code: str) -> Tried:
    letter = plain_letters.letter(
        machine.config,
        plain_letters.words_of("sender.toml", "account", merchant.locale),
        {"shop": merchant.name, "code": code},
        locale=merchant.locale,
        to=account.sender,
        key=f"account-{secrets.token_hex(12)}",
        link=f"{machine.config.app_url}/m/{merchant.key}/mail-server",
        sender=account.sender,
    )
    try:
        machine.send(letter, merchant, account)
    except InDoubt:
        # It may have arrived; who waits in vain tries again.
        return "sent"
    except KontorError as error:
        log.warning("mail_account_not_usable", merchant_id=merchant.id, why=str(error))
        return _why(error)
    return "sent"


def _why(error: KontorError) -> Tried:
    if isinstance(error, AccountRefused):
        return "refused_account"
    return "unreachable" if isinstance(error, Retryable) else "refused_mail"


def _keep(
    machine: Machine, session: Session, merchant_id: int, account: MailAccount, code: str, by: str
) -> None:
    """In place of the one before; messages held for that one go out by the operator's
    server, as all do until this one is in use."""
    values = {"host": account.host, "port": account.port, "login": account.user, "sender": account.sender}
    values |= {"password": machine.vault.seal(account.password, binding(merchant_id)), "by": by}
    values |= {"code": _hashed(machine, merchant_id, code), "code_ends_at": clock.now() + codes.HOLDS}
    mine = mail_servers.c.merchant_id == merchant_id
    new = {"tries": 0, "in_use": False, "refused_at": None}
    session.execute(update(mail_servers).where(mine).values(**values, **new))


def prove(machine: Machine, merchant_id: int, code: str) -> codes.Answer:
    """The mail to herself has arrived: from now on hers go out by this account."""
    typed = transact(machine.db, lambda session: _proven(machine, session, merchant_id, code))
    if typed == "right":
        machine.bells.due()
    return typed


def _proven(machine: Machine, session: Session, merchant_id: int, code: str) -> codes.Answer:
    mine = mail_servers.c.merchant_id == merchant_id
    row = session.execute(select(mail_servers).where(mine).with_for_update()).one_or_none()
    typed, change = codes.judged(row, _hashed(machine, merchant_id, code)), update(mail_servers).where(mine)
    if typed == "wrong":
        session.execute(change.values(tries=mail_servers.c.tries + 1))
    if typed == "right":
        session.execute(change.values(code=None, in_use=True, refused_at=None))
        _goes_on(session, merchant_id)
        notices.mend(session, merchant_id, NOTICE)
    return typed


def _hashed(machine: Machine, merchant_id: int, code: str) -> str:
    return codes.kept(machine.config, "mail_account_code", f"{merchant_id}", code)


def forget(machine: Machine, merchant_id: int) -> None:
    """From now on hers go out as before; how many accounts were tried stays known."""
    empty = {"host": "", "port": 0, "login": "", "sender": "", "password": None, "code": None}

    def work(session: Session) -> None:
        mine = mail_servers.c.merchant_id == merchant_id
        session.execute(update(mail_servers).where(mine).values(**empty, in_use=False, refused_at=None))
        _goes_on(session, merchant_id)
        notices.mend_silently(session, merchant_id, NOTICE)

    transact(machine.db, work)
    machine.bells.due()


def refused(session: Session, row: Any) -> None:
    """Her server says no to this account: only she can mend it. Whoever has
    entered another one meanwhile has done so."""
    same = (mail_servers.c.id == row.id, mail_servers.c.password == row.password)
    change = update(mail_servers).where(*same, mail_servers.c.in_use, mail_servers.c.refused_at.is_(None))
    if session.execute(change.values(refused_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        notices.raise_notice(session, row.merchant_id, NOTICE)


def let_go_on(machine: Machine) -> None:
    """What was held at the very moment when she mended it is not forgotten."""
    refused_still = exists().where(
        mail_servers.c.merchant_id == effects.c.merchant_id,
        mail_servers.c.in_use,
        mail_servers.c.refused_at.is_not(None),
    )
    held = (effects.c.state == literal_column("'held'"), effects.c.reason == Reason.MAIL_ACCOUNT.value)
    with reading(machine.db) as session:
        asked = select(effects.c.merchant_id).where(*held, ~refused_still).distinct()
        whose = list(session.execute(asked).scalars())
    for merchant_id in whose:
        with transaction(machine.db) as session:
            _goes_on(session, merchant_id)


def sender_in_use(session: Session, merchant_id: int) -> str | None:
    """Her account's sender, or the address that she has proven; None where it is the operator's."""
    row = of(session, merchant_id)
    return row.sender if row is not None and row.in_use else senders.in_use(session, merchant_id)


def _goes_on(session: Session, merchant_id: int) -> None:
    """What was held for the account is asked about anew."""
    held = (effects.c.merchant_id == merchant_id, effects.c.state == "held")
    waited, now = effects.c.reason == Reason.MAIL_ACCOUNT.value, clock.now()
    session.execute(update(effects).where(*held, waited).values(state="pending", reason=None, wake_at=now))
    announce(session, merchant_id, now)
