"""What members do with stored data, each with the name of who did it."""

from collections.abc import Iterator
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import data_acts
from engine import disconnecting, legal_acts, privacy
from engine.dossier import dossier
from engine.machine import Machine

log = structlog.get_logger()

SHOWN = 20
PERSON_EXPORTED, SHOP_EXPORTED, PERSON_ERASED = "person_exported", "shop_exported", "person_erased"


def listing(session: Session, merchant_id: int) -> list[Any]:
    """The newest first."""
    mine = select(data_acts).where(data_acts.c.merchant_id == merchant_id)
    return list(session.execute(mine.order_by(data_acts.c.id.desc()).limit(SHOWN)))


def look_at_person(
    machine: Machine, merchant_id: int, print_: str, language: str = "en"
) -> list[dict[str, Any]]:
    """Everything known of whom the mark of an e-mail address stands for."""
    with reading(machine.db) as session:
        found = privacy.known_by(session, merchant_id, print_)
        return [dossier(machine, session, merchant_id, one, language) for one in found]


def export_person(machine: Machine, merchant_id: int, print_: str, by: str) -> list[dict[str, Any]]:
    told = look_at_person(machine, merchant_id, print_)
    with transaction(machine.db) as session:
        _note(session, merchant_id, PERSON_EXPORTED, by, len(told))
    return told


def erase_person(machine: Machine, merchant_id: int, print_: str, by: str) -> int:
    """How many people; whoever is not known is not written to either from now on."""
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        count = privacy.erase_by_print(machine, session, merchant, print_)
        _note(session, merchant_id, PERSON_ERASED, by, count)
    return count


def export_shop(machine: Machine, merchant_id: int, by: str) -> Iterator[bytes]:
    with transaction(machine.db) as session:
        _note(session, merchant_id, SHOP_EXPORTED, by)
    # Packing takes a megabyte of modules that few ever need.
    from engine import whole_export

    return whole_export.of(machine, merchant_id)


def erase_shop(machine: Machine, merchant_id: int, member_id: int) -> bool:
    """Disconnect, then erase everything; whether our webhooks are gone from the
    shop. What is left names nobody, so the log tells which member it was by
    number alone."""
    log.warning("shop_erased_by_member", merchant_id=merchant_id, member_id=member_id)
    undone = disconnecting.disconnect(machine, merchant_id)
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id, with_for_update=True)
        # One that was never connected has nothing to be disconnected from.
        privacy.uninstall(session, merchant)
        legal_acts.ask(session, machine.vault, merchant, legal_acts.SHOP_ERASURE)
        privacy.erase_shop(session, merchant)
    return undone


def _note(session: Session, merchant_id: int, kind: str, by: str, people: int = 0) -> None:
    row = {"merchant_id": merchant_id, "kind": kind, "by": by, "people": people, "at": clock.now()}
    session.execute(data_acts.insert().values(**row))
