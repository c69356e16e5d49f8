"""From what was loaded to the frozen facts of one subject."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.actions import Purpose
from core.events import Stock
from core.facts import CartFacts, ConsentFacts, Facts, PurchaseFacts, StockFacts, TripFacts
from core.money import Money
from core.reasons import Reason
from engine.known import Loaded, Subject
from engine.standing import Standing, reasons_against
from engine.waiting import NOTHING, line_facts, wish_facts

DONE = ("acting", "done", "unknown")


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
    said a moment ago and beats our records: what it did not name is gone."""
    now = loaded.now
    if subject.kind == "sign_up":
        return _of_wish(loaded, subject, flow, mode, purpose, policy, live_stock)
    cart = loaded.carts[subject.id]
    stock: Mapping[str, Stock] = loaded.stock
    if live_stock is not None:
        asked = (line.variant_ref for line in loaded.lines.get(cart.id, ()) if line.variant_ref)
        stock = dict.fromkeys(asked, Stock("none")) | dict(live_stock)
    return Facts(
        _cart_facts(loaded, cart, subject),
        PurchaseFacts(now, now, _bought_at(loaded, cart, subject)),
        StockFacts(now, now, stock),
        ConsentFacts(now, now, reasons_against(standing_of(loaded, subject), purpose, policy)),
        _trip_facts(loaded, subject, flow, mode),
    )


def _of_wish(
    loaded: Loaded,
    subject: Subject,
    flow: str,
    mode: str,
    purpose: Purpose,
    policy: str,
    live_stock: Mapping[str, Stock] | None,
) -> Facts:
    row, now = loaded.sign_ups[subject.id], loaded.now
    queue = loaded.queues.get((row.variant_id, flow, mode))
    stock = None if live_stock is None else live_stock.get(row.variant_ref, NOTHING)
    return Facts(
        wish_facts(now, row),
        line_facts(now, row, queue, stock),
        ConsentFacts(now, now, reasons_against(standing_of(loaded, subject), purpose, policy)),
    )


def standing_of(loaded: Loaded, subject: Subject) -> Standing:
    """Which address would be written to, and what is known about doing so."""
    address = address_of(loaded, subject)
    if address is None:
        return Standing(None)
    return Standing(
        address.id,
        _suppressed(loaded, subject, address),
        loaded.acts.get(address.id, ()),
        any(_paid_with(row, address.id) for row in loaded.orders),
        [act for other in _theirs(loaded, subject) for act in loaded.acts.get(other.id, ())],
        loaded.matter(subject).started_at,
    )


def _paid_with(order: Any, address_id: int) -> bool:
    """An existing customer is whoever bought under this very address."""
    return order.paid_at is not None and order.bought and order.address_id == address_id


def _suppressed(loaded: Loaded, subject: Subject, address: Any) -> Reason | None:
    """Whoever was erased, by whichever name, is not written to by another."""
    names = [address, *loaded.names.get(subject.person_id or 0, ())]
    found = (loaded.suppressed.get(name.fingerprint) for name in names)
    return next((reason for reason in found if reason is not None), None)


def address_of(loaded: Loaded, subject: Subject) -> Any | None:
    """The row of the e-mail address that would be written to."""
    matter = loaded.matter(subject)
    if matter.address_id in loaded.addresses:
        return loaded.addresses[matter.address_id]
    return max(_theirs(loaded, subject), key=lambda row: row.id, default=None)


def _theirs(loaded: Loaded, subject: Subject) -> list[Any]:
    return [row for row in loaded.addresses.values() if row.person_id == subject.person_id]


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
    return any(_was_bought(row) and _names(row, cart) for row in loaded.orders)


def _was_bought(order: Any) -> bool:
    """An order cancelled later was a purchase all the same: it restarts
    nothing, in whatever order the two were told. Only an unpaid order that had
    been a cart itself (it names itself as its cart) was never bought."""
    cancelled = order.cancelled_at is not None and order.cart_ref != order.ref
    return bool(order.bought) or order.paid_at is not None or cancelled


def _names(order: Any, cart: Any) -> bool:
    pairs = ((order.cart_ref, cart.ref), (order.cart_token, cart.token), (order.cart_token, cart.ref))
    return any(theirs is not None and theirs == ours for theirs, ours in pairs)


def _same_phone(order: Any, cart: Any) -> bool:
    return order.phone_fingerprint is not None and order.phone_fingerprint == cart.phone_fingerprint


def _bought_at(loaded: Loaded, cart: Any, subject: Subject) -> tuple[datetime, ...]:
    times = {
        max(row.placed_at, row.paid_at or row.placed_at)
        for row in loaded.orders
        if _was_bought(row) and (_names(row, cart) or _same_phone(row, cart) or _same_person(row, subject))
    }
    return tuple(sorted(times, reverse=True))


def _same_person(order: Any, subject: Subject) -> bool:
    return order.person_id is not None and order.person_id == subject.person_id


def _trip_facts(loaded: Loaded, subject: Subject, flow: str, mode: str) -> TripFacts:
    trips = loaded.trips.get((subject.person_id or 0, flow, mode), [])
    active = next((trip for trip in trips if trip.state in ("active", "held")), None)
    steps = loaded.steps.get(active.id, []) if active else []
    wrote = [row.acted_at for row in steps if row.state in DONE and row.acted_at is not None]
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
        min(wrote, default=None),
    )
