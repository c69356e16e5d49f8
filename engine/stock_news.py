"""News of stock: the lines that wait for it are found, and the flow decides about each."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Select, exists, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.events import BackInStockRequested, Event, ProductUpdated, StockChanged
from core.facts import Facts
from core.models import Merchant
from core.models.tables import products, restocks, sign_ups, variants
from engine import waiting
from engine.machine import Machine
from engine.records import Touched
from engine.restocks import RUNNING, Line, apply
from engine.shop_settings import Saved
from engine.waitlist import WAITS
from flows.flow import Flow


def hear(session: Session, merchant: Merchant, flow: Flow, saved: Saved, touched: Sequence[Touched]) -> None:
    """Let the flow decide about every line whose variant the events told of."""
    events = _by_variant(touched)
    lines = _lines(merchant, flow, saved.mode).where(variants.c.id.in_(_named(merchant.id, events)))
    for row in session.execute(lines).all():
        queue = waiting.queue_of(session, merchant.id, row.restock_id) if row.restock_id else None
        event = events.get(("variant", row.variant_ref)) or events[("product", row.product_ref)]
        facts = Facts(waiting.line_facts(clock.now(merchant), row, queue, anybody=bool(row.anybody)))
        line = Line(merchant, flow, saved, row.variant_id, row.restock_id)
        for action in flow.plan(event, saved.settings, facts):
            apply(session, line, action)


def joined(machine: Machine, session: Session, merchant: Merchant, variant_ref: str) -> None:
    """Somebody has joined a line whose variant may have come back meanwhile."""
    touched = [Touched(BackInStockRequested(variant_ref, clock.now(merchant)))]
    known = machine.settings_of(session, merchant.id, merchant.settings_rev)
    for flow in machine.flows.values():
        saved = known.flows[flow.key]
        if flow.subject == "sign_up" and saved.mode != "off":
            hear(session, merchant, flow, saved, touched)


def _by_variant(touched: Sequence[Touched]) -> dict[tuple[str, str], Event]:
    """By what each event names: a variant, or a product with all it has."""
    found: dict[tuple[str, str], Event] = {}
    for item in touched:
        match item.event:
            case StockChanged(variant_ref=ref) | BackInStockRequested(variant_ref=ref):
                found[("variant", ref)] = item.event
            case ProductUpdated(product=product):
                found[("product", product.ref)] = item.event
    return found


def _named(merchant_id: int, events: Mapping[tuple[str, str], Event]) -> CompoundSelect[Any]:
    """The numbers of the variants, each kind found by its own index: a large shop
    is not walked through for each piece of news."""
    mine = variants.c.merchant_id == merchant_id
    refs = [ref for kind, ref in events if kind == "variant"]
    whole = [ref for kind, ref in events if kind == "product"]
    theirs = (products.c.merchant_id == merchant_id, products.c.ref.in_(whole))
    by_product = select(products.c.id).where(*theirs)
    return (
        select(variants.c.id)
        .where(mine, variants.c.ref.in_(refs))
        .union_all(select(variants.c.id).where(variants.c.product_id.in_(by_product)))
    )


def _lines(merchant: Merchant, flow: Flow, mode: str) -> Select[Any]:
    """The variants for which somebody waits, or of which a line is being told."""
    now = clock.now(merchant)
    running = (
        select(restocks.c.id)
        .where(
            restocks.c.merchant_id == merchant.id,
            restocks.c.variant_id == variants.c.id,
            restocks.c.flow == flow.key,
            restocks.c.mode == mode,
            RUNNING,
        )
        .scalar_subquery()
    )
    waits = exists().where(sign_ups.c.variant_id == variants.c.id, WAITS, sign_ups.c.ends_at > now)
    return (
        select(
            variants.c.id.label("variant_id"),
            *waiting.VARIANT,
            running.label("restock_id"),
            waits.label("anybody"),
        )
        .join(products, products.c.id == variants.c.product_id)
        # The sum keeps SQLite from an index of all the shop sells.
        .where(variants.c.merchant_id + 0 == merchant.id, or_(waits, running.is_not(None)))
        .order_by(variants.c.id)
    )
