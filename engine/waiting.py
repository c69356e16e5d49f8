"""Waiting lines as flows know them: who waits for what, and how far a line has been told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from core.events import Stock
from core.facts import LineFacts, SignUpFacts
from core.models.tables import lines, orders, products, restocks, sign_ups, variants
from core.statements import Statement, one_of, records_of
from engine.known import Loaded, Subject

NOTHING = Stock("none")
# A wish still holds in these states.
HOLDS = ("waiting", "called")


def load_wishes(session: Session, merchant_id: int, subjects: Sequence[Subject], loaded: Loaded) -> None:
    """What these people wait for, and their lines; nothing is asked where nobody waits."""
    wished = sorted({subject.id for subject in subjects if subject.kind == "sign_up"})
    if not wished:
        return
    meant = {"whose": merchant_id, "sign_ups": wished}
    rows, queues = records_of(session, [(_WISHES, meant), (_QUEUES, meant)])
    loaded.sign_ups = {row.id: row for row in rows}
    loaded.queues = {(row.variant_id, row.flow, row.mode): row for row in queues}


def wish_facts(now: datetime, row: Any) -> SignUpFacts:
    return SignUpFacts(now, now, row.variant_ref, row.state in HOLDS, bool(row.bought))


def line_facts(
    now: datetime, variant: Any, queue: Any | None, stock: Stock | None = None, *, anybody: bool = True
) -> LineFacts:
    """How the line of a variant stands; `stock` is what the shop itself said a
    moment ago. Shadow mode calls people whose place nothing changes: there
    whoever was called counts as told."""
    known = Stock(variant.stock_kind, variant.stock_units) if variant.stock_kind else NOTHING
    is_shadow = queue is not None and queue.mode == "shadow"
    return LineFacts(
        now,
        now,
        stock=known if stock is None else stock,
        offered=bool(variant.published),
        gone=variant.variant_gone_at is not None or variant.product_gone_at is not None,
        anybody=anybody,
        running=queue is not None and queue.state == "running",
        waves=queue.wave if queue is not None else 0,
        wave_at=queue.wave_at if queue is not None else None,
        told=0 if queue is None else queue.wave_called if is_shadow else queue.told,
        ordered=int(queue.ordered or 0) if queue is not None else 0,
        on_way=0 if queue is None or is_shadow else queue.on_way,
    )


_WHOSE: Any = bindparam("whose")
# What is told of a variant wherever a line is about it.
VARIANT = (
    variants.c.ref.label("variant_ref"),
    variants.c.title.label("variant_title"),
    variants.c.sku,
    variants.c.currency,
    variants.c.stock_kind,
    variants.c.stock_units,
    variants.c.gone_at.label("variant_gone_at"),
    products.c.ref.label("product_ref"),
    products.c.title.label("product_title"),
    products.c.url.label("product_url"),
    products.c.image_url,
    products.c.published,
    products.c.gone_at.label("product_gone_at"),
)
# An order cancelled later was a purchase all the same.
_COUNTS = or_(orders.c.bought, orders.c.paid_at.is_not(None), orders.c.cancelled_at.is_not(None))
_BOUGHT = exists().where(
    orders.c.merchant_id == sign_ups.c.merchant_id,
    orders.c.person_id == sign_ups.c.person_id,
    orders.c.placed_at >= sign_ups.c.place_at,
    orders.c.test.is_(False),
    _COUNTS,
    lines.c.order_id == orders.c.id,
    lines.c.variant_ref == variants.c.ref,
)
_WISHES = Statement(
    select(
        sign_ups,
        *VARIANT,
        variants.c.price_minor.label("total_minor"),
        sign_ups.c.place_at.label("started_at"),
        _BOUGHT.label("bought"),
    )
    .join(variants, variants.c.id == sign_ups.c.variant_id)
    .join(products, products.c.id == variants.c.product_id)
    .where(sign_ups.c.merchant_id == _WHOSE, one_of(sign_ups.c.id, "sign_ups"))
)


def _count(*conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).where(*conditions).scalar_subquery()


# The state stands in the statement itself: else no partial index answers.
CALLED = sign_ups.c.state == literal_column("'called'")
TOLD = _count(sign_ups.c.variant_id == restocks.c.variant_id, sign_ups.c.told_at >= restocks.c.wave_at)
ON_WAY = _count(sign_ups.c.variant_id == restocks.c.variant_id, CALLED)
ORDERED = (
    select(func.sum(lines.c.quantity))
    .join(orders, orders.c.id == lines.c.order_id)
    .join(variants, variants.c.ref == lines.c.variant_ref)
    .where(
        orders.c.merchant_id == restocks.c.merchant_id,
        orders.c.placed_at >= restocks.c.wave_at,
        orders.c.bought,
        orders.c.test.is_(False),
        variants.c.id == restocks.c.variant_id,
    )
    .scalar_subquery()
)
_OTHER = restocks.alias()
_LAST = (
    select(func.max(_OTHER.c.id))
    .where(
        _OTHER.c.variant_id == restocks.c.variant_id,
        _OTHER.c.flow == restocks.c.flow,
        _OTHER.c.mode == restocks.c.mode,
    )
    .scalar_subquery()
)
_THEIRS = select(sign_ups.c.variant_id).where(
    sign_ups.c.merchant_id == _WHOSE, one_of(sign_ups.c.id, "sign_ups")
)
QUEUE = (restocks, TOLD.label("told"), ON_WAY.label("on_way"), ORDERED.label("ordered"))
_QUEUES = Statement(
    select(*QUEUE).where(
        and_(restocks.c.merchant_id == _WHOSE, restocks.c.variant_id.in_(_THEIRS), restocks.c.id == _LAST)
    )
)


def variants_of(session: Session, merchant_id: int, rows: Sequence[Any]) -> dict[int, Any]:
    """The variant that each of these calls of a waiting line is about, by the row's number."""
    if not rows:
        return {}
    called = {row.payload["restock"]: row.id for row in rows}
    found = _OF_RESTOCKS.records(session, {"whose": merchant_id, "restocks": sorted(called)})
    return {called[row.restock_id]: row for row in found}


_OF_RESTOCKS = Statement(
    select(restocks.c.id.label("restock_id"), *VARIANT)
    .join(variants, variants.c.id == restocks.c.variant_id)
    .join(products, products.c.id == variants.c.product_id)
    .where(restocks.c.merchant_id == _WHOSE, one_of(restocks.c.id, "restocks"))
)


def queue_of(session: Session, merchant_id: int, restock_id: int) -> Any:
    """How far the line has been told, as it stands this moment."""
    mine = (restocks.c.merchant_id == merchant_id, restocks.c.id == restock_id)
    return session.execute(select(*QUEUE).where(*mine)).one()
