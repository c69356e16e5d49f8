"""A shop's own sender address: proven by a code that was mailed to it, and used for as
long as its domain says by its records that mail may come from here."""

import secrets
from datetime import timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from core import clock
from core.config import Config
from core.db import insert, reading, transact, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models import Merchant
from core.models.tables import merchants, sender_addresses
from engine import codes, notices, plain_letters, sender_records
from engine.machine import Machine
from engine.sender_records import Record

log = structlog.get_logger()

NOTICE = "sender"
MOST_CODES, CODES_WITHIN = 5, timedelta(days=1)
# Whoever has just set a record looks again at once; name servers need not be asked faster.
LEAST_BETWEEN = timedelta(seconds=5)
SOON, DAILY, TAKES = timedelta(hours=1), timedelta(days=1), timedelta(minutes=5)
# For so long the records of a new sender are waited for.
EAGER = timedelta(days=3)

Asked = Literal["sent", "ours", "too_many", "refused", "busy"]
Looked = Literal["right", "not_yet", "busy", "wait"]


def is_offered(config: Config) -> bool:
    """Only where the operator signs can a domain name the key."""
    return bool(config.dkim_domain and config.spf_include)


def of(session: Session, merchant_id: int) -> Any | None:
    mine = select(sender_addresses).where(sender_addresses.c.merchant_id == merchant_id)
    return session.execute(mine).one_or_none()


def in_use(session: Session, merchant_id: int) -> str | None:
    """The address her mails go out from; None where it is the operator's."""
    row = of(session, merchant_id)
    return row.address if row is not None and row.in_use else None


def records_of(row: Any) -> list[Record]:
    return [Record(**told) for told in row.records]


def ask(machine: Machine, merchant: Merchant, address: str, by: str) -> Asked:
    """Mail a code to the address; what was proven before is given up. `address`
    is one that mail servers take."""
    domain = address.rpartition("@")[2].lower()
    ours = machine.config.dkim_domain or ""
    if domain == ours or domain.endswith(f".{ours}"):
        return "ours"
    code = codes.fresh()
    told = {"address": address, "domain": domain, "by": by}
    told |= {"code": _hashed(machine, merchant.id, address, code)}
    if not transact(machine.db, lambda session: _asked(session, merchant.id, told)):
        return "too_many"
    return _mailed(machine, merchant, address, code)


def _asked(session: Session, merchant_id: int, told: dict[str, Any]) -> bool:
    """Written down before it is mailed; false where there were too many."""
    now = clock.now()
    empty = {"address": "", "domain": "", "by": "", "codes": 0, "codes_since": now, "tries": 0}
    row = insert(sender_addresses, session).values(merchant_id=merchant_id, **empty, records=[], in_use=False)
    session.execute(row.on_conflict_do_nothing())
    mine = sender_addresses.c.merchant_id == merchant_id
    known = session.execute(select(sender_addresses).where(mine).with_for_update()).one()
    mailed = codes.one_more(known.codes, known.codes_since, MOST_CODES, CODES_WITHIN)
    if mailed is None:
        return False
    new = {"code_ends_at": now + codes.HOLDS, "tries": 0, "proven_at": None, "in_use": False, "records": []}
    new |= {"codes": mailed[0], "codes_since": mailed[1]}
    values = {**told, **new, "looked_at": None, "look_at": None}
    session.execute(update(sender_addresses).where(mine).values(**values))
    notices.mend_silently(session, merchant_id, NOTICE)
    return True


def _mailed(machine: Machine, merchant: Merchant, address: str, code: str) -> Asked:
    letter = plain_letters.letter(
        machine.config,
        plain_letters.words_of("sender.toml", "code", merchant.locale),
        {"shop": merchant.name, "code": code},
        locale=merchant.locale,
        to=address,
        key=f"sender-{secrets.token_hex(12)}",
        link=f"{machine.config.app_url}/m/{merchant.key}/sender",
    )
    try:
        machine.channel_for(merchant.platform).send(letter, merchant.id)
    except Retryable as error:
        log.warning("sender_code_not_sent", merchant_id=merchant.id, why=str(error))
        return "busy"
    except (Permanent, NeedsMerchant) as error:
        log.warning("sender_code_not_sent", merchant_id=merchant.id, why=str(error))
        return "refused"
    except InDoubt:
        # It may have arrived; who waits in vain asks for another one.
        log.warning("sender_code_in_doubt", merchant_id=merchant.id)
    return "sent"


def prove(machine: Machine, merchant_id: int, code: str) -> codes.Answer:
    """Whoever can read the address's mail knows its code."""
    return transact(machine.db, lambda session: _proven(machine, session, merchant_id, code))


def _proven(machine: Machine, session: Session, merchant_id: int, code: str) -> codes.Answer:
    mine = sender_addresses.c.merchant_id == merchant_id
    row = session.execute(select(sender_addresses).where(mine).with_for_update()).one_or_none()
    typed = codes.judged(row, _hashed(machine, merchant_id, row.address if row else "", code))
    now, change = clock.now(), update(sender_addresses).where(mine)
    if typed == "wrong":
        session.execute(change.values(tries=sender_addresses.c.tries + 1))
    if typed == "right":
        session.execute(change.values(code=None, proven_at=now, look_at=now))
    return typed


def _hashed(machine: Machine, merchant_id: int, address: str, code: str) -> str:
    return codes.kept(machine.config, "sender_code", f"{merchant_id}:{address}", code)


def forget(machine: Machine, merchant_id: int) -> None:
    """From now on her mails go out from the operator's address. How many codes
    were mailed stays known for a day."""
    mine = sender_addresses.c.merchant_id == merchant_id
    gone: dict[str, Any] = {
        "address": "",
        "domain": "",
        "code": None,
        "proven_at": None,
        "in_use": False,
        "records": [],
    }
    with transaction(machine.db) as session:
        session.execute(update(sender_addresses).where(mine).values(**gone, look_at=None))
        notices.mend_silently(session, merchant_id, NOTICE)


def look(machine: Machine, merchant_id: int) -> Looked:
    """Look the records up; no transaction is open meanwhile."""
    with reading(machine.db) as session:
        row = of(session, merchant_id)
    now = clock.now()
    if row is None or row.proven_at is None or not is_offered(machine.config):
        return "not_yet"
    if row.looked_at is not None and row.looked_at > now - LEAST_BETWEEN:
        return "wait"
    try:
        found = sender_records.look_up(machine.config, row.domain)
    except Retryable as error:
        # Nobody said that a record is gone: what holds goes on.
        log.warning("sender_not_looked_up", merchant_id=merchant_id, why=str(error))
        return "busy"
    transact(machine.db, lambda session: _found(session, row, found))
    return "right" if sender_records.are_right(found) else "not_yet"


def _found(session: Session, row: Any, found: list[Record]) -> None:
    """Whoever entered another address meanwhile has begun anew."""
    now, right = clock.now(), sender_records.are_right(found)
    mine = (sender_addresses.c.id == row.id, sender_addresses.c.address == row.address)
    still = (*mine, sender_addresses.c.proven_at.is_not(None))
    eager = not right and row.proven_at > now - EAGER
    values = {"records": [one.kept() for one in found], "in_use": right, "looked_at": now}
    change = update(sender_addresses).where(*still).values(**values, look_at=now + (SOON if eager else DAILY))
    if not session.execute(change).rowcount:  # type: ignore[attr-defined]
        return
    if right:
        notices.mend(session, row.merchant_id, NOTICE)
    elif row.in_use:
        notices.raise_notice(session, row.merchant_id, NOTICE, row.address)


def run(machine: Machine, most: int = 1) -> int:
    """Look again at what is due; how many."""
    done = 0
    while done < most and not machine.stopping.is_set():
        merchant_id = transact(machine.db, _claimed)
        if merchant_id is None:
            break
        look(machine, merchant_id)
        done += 1
    return done


def _claimed(session: Session) -> int | None:
    """Its time is set ahead first: who dies here, or hears nothing, is followed by another.
    Whoever has left may take her records away and is told nothing."""
    now, due = clock.now(), sender_addresses.c.look_at
    stays = exists().where(
        merchants.c.id == sender_addresses.c.merchant_id, merchants.c.uninstalled_at.is_(None)
    )
    first = select(sender_addresses.c.id).where(due <= now, stays).order_by(due).limit(1)
    found = session.execute(first.with_for_update(skip_locked=True)).scalar_one_or_none()
    taken = update(sender_addresses).where(sender_addresses.c.id == found)
    ahead = taken.values(look_at=now + TAKES).returning(sender_addresses.c.merchant_id)
    return None if found is None else int(session.execute(ahead).scalar_one())
