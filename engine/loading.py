"""Loading what flows need to know, for a whole batch in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core.events import Line, Stock
from core.models.tables import (
    addresses,
    carts,
    consents,
    effects,
    enrolments,
    lines,
    orders,
    people,
    suppressions,
    variants,
)
from core.money import Money
from core.reasons import Reason
from engine.known import Loaded, Planned, Slot, Subject
from engine.standing import Act


def load(session: Session, merchant_id: int, subjects: Sequence[Subject], now: datetime) -> Loaded:
    """Load everything about these subjects; `now` is the merchant's time."""
    loaded = Loaded(now)
    person_ids = sorted({s.person_id for s in subjects if s.person_id is not None})
    cart_ids = sorted({s.cart_id for s in subjects})
    _load_carts(session, merchant_id, loaded, cart_ids, person_ids)
    _load_orders(session, merchant_id, loaded, person_ids)
    _load_stock(session, merchant_id, loaded)
    if person_ids:
        _load_people(session, merchant_id, loaded, person_ids)
        _load_trips(session, merchant_id, loaded, person_ids)
    return loaded


def _load_carts(
    session: Session, merchant_id: int, loaded: Loaded, cart_ids: list[int], person_ids: list[int]
) -> None:
    mine = carts.c.merchant_id == merchant_id
    for row in session.execute(select(carts).where(mine, carts.c.id.in_(cart_ids))):
        loaded.carts[row.id] = row
    found = (
        select(lines, carts.c.currency)
        .join(carts, carts.c.id == lines.c.cart_id)
        .where(lines.c.merchant_id == merchant_id, lines.c.cart_id.in_(cart_ids))
        .order_by(lines.c.cart_id, lines.c.position)
    )
    for row in session.execute(found):
        loaded.lines[row.cart_id].append(_line(row))
    if person_ids:
        _load_newest(session, merchant_id, loaded, person_ids)


def _load_newest(session: Session, merchant_id: int, loaded: Loaded, person_ids: list[int]) -> None:
    """Each person's newest cart, also where it was emptied: an older one that
    it had replaced does not come back."""
    rank = func.row_number().over(
        partition_by=carts.c.person_id, order_by=(carts.c.activity_at.desc(), carts.c.ref.desc())
    )
    ranked = (
        select(carts.c.person_id, carts.c.id, rank.label("place"))
        .where(carts.c.merchant_id == merchant_id, carts.c.person_id.in_(person_ids), carts.c.test.is_(False))
        .subquery()
    )
    newest = select(ranked.c.person_id, ranked.c.id).where(ranked.c.place == 1)
    loaded.newest = {row.person_id: row.id for row in session.execute(newest)}


def _line(row: Any) -> Line:
    return Line(
        product_ref=row.product_ref,
        variant_ref=row.variant_ref,
        title=row.title,
        quantity=row.quantity,
        price=Money(row.price_minor, row.currency),
        variant_title=row.variant_title,
        sku=row.sku,
        image_url=row.image_url,
        url=row.url,
    )


def _load_orders(session: Session, merchant_id: int, loaded: Loaded, person_ids: list[int]) -> None:
    """Orders of these people or of these carts, whoever placed them."""
    refs = [row.ref for row in loaded.carts.values()]
    tokens = [row.token for row in loaded.carts.values() if row.token]
    phones = [row.phone_fingerprint for row in loaded.carts.values() if row.phone_fingerprint]
    columns = (
        orders.c.person_id,
        orders.c.address_id,
        orders.c.ref,
        orders.c.cancelled_at,
        orders.c.cart_ref,
        orders.c.cart_token,
        orders.c.phone_fingerprint,
        orders.c.placed_at,
        orders.c.paid_at,
        orders.c.bought,
    )
    wanted = [
        orders.c.person_id.in_(person_ids),
        orders.c.cart_ref.in_(refs),
        orders.c.cart_token.in_(tokens + refs),
        orders.c.phone_fingerprint.in_(phones),
    ]
    found = select(*columns).where(
        orders.c.merchant_id == merchant_id, or_(*wanted), orders.c.test.is_(False)
    )
    loaded.orders = list(session.execute(found))


def _load_stock(session: Session, merchant_id: int, loaded: Loaded) -> None:
    refs = {line.variant_ref for found in loaded.lines.values() for line in found if line.variant_ref}
    if not refs:
        return
    found = select(variants.c.ref, variants.c.stock_kind, variants.c.stock_units).where(
        variants.c.merchant_id == merchant_id, variants.c.ref.in_(refs), variants.c.stock_kind.is_not(None)
    )
    for row in session.execute(found):
        loaded.stock[row.ref] = Stock(row.stock_kind, row.stock_units)


def _load_people(session: Session, merchant_id: int, loaded: Loaded, person_ids: list[int]) -> None:
    found = select(people).where(people.c.merchant_id == merchant_id, people.c.id.in_(person_ids))
    loaded.persons = {row.id: row for row in session.execute(found)}
    theirs = and_(addresses.c.merchant_id == merchant_id, addresses.c.person_id.in_(person_ids))
    for row in session.execute(select(addresses).where(theirs).order_by(addresses.c.id)):
        loaded.names[row.person_id].append(row)
        if row.channel == "email":
            loaded.addresses[row.id] = row
    acts = (
        select(consents.c.address_id, consents.c.state, consents.c.act_at, consents.c.source)
        .join(addresses, addresses.c.id == consents.c.address_id)
        .where(theirs, consents.c.purpose == "marketing", consents.c.channel == "email")
    )
    for row in session.execute(acts):
        loaded.acts[row.address_id].append(Act(row.state, row.act_at, row.source))
    prints = [row.fingerprint for names in loaded.names.values() for row in names]
    stopped = select(suppressions.c.fingerprint, suppressions.c.reason).where(
        suppressions.c.merchant_id == merchant_id,
        suppressions.c.fingerprint.in_(prints),
    )
    loaded.suppressed = {row.fingerprint: Reason(row.reason) for row in session.execute(stopped)}


def _load_trips(session: Session, merchant_id: int, loaded: Loaded, person_ids: list[int]) -> None:
    found = select(enrolments).where(
        enrolments.c.merchant_id == merchant_id, enrolments.c.person_id.in_(person_ids)
    )
    for row in session.execute(found):
        loaded.trips[(row.person_id, row.flow, row.mode)].append(row)
    columns = (
        effects.c.id,
        effects.c.enrolment_id,
        effects.c.person_id,
        effects.c.step,
        effects.c.state,
        effects.c.flow,
        effects.c.mode,
        effects.c.due_at,
        effects.c.wake_at,
        effects.c.acted_at,
        effects.c.slot_day,
        effects.c.kind,
    )
    messages = select(*columns).where(
        effects.c.merchant_id == merchant_id,
        effects.c.enrolment_id.in_([trip.id for trips in loaded.trips.values() for trip in trips]),
        effects.c.kind == "send_message",
    )
    for row in session.execute(messages):
        loaded.steps[row.enrolment_id].append(row)
        if row.slot_day is not None:
            loaded.slots[row.person_id].append(Slot(row.slot_day, row.id, row.flow))
        if row.mode == "live" and row.state in ("pending", "claimed"):
            loaded.planned[row.person_id].append(Planned(row.flow, row.due_at, row.wake_at))
