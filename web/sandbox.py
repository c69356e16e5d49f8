"""The sandbox's one page: a shop, a clock, and what Kontor makes of it all."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy import exists, select
from werkzeug.wrappers import Response

from core import clock
from core.db import reading, transaction
from core.errors import Permanent
from core.models import Merchant
from core.models.tables import inbound
from engine import privacy, simulation
from integrations.sandbox import seed
from integrations.sandbox.act import Refusal
from integrations.sandbox.bodies import CartBody
from integrations.sandbox.carts import PERSONAS
from integrations.sandbox.consents import opt_in_text
from integrations.sandbox.store import SWITCHES, Store, Webhooks
from web import numbers, timeline
from web.doors import knock
from web.i18n import gettext as _
from web.i18n import locale
from web.pages import machine
from web.session import first_member, sign_in

bp = Blueprint("sandbox", __name__, url_prefix="/sandbox")

FEED = 6
START_HOURS = (10, 3, 21)
SETTLES_WITHIN = 8.0
READS_WITHIN = 2.0
LOOKS_EVERY = 0.02


@bp.before_request
def _only_where_it_is_shown() -> None:
    if not machine().config.sandbox_shown:
        abort(404)


@bp.get("")
def page() -> str:
    merchant = _merchant()
    store = Store(machine().runtime, merchant.id)
    now = clock.now(merchant)
    with reading(machine().db) as db:
        feed = timeline.page(db, machine().vault, merchant.id, timeline.Wanted(), FEED).entries
        coming = timeline.coming_up(db, merchant.id)
        figures = numbers.of_flow(db, merchant.id, "cart_recovery")
    return render_template(
        "sandbox/page.html",
        merchant=merchant,
        now=now,
        products=store.products(),
        cart=_cart(store),
        orders=list(reversed(store.orders())),
        switches=store.switches(),
        feed=feed,
        coming=coming,
        figures=figures,
        moving=simulation.is_moving(machine(), merchant.id),
        unread=_unread(merchant.id),
        start_hours=START_HOURS,
        opt_in_text=opt_in_text(locale()),
    )


@bp.get("/cart/<token>")
def open_cart(token: str) -> Response:
    """Where the button of a reminder leads: the shopper's cart is back."""
    cart = Store(machine().runtime, _merchant().id).cart_of_token(token)
    if cart is None:
        abort(404)
    session["sandbox_cart"] = cart.ref
    if cart.completed_at:
        flash(_("This cart has been paid for already."))
    return redirect(url_for(".page", _anchor="cart"))


@bp.post("/cart/add")
def add_to_cart() -> Response:
    return _act("cart", lambda store: store.add_to_cart(_cart_ref(store), _field("variant")))


@bp.post("/cart/quantity")
def set_quantity() -> Response:
    quantity = _number("quantity")
    return _act("cart", lambda store: store.set_quantity(_cart_ref(store), _field("variant"), quantity))


@bp.post("/cart/email")
def leave_email() -> Response:
    opted_in = "opt_in" in request.form
    return _act(
        "checkout",
        lambda store: store.leave_email(_cart_ref(store), _field("email"), opted_in=opted_in),
    )


@bp.post("/cart/persona")
def log_in() -> Response:
    persona = next((known for known in PERSONAS if known == _field("persona")), None) or abort(400)
    return _act("checkout", lambda store: store.log_in(_cart_ref(store), persona))


@bp.post("/cart/new")
def somebody_else() -> Response:
    """The next shopper comes in; the cart stays behind, as left carts do."""
    session.pop("sandbox_cart", None)
    return redirect(url_for(".page", _anchor="shop"))


@bp.post("/cart/pay")
def pay() -> Response:
    def paid(store: Store) -> Webhooks:
        ref = _cart_ref(store)
        told = store.pay(ref, request.form.get("code") or None)
        session["sandbox_cart"] = store.begin_cart(locale(), like=ref)
        flash(_("Paid. Thank you for your order!"))
        return told

    return _act("orders", paid)


@bp.post("/orders/<ref>/<any(cancel, ship, deliver):act>")
def handle_order(ref: str, act: str) -> Response:
    return _act("orders", lambda store: getattr(store, act)(ref))


@bp.post("/stock/<variant>/<any(sell_out, restock):act>")
def change_stock(variant: str, act: str) -> Response:
    return _act("shop", lambda store: getattr(store, act)(variant))


@bp.post("/switches/<name>")
def flip_switch(name: str) -> Response:
    switch = next((known for known in SWITCHES if known == name), None) or abort(404)
    Store(machine().runtime, _merchant().id).switch(switch, on=_field("on") == "1")
    return redirect(url_for(".page", _anchor="switches"))


@bp.post("/clock")
def fast_forward() -> Response:
    merchant = _merchant()
    target = _target(merchant, _field("to"))
    if target is None:
        flash(_("Nothing is waiting, so there is no next event."))
    else:
        simulation.forward(machine(), merchant.id, target)
        _wait(SETTLES_WITHIN, lambda: not simulation.is_moving(machine(), merchant.id))
    return redirect(url_for(".page"))


@bp.post("/reset")
def reset() -> Response:
    """A fresh sandbox; the old one is wound up as any shop that leaves."""
    hour = _number("hour")
    old = _merchant()
    with transaction(machine().db) as db:
        privacy.uninstall(db, db.get_one(Merchant, old.id))
    seed.reset(machine().runtime, hour if hour in START_HOURS else START_HOURS[0], locale())
    session.pop("sandbox_cart", None)
    flash(_("Here is a fresh sandbox."))
    return redirect(url_for(".page"))


def _merchant() -> Merchant:
    """The sandbox of this Kontor; the first visitor opens it, and every
    visitor is its member."""
    with reading(machine().db) as db:
        found = seed.current(db)
    merchant = found or seed.seed(machine().runtime, locale=locale())
    if session.get("member", [None])[0] != merchant.id:
        chosen = locale()
        sign_in(merchant.id, first_member(merchant.id))
        session["locale"] = chosen
    return merchant


def _act(anchor: str, act: Callable[[Store], Webhooks]) -> Response:
    """Let the shop do it and deliver what it tells, then show the page again."""
    merchant = _merchant()
    try:
        told = act(Store(machine().runtime, merchant.id))
    except Permanent as error:
        flash(_refusal(Refusal(str(error))), "error")
        return redirect(url_for(".page", _anchor=anchor))
    for webhook in told:
        knock(machine(), "sandbox", webhook)
    _wait(READS_WITHIN, lambda: not _unread(merchant.id))
    return redirect(url_for(".page", _anchor=anchor))


def _cart(store: Store) -> CartBody | None:
    """The visitor's cart, while it is theirs to change."""
    ref = session.get("sandbox_cart")
    cart = store.cart(ref) if ref else None
    return cart if cart and cart.completed_at is None else None


def _cart_ref(store: Store) -> str:
    cart = _cart(store)
    if cart is None:
        session["sandbox_cart"] = store.begin_cart(locale())
    elif cart.contact.locale != locale():
        store.speak(cart.ref, locale())
    ref: str = session["sandbox_cart"]
    return ref


def _target(merchant: Merchant, to: str) -> datetime | None:
    """The merchant's time to go to; None where nothing waits."""
    if to == "next":
        return simulation.next_due(machine(), merchant.id)
    hours = {"1h": 1, "1d": 24}.get(to) or abort(400)
    return clock.now(merchant) + timedelta(hours=hours)


def _unread(merchant_id: int) -> bool:
    query = select(exists().where(inbound.c.merchant_id == merchant_id, inbound.c.state == "new"))
    with reading(machine().db) as db:
        return bool(db.execute(query).scalar())


def _wait(seconds: float, is_done: Callable[[], bool]) -> None:
    """Give the worker a moment, so that most pages show the end at once."""
    until = time.monotonic() + seconds
    while not is_done() and time.monotonic() < until:
        time.sleep(LOOKS_EVERY)


def _field(name: str) -> str:
    value = request.form.get(name)
    return value if value is not None else abort(400)


def _number(name: str) -> int:
    text = _field(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else abort(400)


def _refusal(why: Refusal) -> str:
    sentences: dict[Refusal, Any] = {
        Refusal.CART_CLOSED: _("This cart is closed. Put something into a new one."),
        Refusal.NO_ORDER: _("There is no such order."),
        Refusal.NO_PRODUCT: _("There is no such product."),
        Refusal.NO_ADDRESS: _("That is no e-mail address. It looks like name@example.com."),
        Refusal.TOO_FEW_LEFT: _("There are not so many left."),
        Refusal.NOTHING_TO_PAY: _("To pay, put something in the cart and leave an e-mail address."),
        Refusal.CODE_INVALID: _("This code is unknown, used up or expired."),
        Refusal.CODE_UNFIT: _("This code was made for another person or a larger cart."),
        Refusal.ORDER_TOO_FAR: _("It is too late or too early for that with this order."),
    }
    return str(sentences[why])
