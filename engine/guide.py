"""The way to a live flow. What is done is seen from what is set and from what
the shop said; only what nobody can see is noted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, literal_column, select
from sqlalchemy.orm import Session

from core import clock
from core.facts import Mode
from core.models import Merchant
from core.models.tables import connections, orders, settings_versions
from core.settings import Settings
from engine.shop_settings import ShopSettings, read_as
from flows.flow import Flow

SCOPE = "guide"
DAYS = 30
# More than this is said to be "more than".
MOST = 1000


class Noted(Settings):
    """`own_mails_seen`: she has looked at what her shop sends by itself;
    `put_away`: she wants to see the guide no more."""

    own_mails_seen: bool = False
    put_away: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How far she has come; `meta` is what is kept with the connection."""

    connected: bool
    meta: dict[str, str]
    shop: ShopSettings
    noted: Noted
    mode: Mode
    was_tried: bool

    @property
    def says_who(self) -> bool:
        return bool(self.shop.imprint.strip() and self.shop.reply_to)


@dataclass(frozen=True, slots=True)
class Sold:
    """The orders of the last days that we know, at most MOST; by the shop's clock."""

    times: int
    newest_at: datetime | None


def way(session: Session, merchant: Merchant, flow: Flow, shop: ShopSettings, mode: Mode) -> Way:
    """`shop` and the flow's `mode` are what is set now."""
    asked = select(connections.c.state, connections.c.meta).where(connections.c.merchant_id == merchant.id)
    row = session.execute(asked).one_or_none()
    return Way(
        row is not None and row.state == "active",
        dict(row.meta or {}) if row is not None else {},
        shop,
        noted(session, merchant.id),
        mode,
        mode != "off" or _was_tried(session, merchant.id, flow.key),
    )


def noted(session: Session, merchant_id: int) -> Noted:
    newest = (
        select(settings_versions.c.data)
        .where(settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == SCOPE)
        .order_by(settings_versions.c.version.desc())
        .limit(1)
    )
    return read_as(Noted, session.execute(newest).scalar_one_or_none() or {})


def _was_tried(session: Session, merchant_id: int, flow: str) -> bool:
    on = settings_versions.c.mode.in_(("shadow", "live"))
    mine = (settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == flow)
    return bool(session.execute(select(exists().where(*mine, on))).scalar_one())


def sold(session: Session, merchant: Merchant) -> Sold:
    since = clock.now(merchant) - timedelta(days=DAYS)
    recent = (
        select(orders.c.placed_at)
        .where(orders.c.merchant_id == merchant.id, orders.c.placed_at >= since, orders.c.test.is_(False))
        .order_by(orders.c.placed_at.desc())
        .limit(literal_column(str(MOST)))
        .subquery()
    )
    row = session.execute(select(func.count(), func.max(recent.c.placed_at))).one()
    return Sold(int(row[0]), row[1])
