"""The setup guide: from a connected shop to a live flow, at her own pace."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.lists import format_list
from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from core import clock
from core.db import reading
from core.facts import Mode
from core.models import Merchant
from engine import changes, guide
from engine.guide import Sold, Way
from engine.shop_settings import ShopSettings, newest_settings
from flows.flow import Flow
from integrations import OWN_MAILS
from integrations.own_mails import OwnMail
from web.i18n import ago, locale, ngettext
from web.i18n import gettext as _
from web.pages import machine
from web.session import current_member, current_merchant

bp = Blueprint("guide", __name__, url_prefix="/m/<key>/guide")

FLOW = "cart_recovery"


@dataclass(frozen=True, slots=True)
class Step:
    """`key` names the part of the page that says more, of the shop all that is said."""

    key: str
    title: str
    done: bool
    said: str


@dataclass(frozen=True, slots=True)
class Seen:
    """`next` is the first step that is not done."""

    way: Way
    flow: Flow
    steps: Sequence[Step]
    own_mails: Sequence[OwnMail]

    @property
    def next(self) -> Step | None:
        return next((step for step in self.steps if not step.done), None)

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def is_shown(self) -> bool:
        """On the overview, until all is done or she has put it away."""
        return self.next is not None and not self.way.noted.put_away


@bp.get("")
def page(key: str) -> str:
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        shop, saved = newest_settings(db, merchant.id, (machine().flows[FLOW],))
        seen = look(db, merchant, shop, saved[FLOW].mode)
        of_shop = _of_the_shop(merchant, seen.way, guide.sold(db, merchant))
    language = int(locale() == "de")
    return render_template(
        "guide/page.html", merchant=merchant, seen=seen, of_shop=of_shop, language=language
    )


@bp.post("/own-mails")
def own_mails_seen(key: str) -> Response:
    changes.note(machine(), current_merchant(key).id, {"own_mails_seen": True}, current_member())
    flash(_("Noted. You find what your shop sends by itself here again at any time."))
    return redirect(url_for(".page", key=key), 303)


@bp.post("/put-away")
def put_away(key: str) -> Response:
    changes.note(machine(), current_merchant(key).id, {"put_away": True}, current_member())
    flash(_("The guide is put away. You find it under Settings."))
    return redirect(url_for("overview.page", key=key), 303)


@bp.post("/take-out")
def take_out(key: str) -> Response:
    changes.note(machine(), current_merchant(key).id, {"put_away": False}, current_member())
    return redirect(url_for("overview.page", key=key), 303)


def look(db: Session, merchant: Merchant, shop: ShopSettings, mode: Mode) -> Seen:
    """`shop` and the flow's `mode` are what is set now."""
    flow = machine().flows[FLOW]
    way = guide.way(db, merchant, flow, shop, mode)
    told = OWN_MAILS.get(merchant.platform)
    own = told(way.meta) if told is not None else ()
    return Seen(way, flow, _steps(way, own), own)


def _steps(way: Way, own: Sequence[OwnMail]) -> list[Step]:
    """What a shop sends by itself is only asked where it may send something."""
    steps = [
        Step("connected", _("Connect your shop"), way.connected, ""),
        Step("sender", _("Say who writes"), way.says_who, _of_the_sender(way)),
    ]
    if own:
        said = _("What your shop reminds of by itself should not write about the same cart.")
        seen = way.noted.own_mails_seen or way.mode == "live"
        steps.append(Step("own", _("See what your shop sends by itself"), seen, said))
    tried = _("In shadow, cart recovery writes down what it would do, for real carts, and sends nothing.")
    live = _("From then on it writes to people who leave a cart. Carts left before stay untouched.")
    return [
        *steps,
        Step("shadow", _("Try it in shadow"), way.was_tried, tried),
        Step("live", _("Go live"), way.mode == "live", live),
    ]


def _of_the_shop(merchant: Merchant, way: Way, sold: Sold) -> str:
    """What only the guide itself asks for, to say something true of her shop."""
    if not way.connected:
        return _("Kontor can't hear your shop at the moment.")
    if sold.newest_at is None:
        return _("Kontor hears %(shop)s. No order of the last 30 days is known yet.", shop=merchant.name)
    count = ngettext("%(num)d order in the last 30 days", "%(num)d orders in the last 30 days", sold.times)
    if sold.times == guide.MOST:
        count = _("1,000 orders or more in the last 30 days")
    newest = ago(clock.now(merchant) - sold.newest_at)
    return _("%(shop)s: %(count)s, the newest %(time)s.", shop=merchant.name, count=count, time=newest)


def _of_the_sender(way: Way) -> str:
    missing = [
        words
        for words, given in (
            (_("your company's name and postal address"), way.shop.imprint.strip()),
            (_("an address for replies"), way.shop.reply_to),
        )
        if not given
    ]
    if not missing:
        return _("Replies go to %(email)s.", email=way.shop.reply_to)
    return _("Still missing: %(what)s.", what=format_list(missing, locale=locale()))
