"""The waiting line of a variant: whether it is open, who is in it, and at which place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BindParameter, Select, bindparam, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from core.db import reading
from core.models import Merchant
from core.models.tables import addresses, products, sign_ups, variants
from core.statements import Statement
from engine.machine import Machine

FLOW = "back_in_stock"
OPEN = ("unconfirmed", "waiting", "called")
# As the indexes say it: what is bound they can't know.
WAITS = sign_ups.c.state == literal_column("'waiting'")

Stocked = Literal["sold_out", "available", "unknown"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the merchant has set for her waiting lines."""

    double_opt_in: bool
    keep_days: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A sign-up as its own page shows it; `place` is set while it waits, `stocked`
    is how the variant stands now."""

    merchant: Merchant
    shop: str
    state: str
    masked: str
    product: str
    url: str | None
    locale: str | None
    stocked: Stocked
    place: int | None
    place_at: datetime
    ends_at: datetime
    is_live: bool


def rules(machine: Machine, session: Session, merchant: Merchant) -> Rules | None:
    """None where the shop has no waiting lines, or is gone. In shadow mode nobody
    is let in: whoever signs up is promised a mail that would not come."""
    if FLOW not in machine.flows or merchant.uninstalled_at is not None:
        return None
    saved = machine.settings_of(session, merchant.id, merchant.settings_rev).flows[FLOW]
    told: Any = saved.settings
    return Rules(told.double_opt_in, told.keep_days) if saved.mode == "live" else None


def purpose_of(variant_ref: str) -> str:
    """What somebody agrees to who signs up: this, and no newsletter."""
    return f"{FLOW}:{variant_ref}"


def items(merchant_id: int | BindParameter[int]) -> Select[Any]:
    """Variants with what is known of their products."""
    product = (
        products.c.title.label("product_title"),
        products.c.url,
        products.c.published,
        products.c.gone_at.label("product_gone_at"),
    )
    return (
        select(variants, *product)
        .join(products, products.c.id == variants.c.product_id)
        .where(variants.c.merchant_id == merchant_id)
    )


_ITEM = Statement(items(bindparam("whose")).where(variants.c.ref == bindparam("ref")))


def item_of(session: Session, merchant_id: int, variant_ref: str) -> Any | None:
    if "\0" in variant_ref:
        return None
    found = _ITEM.records(session, {"whose": merchant_id, "ref": variant_ref})
    return found[0] if found else None


def stocked(item: Any | None) -> Stocked:
    """Only what is sold out has a waiting line. What the shop does not show any
    more, or has told us nothing of, is not known."""
    if item is None or item.stock_kind is None or not is_shown(item):
        return "unknown"
    return "sold_out" if item.stock_kind == "none" else "available"


def is_shown(item: Any) -> bool:
    """Whether the shop still has it and lets people see it."""
    return bool(item.published) and item.gone_at is None and item.product_gone_at is None


def name_of(item: Any) -> str:
    """As a shopper knows it."""
    same = not item.title or item.title == item.product_title
    return str(item.product_title if same else f"{item.product_title}, {item.title}")


def place_of(session: Session, row: Any) -> int:
    """How many are before her, and herself."""
    line = (sign_ups.c.variant_id == row.variant_id, WAITS)
    before = tuple_(sign_ups.c.place_at, sign_ups.c.id) < tuple_(row.place_at, row.id)
    counted = select(func.count()).select_from(sign_ups).where(*line, before)
    return int(session.execute(counted).scalar_one()) + 1


def look(machine: Machine, merchant_id: int, sign_up_id: int) -> Seen | None:
    """None where there is no such sign-up any more."""
    mine = (sign_ups.c.merchant_id == merchant_id, sign_ups.c.id == sign_up_id)
    found = select(sign_ups, addresses.c.masked).join(addresses, addresses.c.id == sign_ups.c.address_id)
    with reading(machine.db) as session:
        row = session.execute(found.where(*mine)).one_or_none()
        if row is None:
            return None
        item = session.execute(items(merchant_id).where(variants.c.id == row.variant_id)).one()
        merchant = session.get_one(Merchant, merchant_id)
        return Seen(
            merchant,
            shop_name(machine, session, merchant),
            row.state,
            row.masked,
            name_of(item),
            item.url,
            row.locale,
            stocked(item),
            place_of(session, row) if row.state == "waiting" else None,
            row.place_at,
            row.ends_at,
            rules(machine, session, merchant) is not None,
        )


def shop_name(machine: Machine, session: Session, merchant: Merchant) -> str:
    shop = machine.settings_of(session, merchant.id, merchant.settings_rev).shop
    return shop.sender_name or merchant.name
