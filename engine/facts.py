"""Loading what flows need to know, for a whole batch in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core.actions import Purpose
from core.events import Line, Stock
from core.facts import CartFacts, ConsentFacts, Facts, PurchaseFacts, StockFacts, TripFacts
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
from engine.standing import Act, Standing, reasons_against

DONE = ("acting", "done", "unknown")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose what: the person (unknown for a nameless cart) and the cart."""

    person_id: int | None
    cart_id: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place under the cap that a message of the person holds."""

    day: date
    effect_id: int
    flow: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A message of the person that waits for its time."""

    flow: str
    due_at: datetime


@dataclass
class Loaded:
    """Everything about one batch of subjects, ready to be asked about."""

    now: datetime
    persons: dict[int, Any] = field(default_factory=dict)
    carts: dict[int, Any] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    lines: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    orders: list[Any] = field(default_factory=list)
    stock: dict[str, Stock] = field(default_factory=dict)
    addresses: dict[int, Any] = field(default_factory=dict)
    names: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    acts: dict[int, list[Act]] = field(default_factory=lambda: defaultdict(list))
    suppressed: dict[str, Reason] = field(default_factory=dict)
    trips: dict[tuple[int, str, str], list[Any]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    slots: dict[int, list[Slot]] = field(default_factory=lambda: defaultdict(list))
    planned: dict[int, list[Planned]] = field(default_factory=lambda: defaultdict(list))


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


def facts_for(
    loaded: Loaded,
    subject: Subject,
    flow: str,
    mode: str,
    purpose: Purpose,
    policy: str,
    live_stock: Mapping[str, Stock] | None = None,
) -> Facts:
    """The frozen facts of one subject; `live_stock` is what the shop itself
    said a moment ago and beats our records."""
    cart = loaded.carts[subject.cart_id]
    now = loaded.now
    stock = dict(loaded.stock)
    if live_stock is not None:
        stock |= live_stock
    return Facts(
        _cart_facts(loaded, cart, subject),
        PurchaseFacts(now, now, _bought_at(loaded, cart, subject)),
        StockFacts(now, now, stock),
        ConsentFacts(now, now, reasons_against(standing_of(loaded, subject), purpose, policy)),
        _trip_facts(loaded, subject, flow, mode),
    )


def standing_of(loaded: Loaded, subject: Subject) -> Standing:
    """Which address would be written to, and what is known about doing so."""
    address = _address_of(loaded, subject)
    if address is None:
        return Standing(None)
    return Standing(
        address.id,
        loaded.suppressed.get(address.fingerprint),
        loaded.acts.get(address.id, ()),
        any(
            row.paid_at is not None and row.bought and row.person_id == subject.person_id
            for row in loaded.orders
        ),
    )


def address_of(loaded: Loaded, subject: Subject) -> Any | None:
    """The row of the e-mail address that would be written to."""
    return _address_of(loaded, subject)


def _address_of(loaded: Loaded, subject: Subject) -> Any | None:
    cart = loaded.carts[subject.cart_id]
    if cart.address_id in loaded.addresses:
        return loaded.addresses[cart.address_id]
    theirs = [row for row in loaded.addresses.values() if row.person_id == subject.person_id]
    return max(theirs, key=lambda row: row.id) if theirs else None


def _cart_facts(loaded: Loaded, cart: Any, subject: Subject) -> CartFacts:
    person = subject.person_id
    newest = person is None or loaded.newest.get(person, cart.id) == cart.id
    return CartFacts(
        now=loaded.now,
        as_of=loaded.now,
        cart_id=cart.id,
        ref=cart.ref,
        started_at=cart.started_at,
        activity_at=cart.activity_at,
        lines=tuple(loaded.lines.get(cart.id, ())),
        total=Money(cart.total_minor, cart.currency),
        completed=cart.completed_at is not None or _ordered(loaded, cart),
        test=cart.test,
        newest=newest,
    )


def _ordered(loaded: Loaded, cart: Any) -> bool:
    """Whether an order names this very cart."""
    return any(row.bought and _names(row, cart) for row in loaded.orders)


def _names(order: Any, cart: Any) -> bool:
    pairs = ((order.cart_ref, cart.ref), (order.cart_token, cart.token), (order.cart_token, cart.ref))
    return any(theirs is not None and theirs == ours for theirs, ours in pairs)


def _same_phone(order: Any, cart: Any) -> bool:
    return order.phone_fingerprint is not None and order.phone_fingerprint == cart.phone_fingerprint


def _bought_at(loaded: Loaded, cart: Any, subject: Subject) -> tuple[datetime, ...]:
    times = {
        row.placed_at
        for row in loaded.orders
        if row.bought and (_names(row, cart) or _same_phone(row, cart) or _same_person(row, subject))
    }
    return tuple(sorted(times, reverse=True))


def _same_person(order: Any, subject: Subject) -> bool:
    return order.person_id is not None and order.person_id == subject.person_id


def _trip_facts(loaded: Loaded, subject: Subject, flow: str, mode: str) -> TripFacts:
    trips = loaded.trips.get((subject.person_id or 0, flow, mode), [])
    active = next((trip for trip in trips if trip.state in ("active", "held")), None)
    steps = loaded.steps.get(active.id, []) if active else []
    rested = [
        trip.ended_at
        for trip in trips
        if trip.ended_at is not None and any(row.state in DONE for row in loaded.steps.get(trip.id, []))
    ]
    return TripFacts(
        loaded.now,
        loaded.now,
        active.subject_id if active else None,
        active.since if active else None,
        frozenset(row.step for row in steps if row.state in DONE),
        max(rested, default=None),
    )


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
    """Each person's newest cart that holds anything."""
    filled = select(lines.c.id).where(lines.c.cart_id == carts.c.id).exists()
    rank = func.row_number().over(
        partition_by=carts.c.person_id, order_by=(carts.c.activity_at.desc(), carts.c.ref.desc())
    )
    ranked = (
        select(carts.c.person_id, carts.c.id, rank.label("place"))
        .where(carts.c.merchant_id == merchant_id, carts.c.person_id.in_(person_ids), filled)
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
    prints = [row.fingerprint for row in loaded.addresses.values()]
    stopped = select(suppressions.c.fingerprint, suppressions.c.reason).where(
        suppressions.c.merchant_id == merchant_id,
        suppressions.c.channel == "email",
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
            loaded.planned[row.person_id].append(Planned(row.flow, row.due_at))
