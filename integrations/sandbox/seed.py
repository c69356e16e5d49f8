"""Makes a fresh sandbox merchant, whose clock starts on a Tuesday."""

import secrets
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.db import transaction
from core.models import Connection, Member, Merchant, SettingsVersion
from core.models.tables import merchants
from core.runtime import Runtime
from integrations.sandbox.catalogue import CURRENCY, SHOP_NAME, products
from integrations.sandbox.records import Records

ZONE = "Europe/Berlin"
START_HOUR = 10
TUESDAY = 1
SAVED_BY = "sandbox"
REPLY_TO = "hello@birch-and-ember.example"
IMPRINT = "Birch & Ember\nHafenstraße 1\n20359 Hamburg"
LIVE = ("cart_recovery", "back_in_stock")
_IN_USE = (merchants.c.platform == "sandbox", merchants.c.uninstalled_at.is_(None))


def current(session: Session) -> Merchant | None:
    """The sandbox of this Kontor, if it has one: the one made last."""
    return session.scalars(select(Merchant).where(*_IN_USE).order_by(merchants.c.id.desc())).first()


def seed(runtime: Runtime, start_hour: int = START_HOUR, locale: str = "en") -> Merchant:
    """A merchant with a shop, its connection, a member and live flows."""
    with transaction(runtime.db) as session:
        merchant = _merchant(session, start_hour, locale)
        now = clock.now(merchant)
        _connection(session, runtime, merchant)
        session.add(Member(merchant_id=merchant.id, platform_user="sandbox", name="You"))
        _settings(session, merchant, now)
        records = Records(session, merchant.id)
        for product in products(runtime.config.app_url, now):
            records.put("product", product.ref, product)
    return merchant


def start_of(hour: int, real_now: datetime) -> datetime:
    """The next Tuesday at that hour in the shop's zone."""
    local = real_now.astimezone(ZoneInfo(ZONE))
    day = local.date() + timedelta(days=(TUESDAY - local.weekday()) % 7)
    start = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE))
    if start <= local:
        day += timedelta(days=7)
        start = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE))
    return start.astimezone(UTC)


def _merchant(session: Session, start_hour: int, locale: str) -> Merchant:
    real_now = clock.now()
    ahead = start_of(start_hour, real_now) - real_now
    merchant = Merchant(
        name=SHOP_NAME,
        platform="sandbox",
        timezone=ZONE,
        currency=CURRENCY,
        locale=locale,
        clock_offset_ms=ahead // timedelta(milliseconds=1) + 1,
    )
    session.add(merchant)
    session.flush()
    return merchant


def _connection(session: Session, runtime: Runtime, merchant: Merchant) -> None:
    secret = secrets.token_urlsafe(32)
    sealed = runtime.vault.seal(secret, f"connection:{merchant.id}:webhook_secret")
    session.add(
        Connection(
            merchant_id=merchant.id,
            platform="sandbox",
            address=secrets.token_urlsafe(24),
            domain=runtime.config.app_url.split("://", 1)[1],
            webhook_secret=sealed,
        )
    )


def _settings(session: Session, merchant: Merchant, now: datetime) -> None:
    """The shop's defaults, and these flows live from the first moment."""
    shop = SettingsVersion(
        merchant_id=merchant.id,
        scope="shop",
        version=1,
        mode="live",
        data={"reply_to": REPLY_TO, "imprint": IMPRINT},
        saved_by=SAVED_BY,
    )
    flows = [
        SettingsVersion(
            merchant_id=merchant.id,
            scope=flow,
            version=1,
            mode="live",
            live_since=now,
            saved_by=SAVED_BY,
        )
        for flow in LIVE
    ]
    session.add_all((shop, *flows))
