"""Signing in by mail: who is known as a member is sent a link that works once."""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.models import Merchant
from core.models.tables import connections, letter_wishes, members, merchants, sign_in_links
from core.vault import SealBroken
from engine import sign_in_letters
from engine.identity import masked
from engine.machine import Machine
from engine.member_sessions import hashed

log = structlog.get_logger()

LASTS = timedelta(minutes=15)
KEPT = timedelta(days=1)
# More links to one member within their time are not sent: nobody's mailbox is to be filled.
MOST = 3
# Letters to addresses that are not confirmed, a day: of one shop, and to one address.
MOST_OF_SHOP, MOST_TO_ONE = 20, 5
# A link that is to be sent has no secret yet: it is made when the letter is written.
WANTED = "wanted:"
LONGEST_TOKEN = 1000


@dataclass(frozen=True, slots=True)
class Link:
    """What a link that still works is about. `signs_in` is false where the shop's
    platform decides who may look: then it does no more than confirm an address."""

    shop: str
    name: str
    confirms: str | None
    signs_in: bool


def address_print(machine: Machine, email: str) -> str:
    """By which a member's address is found without being read."""
    return machine.vault.fingerprint(0, f"member:{email.strip().lower()}")


def want_link(machine: Machine, email: str) -> None:
    """Whoever is a member is sent a link. Known or not, the same is written
    down and takes as long: only the worker looks whose address it is."""
    with transaction(machine.db) as session:
        _wish(session, address_print(machine, email))
    machine.bells.upkeep()


def run(machine: Machine, most: int = 50) -> int:
    """Send the links that are wanted; how many."""
    answer_wishes(machine)
    done = 0
    while done < most and not machine.stopping.is_set() and _send_next(machine):
        done += 1
    return done


def answer_wishes(machine: Machine, most: int = 200) -> None:
    """Look who has asked for a link; what belongs to nobody is forgotten."""
    while most and not machine.stopping.is_set() and _answer_next(machine):
        most -= 1


def send_confirmation(machine: Machine, merchant_id: int, member_id: int, email: str) -> bool:
    """A letter to an address that is not hers until its link was used; false
    where no letter could be sent, or this shop or whoever has asked for too many."""
    sealed = machine.vault.seal(email, _binding(merchant_id, member_id))
    token = f"{secrets.token_urlsafe(32)}.{base64.urlsafe_b64encode(sealed).decode()}"
    address = address_print(machine, email)
    with transaction(machine.db) as session:
        if not _has_room(session, member_id) or not _may_be_written_to(session, merchant_id, address):
            return False
        _wish(session, address, merchant_id)
        _write(session, merchant_id, member_id, _hash(machine, token))
        kind = "confirm" if _signs_in(session, merchant_id) else "confirm_only"
    return send_letter(machine, merchant_id, member_id, email, token, kind)


def look(machine: Machine, token: str) -> Link | None:
    """Looking uses nothing up: mail gateways look at everything."""
    found = (
        select(sign_in_links, members.c.name)
        .join(members, members.c.id == sign_in_links.c.member_id)
        .where(*_usable(machine, token))
    )
    with reading(machine.db) as session:
        row = session.execute(found).one_or_none()
        if row is None:
            return None
        email = _confirms(machine, row, token)
        shop, own = session.get_one(Merchant, row.merchant_id).name, _signs_in(session, row.merchant_id)
    return Link(shop, row.name, masked("email", email) if email else None, own)


def use(machine: Machine, token: str) -> tuple[int, int] | None:
    """The merchant and the member who is in from now on; the link works no more."""
    taken = update(sign_in_links).where(*_usable(machine, token)).values(used_at=clock.now())
    with transaction(machine.db) as session:
        row = session.execute(taken.returning(*sign_in_links.c)).one_or_none()
        if row is None:
            return None
        email = _confirms(machine, row, token)
        if email is not None:
            confirm(session, machine, row.merchant_id, row.member_id, email)
    return row.merchant_id, row.member_id


def confirm(session: Session, machine: Machine, merchant_id: int, member_id: int, email: str) -> None:
    """The address is hers: she can sign in with it, and is told what matters."""
    told = {
        "email": machine.vault.seal(email, f"member:{merchant_id}:email"),
        "email_print": address_print(machine, email),
    }
    mine = (members.c.id == member_id, members.c.merchant_id == merchant_id)
    session.execute(update(members).where(*mine).values(**told))


def member_of(machine: Machine, merchant_id: int, user: str) -> Any:
    """The member by the platform's id of her, with her merchant's key."""
    found = (
        select(members.c.id, members.c.email, merchants.c.key)
        .join(merchants, merchants.c.id == members.c.merchant_id)
        .where(members.c.merchant_id == merchant_id, members.c.platform_user == user)
    )
    with reading(machine.db) as session:
        return session.execute(found).one()


def _signs_in(session: Session, merchant_id: int) -> bool:
    """A shop that came through its platform's admin decides there who may look."""
    mine = (connections.c.merchant_id == merchant_id, connections.c.webhook_secret.is_(None))
    return session.execute(select(connections.c.id).where(*mine)).scalar_one_or_none() is None


def signs_in(machine: Machine, merchant_id: int) -> bool:
    with reading(machine.db) as session:
        return _signs_in(session, merchant_id)


def key_of(machine: Machine, merchant_id: int) -> str:
    with reading(machine.db) as session:
        return session.get_one(Merchant, merchant_id).key


def _send_next(machine: Machine) -> bool:
    """The secret is made here; who dies here has sent nothing, and she asks again."""
    token = secrets.token_urlsafe(32)
    wanted = select(sign_in_links.c.id).where(sign_in_links.c.secret.startswith(WANTED)).limit(1)
    with transaction(machine.db) as session:
        found = session.execute(wanted.with_for_update(skip_locked=True)).scalar_one_or_none()
        if found is None:
            return False
        taken = update(sign_in_links).where(sign_in_links.c.id == found)
        values = {"secret": _hash(machine, token), "made_at": clock.now()}
        row = session.execute(taken.values(**values).returning(*sign_in_links.c)).one()
        sealed = select(members.c.email).where(members.c.id == row.member_id)
        email = session.execute(sealed).scalar_one()
    if email is not None:
        opened = machine.vault.open(email, f"member:{row.merchant_id}:email").decode()
        send_letter(machine, row.merchant_id, row.member_id, opened, token, "sign_in")
    return True


def send_letter(
    machine: Machine, merchant_id: int, member_id: int, email: str, token: str, kind: str, **told: str
) -> bool:
    """False where it could not be sent; what becomes of a doubtful one she sees in her mailbox."""
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        session.expunge(merchant)
    letter = sign_in_letters.letter(machine.config, merchant, kind, email, token, **told)
    try:
        machine.channel_for(merchant.platform).send(letter, merchant_id)
    except (Retryable, Permanent, InDoubt) as error:
        log.warning("sign_in_letter_not_sent", merchant_id=merchant_id, member_id=member_id, why=str(error))
        return False
    return True


def _answer_next(machine: Machine) -> bool:
    """A shop that came through its platform's admin decides there who may look."""
    open_one = letter_wishes.c.merchant_id.is_(None)
    first = select(letter_wishes.c.address).where(open_one).order_by(letter_wishes.c.id).limit(1)
    stores = select(connections.c.merchant_id).where(connections.c.webhook_secret.is_not(None))
    with transaction(machine.db) as session:
        address = session.execute(first.with_for_update(skip_locked=True)).scalar_one_or_none()
        if address is None:
            return False
        session.execute(delete(letter_wishes).where(open_one, letter_wishes.c.address == address))
        mine = (members.c.email_print == address, members.c.merchant_id.in_(stores))
        for row in session.execute(select(members.c.id, members.c.merchant_id).where(*mine)).all():
            if _has_room(session, row.id):
                _write(session, row.merchant_id, row.id, WANTED + secrets.token_hex(16))
    return True


def _wish(session: Session, address: str, merchant_id: int | None = None) -> None:
    row = {"merchant_id": merchant_id, "address": address, "asked_at": clock.now()}
    session.execute(letter_wishes.insert().values(**row))


def _may_be_written_to(session: Session, merchant_id: int, address: str) -> bool:
    """No shop writes to the whole world, and nobody is written to by all shops."""
    table, since = letter_wishes.c, clock.now() - KEPT
    today = select(func.count()).where(table.merchant_id.is_not(None), table.asked_at > since)
    to_her = session.execute(today.where(table.address == address)).scalar_one()
    of_shop = session.execute(today.where(table.merchant_id == merchant_id)).scalar_one()
    return int(to_her) < MOST_TO_ONE and int(of_shop) < MOST_OF_SHOP


def _has_room(session: Session, member_id: int) -> bool:
    recent = (sign_in_links.c.member_id == member_id, sign_in_links.c.made_at > clock.now() - LASTS)
    sent = session.execute(select(func.count()).select_from(sign_in_links).where(*recent)).scalar_one()
    return int(sent) < MOST


def _write(session: Session, merchant_id: int, member_id: int, secret: str) -> None:
    row = {"merchant_id": merchant_id, "member_id": member_id, "secret": secret, "made_at": clock.now()}
    session.execute(sign_in_links.insert().values(**row))


def _usable(machine: Machine, token: str) -> tuple[Any, ...]:
    return (
        sign_in_links.c.secret == _hash(machine, token[:LONGEST_TOKEN]),
        sign_in_links.c.used_at.is_(None),
        sign_in_links.c.made_at > clock.now() - LASTS,
    )


def _confirms(machine: Machine, row: Any, token: str) -> str | None:
    """The address that the link was sent to, where using it proves it hers."""
    sealed = token.partition(".")[2]
    if not sealed:
        return None
    try:
        raw = base64.urlsafe_b64decode(sealed)
        return machine.vault.open(raw, _binding(row.merchant_id, row.member_id)).decode()
    except (ValueError, SealBroken):
        return None


def _binding(merchant_id: int, member_id: int) -> str:
    return f"sign_in:{merchant_id}:{member_id}:email"


def _hash(machine: Machine, token: str) -> str:
    return hashed(machine.config, "sign_in", token)
