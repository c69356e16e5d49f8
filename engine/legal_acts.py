"""The record of what the law asked of us, and of what was done about it.

It names no person and stays when the shop is erased, so that the operator can
show a merchant, or a platform, what was done and when.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.models import LegalAct, Merchant
from core.models.tables import connections, legal_acts
from core.vault import Vault

UNINSTALLED = "uninstalled"
PERSON_ERASURE = "person_erasure"
SHOP_ERASURE = "shop_erasure"


def done(session: Session, merchant: Merchant, kind: str, outcome: str, people: int = 0) -> None:
    """Asked and done at once."""
    now = clock.now()
    session.add(
        LegalAct(merchant=merchant.key, kind=kind, asked_at=now, done_at=now, outcome=outcome, people=people)
    )
    session.flush()


def ask(session: Session, vault: Vault, merchant: Merchant, kind: str) -> None:
    """Something that has still to be done; asked twice, it is one."""
    if kind not in waiting(session, merchant):
        session.add(LegalAct(merchant=merchant.key, kind=kind, shop=_print_of(session, vault, merchant.id)))
        session.flush()


def waiting(session: Session, merchant: Merchant) -> set[str]:
    """What was asked about this merchant and is not done yet."""
    mine = (legal_acts.c.merchant == merchant.key, legal_acts.c.done_at.is_(None))
    return set(session.execute(select(legal_acts.c.kind).where(*mine)).scalars())


def close(session: Session, merchant: Merchant, kind: str, outcome: str) -> None:
    mine = (legal_acts.c.merchant == merchant.key, legal_acts.c.done_at.is_(None), legal_acts.c.kind == kind)
    session.execute(update(legal_acts).where(*mine).values(done_at=clock.now(), outcome=outcome))


def of_merchant(session: Session, merchant: Merchant) -> list[Any]:
    """Everything recorded about her, oldest first."""
    mine = select(legal_acts).where(legal_acts.c.merchant == merchant.key)
    return list(session.execute(mine.order_by(legal_acts.c.id)))


def of_shop(session: Session, vault: Vault, domain: str) -> list[Any]:
    """What the operator can say of a shop that is no longer stored."""
    about = select(legal_acts).where(legal_acts.c.shop == _shop_print(vault, domain))
    return list(session.execute(about.order_by(legal_acts.c.id)))


def _print_of(session: Session, vault: Vault, merchant_id: int) -> str | None:
    mine = select(connections.c.domain).where(connections.c.merchant_id == merchant_id)
    domain = session.execute(mine).scalar_one_or_none()
    return _shop_print(vault, domain) if domain else None


def _shop_print(vault: Vault, domain: str) -> str:
    return vault.fingerprint(0, f"shop:{domain.strip().lower()}")
