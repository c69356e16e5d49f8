"""Who a WooCommerce body speaks of."""

from core.events import Contact, Event, LookUp, PersonChanged
from integrations.payload import Payload
from integrations.woocommerce.dates import utc

STAFF = ("administrator", "author", "contributor", "editor", "shop_manager")


def buyer(order: Payload) -> Contact:
    """Whose cart or order it is; a guest has no customer id, and an empty
    draft no address either."""
    billing = order.part("billing")
    return Contact(
        email=billing.email_or_none("email"),
        phone=billing.text_or_none("phone"),
        customer_ref=order.ref_or_none("customer_id"),
        first_name=billing.text_or_none("first_name"),
        country=billing.country_or_none("country"),
    )


def changed(payload: Payload) -> list[Event | LookUp]:
    """Every new account of the store arrives here; its staff are not our business."""
    ref = payload.ref("id")
    if payload.text_or_none("role") in STAFF:
        return []
    billing = payload.part("billing")
    contact = Contact(
        email=payload.email_or_none("email") or billing.email_or_none("email"),
        phone=billing.text_or_none("phone"),
        customer_ref=ref,
        first_name=payload.text_or_none("first_name") or billing.text_or_none("first_name"),
        country=billing.country_or_none("country"),
    )
    return [PersonChanged(contact, utc(payload, "date_modified_gmt", "date_created_gmt"))]
