"""Everything Kontor knows about one person, as plain data."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from core.models.tables import (
    addresses,
    bounces,
    carts,
    clicks,
    consents,
    decisions,
    effects,
    enrolments,
    lines,
    orders,
    people,
    sign_ups,
    variants,
)
from core.reasons import Reason, sentence
from engine.identity import name_binding
from engine.kept_messages import kept_message
from engine.machine import Machine
from engine.waitlist import items, name_of

Plain = dict[str, Any]
LINE = ("title", "variant_title", "sku", "quantity", "price_minor")
CART = ("ref", "kind", "currency", "total_minor", "locale", "started_at", "activity_at", "completed_at")
ORDER = (
    "ref", "name", "currency", "total_minor", "net_minor", "refunded_minor", "bought", "placed_at", "paid_at",
    "cancelled_at", "shipped_at", "delivered_at", "discount_codes",
)  # fmt: skip
MESSAGE = ("flow", "kind", "step", "mode", "state", "due_at", "acted_at", "settled_at")
RETURNED = {
    "permanent": ("It came back for good.", "Sie kam endgültig zurück."),
    "passing": ("It came back for now.", "Sie kam vorerst zurück."),
    "complaint": ("The person reported it as unwanted.", "Die Person hat sie als unerwünscht gemeldet."),
}
WAITS = ("state", "source", "text", "place_at", "confirmed_at", "ends_at", "told_at", "over_at")
TRIP = ("flow", "mode", "state", "since", "enrolled_at", "ended_at")


def dossier(
    machine: Machine, session: Session, merchant_id: int, person_id: int, language: str = "en"
) -> Plain:
    mine = (people.c.merchant_id == merchant_id, people.c.id == person_id)
    person = session.execute(select(people).where(*mine)).one()
    name = person.first_name and machine.vault.open(person.first_name, name_binding(merchant_id, person_id))

    def theirs(table: Table) -> Sequence[Any]:
        return _of(session, table, merchant_id, person_id)

    return {
        "first_name": name.decode() if name else None,
        **_only(person, ("locale", "country", "created_at", "erased_at")),
        "addresses": [_address(machine, row) for row in theirs(addresses)],
        "consents": _consents(session, merchant_id, [row.id for row in theirs(addresses)]),
        "carts": _with_lines(session, theirs(carts), CART, lines.c.cart_id),
        "orders": _with_lines(session, theirs(orders), ORDER, lines.c.order_id),
        "waits_for": [_waits(session, row, language) for row in theirs(sign_ups)],
        "trips": [_reasoned(row, TRIP, language) for row in theirs(enrolments)],
        "messages": [_message(machine, session, row, language) for row in theirs(effects)],
        "decisions": [_decision(row, language) for row in theirs(decisions)],
    }


def _of(session: Session, table: Table, merchant_id: int, person_id: int) -> Sequence[Any]:
    mine = (table.c.merchant_id == merchant_id, table.c.person_id == person_id)
    return session.execute(select(table).where(*mine).order_by(table.c.id)).all()


def _only(row: Any, names: Sequence[str]) -> Plain:
    return {name: getattr(row, name) for name in names}


def _address(machine: Machine, row: Any) -> Plain:
    value = machine.vault.open(row.value, f"address:{row.merchant_id}:{row.fingerprint}").decode()
    return {"channel": row.channel, "value": value, "created_at": row.created_at}


def _consents(session: Session, merchant_id: int, address_ids: Sequence[int]) -> list[Plain]:
    mine = (consents.c.merchant_id == merchant_id, consents.c.address_id.in_(address_ids))
    acts = session.execute(select(consents).where(*mine).order_by(consents.c.act_at, consents.c.id))
    return [_only(row, ("channel", "purpose", "state", "act_at", "source", "text")) for row in acts]


def _with_lines(session: Session, rows: Sequence[Any], names: Sequence[str], owner: Any) -> list[Plain]:
    found = select(lines).where(owner.in_([row.id for row in rows])).order_by(lines.c.position)
    told: dict[int, list[Plain]] = {row.id: [] for row in rows}
    for line in session.execute(found):
        told[getattr(line, owner.name)].append(_only(line, LINE))
    return [_only(row, names) | {"lines": told[row.id]} for row in rows]


def _message(machine: Machine, session: Session, row: Any, language: str) -> Plain:
    """With its words, as long as they are kept, the clicks on its links, and whether it came back."""
    told = _reasoned(row, MESSAGE, language)
    if row.content is not None:
        kept = kept_message(machine, row.key, row.content)
        told |= {"subject": kept.subject, "text": kept.text}
    followed = select(clicks.c.link, clicks.c.at).where(clicks.c.effect_id == row.id)
    came = select(bounces.c.kind, bounces.c.at).where(bounces.c.effect_id == row.id).order_by(bounces.c.id)
    return told | {
        "clicks": [_only(one, ("link", "at")) for one in session.execute(followed)],
        "returned": [
            {"what": RETURNED[one.kind][language == "de"], "at": one.at} for one in session.execute(came)
        ],
    }


def _waits(session: Session, row: Any, language: str) -> Plain:
    item = session.execute(items(row.merchant_id).where(variants.c.id == row.variant_id)).one()
    return {"product": name_of(item), **_reasoned(row, WAITS, language)}


def _decision(row: Any, language: str) -> Plain:
    told = _only(row, ("flow", "mode", "kind", "at", "times"))
    return told | {"reasons": [_reason(reason, language) for reason in row.reasons]}


def _reasoned(row: Any, names: Sequence[str], language: str) -> Plain:
    return _only(row, names) | {"reason": _reason(row.reason, language) if row.reason else None}


def _reason(noted: str, language: str) -> str:
    """The sentence of a reason; what it is about stays behind it."""
    slug, _, detail = noted.partition(":")
    known = sentence(Reason(slug), language) if slug in set(Reason) else slug
    return f"{known} ({detail})" if detail else known
