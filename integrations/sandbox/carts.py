"""What a shopper does before paying."""

import re
import secrets
from datetime import timedelta
from typing import Any, Literal

from core.errors import Permanent
from integrations.sandbox import consents
from integrations.sandbox.act import Act, Refusal
from integrations.sandbox.bodies import CartBody, ContactBody, LineBody
from integrations.sandbox.catalogue import CURRENCY

Persona = Literal["subscriber", "guest"]
PERSONAS: dict[Persona, ContactBody] = {
    "subscriber": ContactBody(email="sofia@example.com", customer_ref="customer-sofia", first_name="Sofia"),
    "guest": ContactBody(email="gustav@example.com", first_name="Gustav"),
}
SUBSCRIBED_FOR = timedelta(days=30)
MOST_PIECES = 99


def begin(act: Act, locale: str, like: str | None = None) -> str:
    """A new empty cart, of the same person where an earlier one is named."""
    earlier = act.records.find("cart", like, CartBody) if like else None
    contact = earlier.contact if earlier else ContactBody(country="DE")
    token = secrets.token_urlsafe(16)
    cart = CartBody(
        ref=f"cart-{secrets.token_hex(5)}",
        token=token,
        started_at=act.now,
        activity_at=act.now,
        updated_at=act.now,
        contact=contact.model_copy(update={"locale": locale}),
        currency=CURRENCY,
        url=f"{act.base_url}/sandbox/cart/{token}",
    )
    act.records.put("cart", cart.ref, cart)
    return cart.ref


def add(act: Act, cart_ref: str, variant_ref: str, quantity: int = 1) -> None:
    cart = act.open_cart(cart_ref)
    line = next((line for line in cart.lines if line.variant_ref == variant_ref), None)
    set_quantity(act, cart_ref, variant_ref, (line.quantity if line else 0) + quantity)


def set_quantity(act: Act, cart_ref: str, variant_ref: str, quantity: int) -> None:
    """Have that many in the cart; none takes the line out."""
    cart = act.open_cart(cart_ref)
    lines = {line.variant_ref: line for line in cart.lines}
    if quantity > 0:
        lines[variant_ref] = _line(act, cart, variant_ref, min(quantity, MOST_PIECES))
    else:
        lines.pop(variant_ref, None)
    _keep(act, cart, lines=tuple(lines.values()))


def leave_email(act: Act, cart_ref: str, email: str, opted_in: bool = False) -> None:
    """The e-mail field of the checkout. An unticked box tells nothing."""
    cart = act.open_cart(cart_ref)
    email = email.strip()
    if len(email) > 254 or not re.fullmatch(r"[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+", email):
        raise Permanent(Refusal.NO_ADDRESS)
    contact = ContactBody(email=email, locale=cart.contact.locale, country="DE")
    if opted_in:
        act.tell("consent.changed", consents.given(consents.remember(act.records, contact, act.now)))
    _keep(act, cart, contact=contact)


def log_in(act: Act, cart_ref: str, persona: Persona) -> None:
    """Go on as the subscriber, who agreed to mail long ago, or as the guest,
    who never did."""
    cart = act.open_cart(cart_ref)
    found = PERSONAS[persona].model_copy(update={"locale": cart.contact.locale, "country": "DE"})
    if persona == "subscriber":
        customer = consents.known(act.records, found)
        customer = customer or consents.remember(act.records, found, act.now - SUBSCRIBED_FOR)
        act.tell("consent.changed", consents.given(customer))
    _keep(act, cart, contact=found)


def speak(act: Act, cart_ref: str, locale: str) -> None:
    """The shopper switched the shop's language."""
    cart = act.open_cart(cart_ref)
    contact = cart.contact.model_copy(update={"locale": locale})
    told = cart.model_copy(update={"contact": contact})
    lines = tuple(_line(act, told, line.variant_ref, line.quantity, known=True) for line in cart.lines)
    _keep(act, cart, contact=contact, lines=lines)


def _line(act: Act, cart: CartBody, variant_ref: str, quantity: int, known: bool = False) -> LineBody:
    product, variant = act.variant(variant_ref)
    if not known and (variant.stock.units or 0) < quantity:
        raise Permanent(Refusal.TOO_FEW_LEFT)
    german = (cart.contact.locale or "").startswith("de")
    return LineBody(
        product_ref=product.ref,
        variant_ref=variant.ref,
        title=product.title_de if german else product.title,
        variant_title=(variant.title_de if german else variant.title) or None,
        sku=variant.sku,
        quantity=quantity,
        price=variant.price,
        image_url=product.image_url,
        url=product.url,
    )


def _keep(act: Act, cart: CartBody, **changes: Any) -> None:
    """Store the cart and tell of it, once anything was ever in it."""
    now = max(act.now, cart.updated_at)
    changed = cart.model_copy(update={"activity_at": now, "updated_at": now, **changes})
    total = sum(line.price * line.quantity for line in changed.lines)
    changed = changed.model_copy(update={"total": total})
    act.records.put("cart", changed.ref, changed)
    if cart.lines or changed.lines:
        act.tell("cart.updated", changed)
