"""What was known at an earlier moment: today's rows without what has only happened since."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from core.events import Cart, Contact, Line
from core.money import Money
from engine.known import Loaded
from engine.standing import Act


def about(loaded: Loaded, person_id: int) -> Loaded:
    """Of a whole batch, what is about this person."""
    carts = {key: row for key, row in loaded.carts.items() if row.person_id == person_id}
    addresses = {key: row for key, row in loaded.addresses.items() if row.person_id == person_id}
    names = {row.ref for row in carts.values()} | {row.token for row in carts.values() if row.token}
    phones = {row.phone_fingerprint for row in carts.values() if row.phone_fingerprint}
    orders = [
        row
        for row in loaded.orders
        if row.person_id == person_id
        or row.phone_fingerprint in phones
        or {row.cart_ref, row.cart_token} & names
    ]
    acts = {key: loaded.acts.get(key, []) for key in addresses}
    return replace(loaded, carts=carts, addresses=addresses, orders=orders, acts=acts)


def as_it_was(row: Any, now: datetime, column: str) -> Any:
    """The row before what has only happened since."""
    happened = getattr(row, column)
    if happened is None or happened <= now:
        return row
    return SimpleNamespace(**row._asdict() | {column: None})


def until(acts: Sequence[Act], now: datetime) -> list[Act]:
    return [act for act in acts if act.at <= now]


def as_event(row: Any, lines: tuple[Line, ...]) -> Cart:
    """The cart as it would be heard of; who left it is known by the facts."""
    return Cart(
        ref=row.ref,
        started_at=row.started_at,
        activity_at=row.activity_at,
        updated_at=row.platform_at,
        contact=Contact(),
        total=Money(row.total_minor, row.currency),
        lines=lines,
        kind=row.kind,
        token=row.token,
        completed_at=row.completed_at,
        test=row.test,
    )
