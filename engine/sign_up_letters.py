"""Letters about sign-ups: written down with the sign-up, sent by the worker.

They are service: neither cap nor quiet hours hold them, and there is nothing
in them but what she asked for. What is in doubt is not sent again; she asks
once more.
"""

import secrets
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models import Merchant
from core.models.tables import addresses, sign_up_letters, sign_ups, suppressions, variants
from engine import mail_servers, sign_up_mails, waitlist
from engine.built import Inserting
from engine.machine import Machine
from engine.shop_settings import shop_settings
from engine.sign_up_mails import Told

log = structlog.get_logger()

Kind = Literal["confirm", "waiting"]
# What a letter of each kind still says truly.
STATE = {"confirm": "unconfirmed", "waiting": "waiting"}
# Nobody's mailbox is to be filled by whoever types her address again and again.
AGAIN = {"confirm": timedelta(minutes=15), "waiting": timedelta(days=1)}
MOST = 3
LEASE = timedelta(minutes=5)
# So many of one shop in a round.
SHARE = 20
# Later each time, and given up in the end: she signs up once more.
RETRY = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


_WANT = Inserting(sign_up_letters, lambda row: row)


def want(session: Session, merchant_id: int, sign_up_id: int, kind: Kind) -> None:
    row = {"merchant_id": merchant_id, "sign_up_id": sign_up_id, "kind": kind, "state": "wanted"}
    now = clock.now()
    told = {"key": f"sign-up-{secrets.token_hex(12)}", "send_at": now, "asked_at": now}
    _WANT.tell(session, row | told | {"attempts": 0, "claim": 0})


def want_again(session: Session, merchant_id: int, sign_up_id: int, kind: Kind) -> None:
    """Unless there was one a moment ago, or enough of them."""
    hers = (sign_up_letters.c.sign_up_id == sign_up_id, sign_up_letters.c.kind == kind)
    counted = select(func.count(), func.max(sign_up_letters.c.asked_at)).where(*hers)
    times, last = session.execute(counted).one()
    if times < MOST and (last is None or last <= clock.now() - AGAIN[kind]):
        want(session, merchant_id, sign_up_id, kind)


def run(machine: Machine, most: int = 50) -> int:
    """Send the letters that are up; how many. A shop whose server takes none, or
    that has many, keeps no other waiting."""
    done, resting, sent = 0, set[int](), Counter[int]()
    while done < most and not machine.stopping.is_set():
        row = _claim(machine, resting)
        if row is None:
            break
        sent[row.merchant_id] += 1
        if not _sent(machine, row) or sent[row.merchant_id] >= SHARE:
            resting.add(row.merchant_id)
        done += 1
    return done


def _claim(machine: Machine, resting: Collection[int]) -> Any | None:
    """The row as it was before; its lease is over before anybody else takes it."""
    now = clock.now()
    due = (sign_up_letters.c.send_at <= now, sign_up_letters.c.merchant_id.not_in(resting))
    first = select(sign_up_letters).where(*due).order_by(sign_up_letters.c.send_at).limit(1)
    with transaction(machine.db) as session:
        row = session.execute(first.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        values = {"state": "sending", "send_at": now + LEASE, "claim": row.claim + 1}
        session.execute(update(sign_up_letters).where(sign_up_letters.c.id == row.id).values(**values))
        return row


def _sent(machine: Machine, row: Any) -> bool:
    """False where the server is to be asked again later."""
    if row.state == "sending":
        # Whoever had it died while sending: it may have gone.
        return _settle(machine, row, "unknown")
    with reading(machine.db) as session:
        told = _told(machine, session, row)
    return _settle(machine, row, "dropped") if told is None else _send(machine, row, told)


_STOPPED = (
    select(suppressions.c.id)
    .where(
        suppressions.c.merchant_id == addresses.c.merchant_id,
        suppressions.c.channel == addresses.c.channel,
        suppressions.c.fingerprint == addresses.c.fingerprint,
    )
    .exists()
)


def _told(machine: Machine, session: Session, row: Any) -> Told | None:
    """What the letter says now; None where there is nothing to say any more."""
    columns = (addresses.c.value, addresses.c.fingerprint)
    found = select(sign_ups, *columns).join(addresses, addresses.c.id == sign_ups.c.address_id)
    hers = (sign_ups.c.id == row.sign_up_id, sign_ups.c.state == STATE[row.kind], ~_STOPPED)
    known = session.execute(found.where(*hers)).one_or_none()
    merchant = session.get_one(Merchant, row.merchant_id)
    if known is None or waitlist.rules(machine, session, merchant) is None:
        return None
    item = session.execute(waitlist.items(merchant.id).where(variants.c.id == known.variant_id)).one()
    return Told(
        merchant=merchant,
        shop=shop_settings(session, merchant.id),
        sender=mail_servers.sender_in_use(session, merchant.id),
        kind=row.kind,
        key=row.key,
        to=machine.vault.open(known.value, f"address:{merchant.id}:{known.fingerprint}").decode(),
        locale=known.locale or merchant.locale,
        product=waitlist.name_of(item),
        sign_up_id=known.id,
        place=waitlist.place_of(session, known) if known.state == "waiting" else 0,
    )


def _send(machine: Machine, row: Any, told: Told) -> bool:
    try:
        account = mail_servers.account_in_use(machine, told.merchant)
        machine.send(sign_up_mails.message(machine.config, told), told.merchant, account)
    except (Retryable, NeedsMerchant) as error:
        return _later(machine, row, error)
    except (Permanent, InDoubt) as error:
        log.warning("sign_up_letter_not_sent", letter_id=row.id, why=str(error))
        return _settle(machine, row, "failed" if isinstance(error, Permanent) else "unknown")
    return _settle(machine, row, "sent")


def _later(machine: Machine, row: Any, error: Exception) -> bool:
    log.warning("sign_up_letter_not_sent_yet", letter_id=row.id, why=str(error))
    if row.attempts >= len(RETRY):
        _settle(machine, row, "failed")
        return False
    again = {"send_at": clock.now() + RETRY[row.attempts], "attempts": row.attempts + 1}
    _write(machine, row, {"state": "wanted", **again})
    return False


def _settle(machine: Machine, row: Any, state: str) -> bool:
    _write(machine, row, {"state": state, "send_at": None})
    return True


def _write(machine: Machine, row: Any, values: dict[str, Any]) -> None:
    """Only by whoever holds it."""
    mine = (sign_up_letters.c.id == row.id, sign_up_letters.c.claim == row.claim + 1)
    with transaction(machine.db) as session:
        session.execute(update(sign_up_letters).where(*mine).values(**values))
