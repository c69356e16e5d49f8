"""Who may act for a merchant: her colleagues come by invitation and go at once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from core import clock
from core.db import insert, reading, transaction
from core.models.tables import members
from engine import sign_in
from engine.identity import masked
from engine.machine import Machine


@dataclass(frozen=True, slots=True)
class Colleague:
    """`address` is masked, and None until she has confirmed one."""

    id: int
    name: str
    address: str | None


def listing(machine: Machine, merchant_id: int) -> list[Colleague]:
    return [
        Colleague(row.id, row.name, masked("email", _opened(machine, row)) if row.email else None)
        for row in _members(machine, merchant_id)
    ]


def invite(machine: Machine, merchant_id: int, email: str, by: str) -> bool:
    """She becomes a member when she follows her link; who is one already is
    told that somebody was invited. False where no letter could be sent."""
    member_id = _invited(machine, merchant_id, email)
    if not sign_in.send_confirmation(machine, merchant_id, member_id, email):
        return False
    told = {"whom": masked("email", email), "by": by}
    for row in _members(machine, merchant_id):
        if row.email is not None and row.id != member_id:
            address = _opened(machine, row)
            sign_in.send_letter(machine, merchant_id, row.id, address, "", "invited", **told)
    return True


def remove(machine: Machine, merchant_id: int, member_id: int) -> bool:
    """Her sessions and links go with her."""
    mine = (members.c.merchant_id == merchant_id, members.c.id == member_id)
    with transaction(machine.db) as session:
        return bool(session.execute(delete(members).where(*mine)).rowcount)  # type: ignore[attr-defined]


def name_of(email: str) -> str:
    """How she is named until she tells otherwise."""
    return email.partition("@")[0]


def _invited(machine: Machine, merchant_id: int, email: str) -> int:
    user = sign_in.address_print(machine, email)
    row = {"merchant_id": merchant_id, "platform_user": user, "name": name_of(email), "role": "colleague"}
    with transaction(machine.db) as session:
        new = insert(members, session).values(**row, created_at=clock.now())
        session.execute(new.on_conflict_do_nothing())
        mine = (members.c.merchant_id == merchant_id, members.c.platform_user == user)
        return int(session.execute(select(members.c.id).where(*mine)).scalar_one())


def _members(machine: Machine, merchant_id: int) -> list[Any]:
    found = select(members).where(members.c.merchant_id == merchant_id).order_by(members.c.id)
    with reading(machine.db) as session:
        return list(session.execute(found))


def _opened(machine: Machine, row: Any) -> str:
    return machine.vault.open(row.email, f"member:{row.merchant_id}:email").decode()
