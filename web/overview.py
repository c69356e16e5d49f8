"""The merchant's first page: what needs her, what her flows do, how the connection fares."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from sqlalchemy.orm import Session

from core import clock
from core.db import reading
from core.models import Merchant
from engine import daily
from engine.counting import A_DAY
from engine.daily import Told
from engine.figures import Figures
from engine.shop_settings import newest_settings
from flows.flow import Flow
from web import chart, guide, needs, shop_health
from web.i18n import locale
from web.pages import machine
from web.session import current_merchant

bp = Blueprint("overview", __name__, url_prefix="/m/<key>")

DAYS = 30
WEEK = 7


@dataclass(frozen=True, slots=True)
class Card:
    """A flow of the catalogue as it runs for this merchant; in shadow the
    figures are those of its shadow."""

    key: str
    title: str
    promise: str
    subject: str
    mode: str
    address: str
    figures: Figures
    chart: chart.Chart


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the page asks the database for."""

    cards: list[Card]
    needs: list[needs.Need]
    health: shop_health.Brief | None
    told: Told
    month: int
    guide: guide.Seen


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        seen = look(db, merchant)
    return render_template(
        "overview/page.html",
        merchant=merchant,
        seen=seen,
        days=DAYS,
        now=clock.now(merchant),
        as_of=None if seen.told.as_of is None else seen.told.as_of + clock.offset(merchant),
        real_now=clock.now(),
        worth=_worth,
        counted=any(card.figures.due or card.figures.entered for card in seen.cards),
        connected=merchant.platform in machine().connected,
    )


def look(db: Session, merchant: Merchant) -> Seen:
    flows = machine().flows
    today = daily.today(merchant)
    first, month = today - (DAYS - 1) * A_DAY, today.replace(day=1)
    whole = daily.since(db, merchant, flows, min(first, month))
    told = whole.since(first)
    health = shop_health.brief(db, merchant.id)
    shop, saved = newest_settings(db, merchant.id, tuple(flows.values()))
    return Seen(
        [_card(merchant, flow, saved[key].mode, told) for key, flow in flows.items()],
        needs.of(db, merchant, health, told.since(told.days[-WEEK])),
        health,
        told,
        whole.since(month).of_all().sent,
        guide.look(db, merchant, shop, saved[guide.FLOW].mode),
    )


def _card(merchant: Merchant, flow: Flow, mode: str, told: Told) -> Card:
    german = locale() == "de"
    counted = "shadow" if mode == "shadow" else "live"
    drawn = chart.of(told.days, told.each_day(flow.key, counted), shadow=mode == "shadow")
    return Card(
        flow.key,
        flow.title[german],
        flow.promise[german],
        flow.subject,
        mode,
        url_for("flow.page", key=merchant.key, flow=flow.key),
        told.of(flow.key, counted),
        drawn,
    )


def _worth(figures: Figures, which: str) -> list[tuple[str, int]]:
    """So much in each currency in which there was anything."""
    told = [(currency, getattr(taken, which)) for currency, taken in sorted(figures.takings.items())]
    return [(currency, minor) for currency, minor in told if minor]
