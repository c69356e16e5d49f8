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
from engine.shop_settings import ShopSettings, newest_settings, read_as
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
    """How far she has come. `sold` are the orders of the last days that we
    know, at most MOST; `newest_at` is by her shop's clock."""

    connected: bool
    domain: str
    meta: dict[str, str]
    shop: ShopSettings
    noted: Noted
    mode: Mode
    was_tried: bool
    sold: int
    newest_at: datetime | None

    @property
    def says_who(self) -> bool:
        return bool(self.shop.imprint.strip() and self.shop.reply_to)


def way(session: Session, merchant: Merchant, flow: Flow) -> Way:
    shop, saved = newest_settings(session, merchant.id, (flow,))
    mine = connections.c.merchant_id == merchant.id
    row = session.execute(
        select(connections.c.state, connections.c.domain, connections.c.meta).where(mine)
    ).one_or_none()
    sold, newest_at = _sold(session, merchant)
    return Way(
        row is not None and row.state == "active",
        row.domain if row is not None else "",
        dict(row.meta or {}) if row is not None else {},
        shop,
        noted(session, merchant.id),
        saved[flow.key].mode,
        _was_tried(session, merchant.id, flow.key),
        sold,
        newest_at,
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


def _sold(session: Session, merchant: Merchant) -> tuple[int, datetime | None]:
    since = clock.now(merchant) - timedelta(days=DAYS)
    recent = (
        select(orders.c.placed_at)
        .where(orders.c.merchant_id == merchant.id, orders.c.placed_at >= since, orders.c.test.is_(False))
        .order_by(orders.c.placed_at.desc())
        .limit(literal_column(str(MOST)))
        .subquery()
    )
    row = session.execute(select(func.count(), func.max(recent.c.placed_at))).one()
    return int(row[0]), row[1]
