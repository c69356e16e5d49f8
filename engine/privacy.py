"""Letting go: uninstall and erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert
from core.events import Contact
from core.models import Merchant
from core.models.tables import (
    addresses,
    bounces,
    carts,
    connections,
    effects,
    enrolments,
    inbound,
    inbound_people,
    look_ups,
    mailbox_messages,
    merchants,
    orders,
    people,
    sign_up_letters,
    sign_ups,
    suppressions,
)
from core.reasons import Reason
from engine import data_requests, legal_acts, notices, restocks
from engine.identity import lock_people, meant_by, prints_of
from engine.machine import Machine
from engine.trips import RUNNING, end_trip, end_trips_of_person, skip_waiting
from engine.work import announce


def needs_merchant(session: Session, merchant_id: int, why: str, began: datetime | None = None) -> None:
    """The access is gone: what waits is held until the merchant reconnects. A
    call that `began` before she did so tells nothing of the access she gave."""
    active = [connections.c.merchant_id == merchant_id, connections.c.state == "active"]
    if began is not None:
        active.append(connections.c.connected_at <= began)
    lost = update(connections).where(*active).values(state="needs_merchant", state_reason=why)
    if session.execute(lost).rowcount:  # type: ignore[attr-defined]
        notices.raise_notice(session, merchant_id, "reconnect", why)


def connected_since(session: Session, merchant_id: int, moment: datetime) -> bool:
    """Whether the shop was connected anew after this moment."""
    mine = select(connections.c.connected_at).where(connections.c.merchant_id == merchant_id)
    at = session.execute(mine).scalar_one_or_none()
    return at is not None and at > moment


def mended(session: Session, merchant_id: int) -> None:
    """The merchant has reconnected: what was held for it goes on."""
    mine = (connections.c.merchant_id == merchant_id, connections.c.state == "needs_merchant")
    session.execute(update(connections).where(*mine).values(state="active", state_reason=None))
    held = (effects.c.merchant_id == merchant_id, effects.c.state == "held")
    waited = effects.c.reason == Reason.NEEDS_MERCHANT.value
    now = clock.now()
    session.execute(update(effects).where(*held, waited).values(state="pending", reason=None, wake_at=now))
    announce(session, merchant_id, now)


def uninstall(session: Session, merchant: Merchant) -> None:
    """The app is gone from the shop, proved by a failing call. Everything
    waiting ends, the tokens go; undoing our own changes is not stopped."""
    if merchant.uninstalled_at is not None:
        return
    merchant.uninstalled_at = clock.now()
    at = clock.now(merchant)
    running = select(enrolments.c.id).where(
        enrolments.c.merchant_id == merchant.id, enrolments.c.state.in_(RUNNING)
    )
    for enrolment_id in session.execute(running).scalars().all():
        end_trip(session, merchant.id, enrolment_id, Reason.UNINSTALLED, at)
    skip_waiting(session, merchant.id, Reason.UNINSTALLED)
    restocks.end_all(session, merchant, Reason.UNINSTALLED)
    session.execute(
        update(connections)
        .where(connections.c.merchant_id == merchant.id)
        .values(state="uninstalled", token=None, refresh=None, token_ends_at=None, refresh_ends_at=None)
    )
    session.execute(
        update(look_ups)
        .where(look_ups.c.merchant_id == merchant.id, look_ups.c.state == "waiting")
        .values(state="gone", reason="uninstalled")
    )
    notices.mend_silently(session, merchant.id)
    legal_acts.done(session, merchant, legal_acts.UNINSTALLED, "access_ended")
    session.flush()
    if legal_acts.SHOP_ERASURE in legal_acts.waiting(session, merchant):
        erase_shop(session, merchant)


def erase_people(
    machine: Machine, session: Session, merchant: Merchant, contact: Contact, order_refs: Sequence[str] = ()
) -> int:
    """Erase whoever the contact or these orders name; how many people."""
    found = meant_by(session, machine.vault, merchant.id, contact, order_refs)
    return _erase_all(machine, session, merchant, found, prints_of(machine.vault, merchant.id, contact))


def erase_by_print(machine: Machine, session: Session, merchant: Merchant, print_: str) -> int:
    """Erase whom the mark of an e-mail address stands for; how many people."""
    found = known_by(session, merchant.id, print_)
    return _erase_all(machine, session, merchant, found, [("email", print_)])


def known_by(session: Session, merchant_id: int, print_: str) -> list[int]:
    """Whom the mark of an e-mail address stands for: nobody, or one person."""
    mine = (addresses.c.merchant_id == merchant_id, addresses.c.channel == "email")
    found = select(addresses.c.person_id).where(*mine, addresses.c.fingerprint == print_)
    return list(session.execute(found).scalars())


def _erase_all(
    machine: Machine,
    session: Session,
    merchant: Merchant,
    found: Sequence[int],
    named: Sequence[tuple[str, str]],
) -> int:
    lock_people(session, merchant.id, found)
    prints = [*named]
    for person_id in found:
        prints += _known_prints(session, merchant.id, person_id)
        _erase(session, merchant, person_id)
    # Also whoever we do not know: a cart still under way must not bring them back.
    _suppress(session, merchant.id, prints)
    data_requests.forget(machine.vault, session, merchant.id, {print_ for _, print_ in prints})
    outcome = "erased" if found else "nobody_known"
    legal_acts.done(session, merchant, legal_acts.PERSON_ERASURE, outcome, len(found))
    return len(found)


def ask_shop_erasure(machine: Machine, session: Session, merchant: Merchant) -> bool:
    """Erase a shop that has left; false where nothing has proved yet that it
    has: then it is to be asked about, and erased with the proof."""
    legal_acts.ask(session, machine.vault, merchant, legal_acts.SHOP_ERASURE)
    if merchant.uninstalled_at is None:
        return False
    erase_shop(session, merchant)
    return True


def erase_shop(session: Session, merchant: Merchant) -> None:
    """Everything of a shop that is gone, suppressions too; what is left is
    the record that it was done. A shop that has come back is left alone."""
    if merchant.uninstalled_at is not None:
        legal_acts.close(session, merchant, legal_acts.SHOP_ERASURE, "erased")
        session.execute(delete(merchants).where(merchants.c.id == merchant.id))


def _erase(session: Session, merchant: Merchant, person_id: int) -> None:
    """The person stays suppressed by a keyed hash and is not stored."""
    mine = merchant.id
    end_trips_of_person(session, mine, person_id, Reason.ERASED, clock.now(merchant))
    _suppress(session, mine, _known_prints(session, mine, person_id))
    theirs = select(inbound_people.c.inbound_id).where(
        inbound_people.c.merchant_id == mine, inbound_people.c.person_id == person_id
    )
    session.execute(
        update(inbound).where(inbound.c.merchant_id == mine, inbound.c.id.in_(theirs)).values(body=None)
    )
    _forget_messages(session, mine, person_id)
    blank = {"url": None, "phone_fingerprint": None, "locale": None}
    session.execute(
        update(carts).where(carts.c.merchant_id == mine, carts.c.person_id == person_id).values(**blank)
    )
    session.execute(
        update(orders)
        .where(orders.c.merchant_id == mine, orders.c.person_id == person_id)
        .values(phone_fingerprint=None)
    )
    session.execute(
        delete(addresses).where(addresses.c.merchant_id == mine, addresses.c.person_id == person_id)
    )
    session.execute(
        update(people)
        .where(people.c.merchant_id == mine, people.c.id == person_id)
        .values(first_name=None, locale=None, country=None, seen={}, erased_at=clock.now())
    )


def _known_prints(session: Session, merchant_id: int, person_id: int) -> list[tuple[str, str]]:
    theirs = select(addresses.c.channel, addresses.c.fingerprint).where(
        addresses.c.merchant_id == merchant_id, addresses.c.person_id == person_id
    )
    return [(row.channel, row.fingerprint) for row in session.execute(theirs)]


def _suppress(session: Session, merchant_id: int, prints: Sequence[tuple[str, str]]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "merchant_id": merchant_id,
            "channel": channel,
            "fingerprint": print_,
            "reason": Reason.ERASED.value,
            "at": clock.now(),
        }
        for channel, print_ in prints
    ]
    if rows:
        row = insert(suppressions, session)
        # That mail came back from it counts for less than that its owner was erased.
        again = {"reason": row.excluded.reason, "at": row.excluded.at}
        where = ["merchant_id", "channel", "fingerprint"]
        session.execute(row.on_conflict_do_update(index_elements=where, set_=again), rows)


def _forget_messages(session: Session, merchant_id: int, person_id: int) -> None:
    theirs = (effects.c.merchant_id == merchant_id, effects.c.person_id == person_id)
    keys = select(effects.c.key).where(*theirs)
    session.execute(
        delete(mailbox_messages).where(
            mailbox_messages.c.merchant_id == merchant_id, mailbox_messages.c.key.in_(keys)
        )
    )
    letters = select(sign_up_letters.c.key).join(sign_ups, sign_ups.c.id == sign_up_letters.c.sign_up_id)
    hers = letters.where(sign_ups.c.merchant_id == merchant_id, sign_ups.c.person_id == person_id)
    session.execute(delete(mailbox_messages).where(mailbox_messages.c.key.in_(hers)))
    ids = select(effects.c.id).where(*theirs)
    session.execute(delete(bounces).where(bounces.c.merchant_id == merchant_id, bounces.c.effect_id.in_(ids)))
    session.execute(update(effects).where(*theirs).values(content=None, provider_ref=None))
    linked = session.execute(select(effects.c.id, effects.c.payload).where(*theirs)).all()
    for row in linked:
        # A link back to the cart may fill in the person's address there.
        rest = {name: value for name, value in row.payload.items() if name != "links"}
        session.execute(update(effects).where(effects.c.id == row.id).values(payload=rest))
