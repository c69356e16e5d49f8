"""What our own plugin reports: carts that name whoever agreed, what was agreed to, parcels that left.

The topic stands in the signed body too: the header alone is nobody's word.
"""

from core.events import (
    Cart,
    CartUpdated,
    ConsentChanged,
    Contact,
    Event,
    Line,
    LookUp,
    OrderShipped,
)
from integrations.payload import Payload
from integrations.woocommerce.home import home_url

# Orders have plain numbers, so no cart of the plugin's is ever taken for one.
PREFIX = "kontor-"
META = "_kontor_cart"
SOURCE = "checkout"
LONGEST_TEXT = 1000


def cart_ref(payload: Payload, key: str) -> str:
    return f"{PREFIX}{payload.ref(key)}"


def cart(payload: Payload) -> list[Event | LookUp]:
    _demand_own_topic(payload)
    currency, changed_at = payload.currency("currency"), payload.time("changed_at")
    ref = cart_ref(payload, "id")
    told = Cart(
        ref=ref,
        started_at=payload.time("started_at"),
        activity_at=changed_at,
        updated_at=changed_at,
        contact=_contact(payload),
        total=payload.money("total", currency),
        lines=tuple(_line(one, currency) for one in payload.parts("lines")),
        token=ref,
        url=_way_back(payload),
    )
    return [CartUpdated(told)]


def consent(payload: Payload) -> list[Event | LookUp]:
    """An address that nobody can be reached by says nothing."""
    _demand_own_topic(payload)
    email, text = payload.email_or_none("email"), payload.text_or_none("text")
    if email is None:
        return []
    act = ConsentChanged(
        Contact(email=email, locale=payload.text_or_none("locale")),
        "email",
        "opted_in" if payload.flag("agreed") else "opted_out",
        payload.time("at"),
        SOURCE,
        text=text[:LONGEST_TEXT] if text else None,
    )
    return [act]


def shipped(payload: Payload) -> list[Event | LookUp]:
    _demand_own_topic(payload)
    return [OrderShipped(payload.ref("order_id"), payload.time("at"))]


def _demand_own_topic(payload: Payload) -> None:
    if not payload.says("topic", payload.topic):
        payload.refuse("topic", "is another than the one it came with")


def _contact(payload: Payload) -> Contact:
    """A guest who has not agreed is nobody; a customer who is signed in is known by her number."""
    return Contact(
        email=payload.email_or_none("email"),
        customer_ref=payload.ref_or_none("customer_id"),
        first_name=payload.text_or_none("first_name"),
        locale=payload.text_or_none("locale"),
        country=payload.country_or_none("country"),
    )


def _way_back(payload: Payload) -> str | None:
    """A link in a mail leads into this very shop."""
    url = payload.link_or_none("url")
    return url if url and url.startswith(f"{home_url(payload.shop.domain)}/") else None


def _line(line: Payload, currency: str) -> Line:
    product_ref = line.ref_or_none("product_id")
    return Line(
        product_ref=product_ref,
        variant_ref=line.ref_or_none("variation_id") or product_ref,
        title=line.text_or_none("name") or "",
        quantity=line.whole("quantity"),
        price=line.money("price", currency),
        variant_title=line.text_or_none("variant"),
        sku=line.text_or_none("sku"),
        image_url=line.link_or_none("image"),
        url=line.link_or_none("url"),
    )
