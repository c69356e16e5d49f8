"""What people wait for, how many, since when and what it would be worth; named is nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, func, literal_column, select
from sqlalchemy.orm import Session

from core.models import Merchant
from core.models.tables import addresses, effects, restocks, sign_ups, variants
from core.money import Money
from engine import turns, waitlist
from engine.machine import Machine
from engine.restocks import RUNNING
from engine.shop_settings import flow_settings

State = Literal["sold_out", "back", "being_told", "hidden", "gone", "unknown"]

# As the index says it: in the line, or with a message on the way.
_WAIT = sign_ups.c.state.in_([literal_column("'waiting'"), literal_column("'called'")])
FIRST = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """One variant and its line. `wave` is that of the restock under way, `next_at`
    when the line is looked at next and `put_off` why not sooner; `units` are set
    where the shop keeps a number."""

    variant_id: int
    name: str
    sku: str | None
    url: str | None
    people: int
    since: datetime
    worth: Money
    told: int
    state: State
    wave: int
    units: int | None
    next_at: datetime | None
    put_off: str | None

    @property
    def in_stock(self) -> bool:
        return self.state in ("back", "being_told")


@dataclass(frozen=True, slots=True)
class Next:
    """Whom a wave would tell first, by masked addresses; how many people by the
    settings for each piece, and for what is there, where that is known."""

    masked: Sequence[str]
    factor: int
    fair: int | None


def counted(session: Session, merchant_id: int) -> tuple[int, int]:
    """How many variants are waited for, and by how many people in all."""
    lines = _lines(merchant_id).subquery()
    asked = select(func.count(), func.coalesce(func.sum(lines.c.people), 0)).select_from(lines)
    found, people = session.execute(asked).one()
    return int(found), int(people)


def listing(session: Session, merchant_id: int, most: int, skipped: int = 0) -> list[Wanted]:
    """The most wanted first; of two wanted alike the one that is waited for longer."""
    lines = _lines(merchant_id).subquery()
    wanted = _with_items(merchant_id, lines)
    order = (lines.c.people.desc(), lines.c.since, variants.c.id)
    return _told_of(
        session, merchant_id, session.execute(wanted.order_by(*order).offset(skipped).limit(most)).all()
    )


def of_variant(session: Session, merchant_id: int, variant_id: int) -> Wanted | None:
    """None where nobody waits for it."""
    lines = _lines(merchant_id).where(sign_ups.c.variant_id == variant_id).subquery()
    found = _told_of(session, merchant_id, session.execute(_with_items(merchant_id, lines)).all())
    return found[0] if found else None


def next_in_line(machine: Machine, session: Session, merchant: Merchant, one: Wanted) -> Next:
    turn = turns.whose_turn(session, merchant, one.variant_id, FIRST)
    ids = [row.address_id for row in turn]
    known = select(addresses.c.id, addresses.c.masked).where(
        addresses.c.merchant_id == merchant.id, addresses.c.id.in_(ids)
    )
    masked = {row.id: row.masked for row in session.execute(known)}
    settings: Any = flow_settings(session, merchant.id, machine.flows[waitlist.FLOW]).settings
    first = [masked[row.address_id] for row in turn if row.address_id in masked]
    return Next(first, settings.factor, _fair(settings, one))


def _fair(settings: Any, one: Wanted) -> int | None:
    if not one.in_stock:
        return None
    return int(settings.unknown_people if one.units is None else settings.factor * one.units)


def _lines(merchant_id: int) -> Select[Any]:
    """Answered by one index, however many wait."""
    columns = (
        sign_ups.c.variant_id,
        func.count().label("people"),
        func.min(sign_ups.c.place_at, type_=sign_ups.c.place_at.type).label("since"),
    )
    return (
        select(*columns).where(sign_ups.c.merchant_id == merchant_id, _WAIT).group_by(sign_ups.c.variant_id)
    )


def _with_items(merchant_id: int, lines: Any) -> Select[Any]:
    counts = (lines.c.people, lines.c.since)
    return waitlist.items(merchant_id).join(lines, lines.c.variant_id == variants.c.id).add_columns(*counts)


def _told_of(session: Session, merchant_id: int, rows: Sequence[Any]) -> list[Wanted]:
    ids = [row.id for row in rows]
    told, running = _told(session, merchant_id, ids), _running(session, merchant_id, ids)
    return [_wanted(row, told.get(row.id, 0), running.get(row.id)) for row in rows]


def _told(session: Session, merchant_id: int, ids: Sequence[int]) -> dict[int, int]:
    """How many were told of each so far, in this restock and before."""
    mine = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.variant_id.in_(ids))
    asked = select(sign_ups.c.variant_id, func.count()).where(*mine, sign_ups.c.told_at.is_not(None))
    return {row[0]: int(row[1]) for row in session.execute(asked.group_by(sign_ups.c.variant_id))}


def _running(session: Session, merchant_id: int, ids: Sequence[int]) -> dict[int, Any]:
    """The wave of each line that is really being told, and when it is looked at next."""
    mine = (restocks.c.merchant_id == merchant_id, restocks.c.variant_id.in_(ids))
    found = (
        select(restocks.c.variant_id, restocks.c.wave, effects.c.due_at, effects.c.reason)
        .outerjoin(effects, and_(effects.c.id == restocks.c.look_id, effects.c.merchant_id == merchant_id))
        .where(*mine, RUNNING, restocks.c.mode == "live")
    )
    return {row.variant_id: row for row in session.execute(found)}


def _wanted(row: Any, told: int, running: Any | None) -> Wanted:
    wave = running.wave if running else None
    return Wanted(
        row.id,
        waitlist.name_of(row),
        row.sku,
        row.url,
        row.people,
        row.since,
        Money(row.price_minor * row.people, row.currency),
        told,
        _state(row, wave),
        wave or 0,
        row.stock_units if row.stock_kind == "units" else None,
        running.due_at if running else None,
        running.reason if running else None,
    )


def _state(row: Any, wave: int | None) -> State:
    if row.gone_at is not None or row.product_gone_at is not None:
        return "gone"
    if not row.published:
        return "hidden"
    if row.stock_kind is None:
        return "unknown"
    if row.stock_kind == "none":
        return "sold_out"
    return "back" if wave is None else "being_told"
