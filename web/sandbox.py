"""The sandbox's one page: a shop, a clock, and what Kontor makes of it all."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, session, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import inbound
from engine import privacy, simulation
from integrations.mailbox.channel import listing
from integrations.sandbox import seed
from integrations.sandbox.consents import opt_in_text
from integrations.sandbox.store import Store
from web import counter, numbers, timeline
from web.counter import cart_of_visitor, field, is_unread, number, take_typed_address, visited, wait
from web.filters import Wanted
from web.i18n import gettext as _
from web.i18n import locale, ngettext
from web.pages import machine

bp = Blueprint("sandbox", __name__, url_prefix="/sandbox")
bp.register_blueprint(counter.bp)

FEED = 6
MAILS = 3
START_HOURS = (10, 3, 21)
SETTLES_WITHIN = 8.0


@bp.get("")
def page() -> str:
    merchant = visited()
    store = Store(machine().runtime, merchant.id)
    cart = cart_of_visitor(store)
    return render_template(
        "sandbox/page.html",
        merchant=merchant,
        now=clock.now(merchant),
        products=store.products(),
        cart=cart,
        agreed=cart is not None and store.has_agreed(cart.contact),
        orders=list(reversed(store.orders())),
        switches=store.switches(),
        moving=simulation.is_moving(machine(), merchant.id),
        unread=is_unread(merchant.id),
        start_hours=START_HOURS,
        opt_in_text=opt_in_text(locale()),
        goes_out=machine().config.smtp_url is not None,
        mails=listing(machine().runtime, merchant.id, most=MAILS),
        **_made_of_it(merchant),
    )


@bp.post("/clock")
def fast_forward() -> Response:
    """Time goes on; the worker settles on the way all that falls due."""
    refused = take_typed_address()
    if refused is not None:
        return refused
    merchant = visited()
    target = _target(merchant, field("to"))
    if target is None:
        flash(_("Nothing is waiting, so there is no next event."))
        return redirect(url_for(".page"))
    before = _sent(merchant.id)
    simulation.forward(machine(), merchant.id, target)
    wait(SETTLES_WITHIN, lambda: not simulation.is_moving(machine(), merchant.id))
    flash(_told_of(_sent(merchant.id) - before))
    return redirect(url_for(".page"))


@bp.post("/reset")
def reset() -> Response:
    """A fresh sandbox; the old one is wound up as any shop that leaves."""
    hour = number("hour")
    old = visited()
    with transaction(machine().db) as db:
        privacy.uninstall(db, db.get_one(Merchant, old.id))
    seed.seed(machine().runtime, hour if hour in START_HOURS else START_HOURS[0], locale())
    session.pop("sandbox_cart", None)
    flash(_("Here is a fresh sandbox."))
    return redirect(url_for(".page"))


def _made_of_it(merchant: Merchant) -> dict[str, Any]:
    """What Kontor saw, decided and did."""
    with reading(machine().db) as db:
        return {
            "heard": _heard(db, merchant.id),
            "feed": timeline.page(db, merchant.id, Wanted(), FEED).entries,
            "coming": timeline.coming_up(db, merchant.id),
            "figures": numbers.of_flow(db, merchant.id, "cart_recovery"),
        }


def _heard(db: Session, merchant_id: int) -> Any:
    """How many webhooks came, and the topic of the last."""
    mine = inbound.c.merchant_id == merchant_id
    last = select(inbound.c.topic).where(mine).order_by(inbound.c.id.desc()).limit(1).scalar_subquery()
    return db.execute(select(func.count().label("times"), last.label("topic")).where(mine)).one()


def _target(merchant: Merchant, to: str) -> datetime | None:
    """The merchant's time to go to; None where nothing waits."""
    if to == "next":
        return simulation.next_due(machine(), merchant.id)
    hours = {"1h": 1, "1d": 24}.get(to) or abort(400)
    return clock.now(merchant) + timedelta(hours=hours)


def _sent(merchant_id: int) -> int:
    with reading(machine().db) as db:
        return numbers.sent(db, merchant_id)


def _told_of(mails: int) -> str:
    if not mails:
        return _("Time went on, and no mail was sent.")
    return ngettext("Time went on, and a mail was sent.", "Time went on, and %(num)d mails were sent.", mails)
