"""What a visitor does in the sandbox shop, and how Kontor is told of it."""

import time
from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, request, session, url_for
from sqlalchemy import exists, select
from werkzeug.wrappers import Response

from core.db import reading
from core.errors import Permanent
from core.models import Merchant
from core.models.tables import inbound
from integrations.sandbox import seed
from integrations.sandbox.act import Refusal
from integrations.sandbox.bodies import CartBody
from integrations.sandbox.carts import PERSONAS
from integrations.sandbox.store import SWITCHES, Store, Webhooks
from web.doors import knock
from web.i18n import gettext as _
from web.i18n import locale
from web.pages import machine

bp = Blueprint("counter", __name__)

READS_WITHIN = 2.0
LOOKS_EVERY = 0.02


@bp.get("/cart/<token>")
def open_cart(token: str) -> Response:
    """Where the button of a reminder leads: the shopper's cart is back."""
    cart = Store(machine().runtime, visited().id).cart_of_token(token)
    if cart is None:
        abort(404)
    session["sandbox_cart"] = cart.ref
    if cart.completed_at:
        flash(_("This cart has been paid for already."))
    return _back("cart")


@bp.post("/cart/add")
def add_to_cart() -> Response:
    return _act("cart", lambda store: store.add_to_cart(_cart_ref(store), field("variant")))


@bp.post("/cart/quantity")
def set_quantity() -> Response:
    quantity = number("quantity")
    return _act("cart", lambda store: store.set_quantity(_cart_ref(store), field("variant"), quantity))


@bp.post("/cart/email")
def leave_email() -> Response:
    email, opted_in = field("email"), "opt_in" in request.form
    return _act("checkout", lambda store: store.leave_email(_cart_ref(store), email, opted_in=opted_in))


@bp.post("/cart/persona")
def log_in() -> Response:
    persona = next((known for known in PERSONAS if known == field("persona")), None) or abort(400)
    return _act("checkout", lambda store: store.log_in(_cart_ref(store), persona))


@bp.post("/cart/new")
def somebody_else() -> Response:
    """The next shopper comes in; the cart stays behind, as left carts do."""
    session.pop("sandbox_cart", None)
    return _back("shop")


@bp.post("/cart/pay")
def pay() -> Response:
    def paid(store: Store) -> Webhooks:
        ref = _cart_ref(store)
        heard = _typed(store)
        told = heard + store.pay(ref, request.form.get("code") or None)
        session["sandbox_cart"] = store.begin_cart(locale(), like=ref)
        flash(_("Paid. Thank you for your order!"))
        return told

    return _do("checkout", paid) or _back("orders")


@bp.post("/orders/<ref>/<any(cancel, ship, deliver):act>")
def handle_order(ref: str, act: str) -> Response:
    return _act("orders", lambda store: getattr(store, act)(ref))


@bp.post("/stock/<variant>/sell_out")
def sell_out(variant: str) -> Response:
    return _act("stock", lambda store: store.sell_out(variant))


@bp.post("/stock/<variant>/restock")
def restock(variant: str) -> Response:
    """As many as there were at first, or so many as are named."""
    units = number("units") if "units" in request.form else None
    return _act("stock", lambda store: store.restock(variant, units))


@bp.post("/switches/<name>")
def flip_switch(name: str) -> Response:
    switch = next((known for known in SWITCHES if known == name), None) or abort(404)
    Store(machine().runtime, visited().id).switch(switch, on=field("on") == "1")
    return _back("switches")


def take_typed_address() -> Response | None:
    """An address that was typed and not sent counts, as in a real checkout;
    an answer where it is none."""
    return _do("checkout", _typed)


def visited() -> Merchant:
    """The sandbox of this Kontor; the first visitor opens it."""
    with reading(machine().db) as db:
        found = seed.current(db)
    return found or seed.seed(machine().runtime, locale=locale())


def cart_of_visitor(store: Store) -> CartBody | None:
    """The visitor's cart, while it is theirs to change."""
    ref = session.get("sandbox_cart")
    cart = store.cart(ref) if ref else None
    return cart if cart and cart.completed_at is None else None


def is_unread(merchant_id: int) -> bool:
    query = select(exists().where(inbound.c.merchant_id == merchant_id, inbound.c.state == "new"))
    with reading(machine().db) as db:
        return bool(db.execute(query).scalar())


def wait(seconds: float, is_done: Callable[[], bool]) -> None:
    """Give the worker a moment, so that most pages show the end at once."""
    until = time.monotonic() + seconds
    while not is_done() and time.monotonic() < until:
        time.sleep(LOOKS_EVERY)


def field(name: str) -> str:
    value = request.form.get(name)
    return value if value is not None else abort(400)


def number(name: str) -> int:
    text = field(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else abort(400)


def _typed(store: Store) -> Webhooks:
    email, opted_in = request.form.get("email", "").strip(), "opt_in" in request.form
    cart = cart_of_visitor(store)
    if cart is None or not cart.lines or not email or (email == cart.contact.email and not opted_in):
        return ()
    return store.leave_email(cart.ref, email, opted_in=opted_in)


def _act(anchor: str, act: Callable[[Store], Webhooks]) -> Response:
    return _do(anchor, act) or _back(anchor)


def _do(anchor: str, act: Callable[[Store], Webhooks]) -> Response | None:
    """Let the shop do it and deliver what it tells; an answer where it refuses."""
    merchant = visited()
    try:
        told = act(Store(machine().runtime, merchant.id))
    except Permanent as error:
        flash(_refusal(Refusal(str(error))), "error")
        return _back(anchor)
    for webhook in told:
        knock(machine(), "sandbox", webhook)
    wait(READS_WITHIN, lambda: not is_unread(merchant.id))
    return None


def _back(anchor: str) -> Response:
    return redirect(url_for("sandbox.page", _anchor=anchor))


def _cart_ref(store: Store) -> str:
    """The visitor's cart, in the visitor's language; a new one where none is."""
    cart = cart_of_visitor(store)
    if cart is None:
        session["sandbox_cart"] = store.begin_cart(locale())
    elif cart.contact.locale != locale():
        store.speak(cart.ref, locale())
    ref: str = session["sandbox_cart"]
    return ref


def _refusal(why: Refusal) -> str:
    sentences = {
        Refusal.CART_CLOSED: _("This cart is closed. Put something into a new one."),
        Refusal.NO_ORDER: _("There is no such order."),
        Refusal.NO_PRODUCT: _("There is no such product."),
        Refusal.NO_ADDRESS: _("That is no e-mail address. It looks like name@example.com."),
        Refusal.TOO_FEW_LEFT: _("There are not that many left."),
        Refusal.NOTHING_TO_PAY: _("To pay, put something in the cart and leave an e-mail address."),
        Refusal.CODE_INVALID: _("This code is unknown, used up or expired."),
        Refusal.CODE_UNFIT: _("This code was made for another person or a larger cart."),
        Refusal.ORDER_TOO_FAR: _("It is too late or too early for that with this order."),
    }
    return sentences[why]
