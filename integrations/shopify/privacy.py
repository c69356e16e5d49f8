"""The end of an installation, and what people may demand of their data."""

from core.events import (
    AppUninstalled,
    Contact,
    DataRequested,
    ErasureRequested,
    Event,
    LookUp,
    ShopErasureRequested,
)
from integrations.payload import Payload


def uninstalled(payload: Payload) -> list[Event | LookUp]:
    return [AppUninstalled(payload.time_or_none("updated_at"))]


def shop_changed(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("installation", payload.shop.domain)]


def data_requested(payload: Payload) -> list[Event | LookUp]:
    payload.text("shop_domain")
    request_ref = payload.part("data_request").ref("id")
    return [DataRequested(_person(payload), payload.refs("orders_requested"), request_ref)]


def customer_redacted(payload: Payload) -> list[Event | LookUp]:
    payload.text("shop_domain")
    return [ErasureRequested(_person(payload), payload.refs("orders_to_redact"))]


def _person(payload: Payload) -> Contact:
    customer = payload.part("customer")
    return Contact(
        email=customer.email_or_none("email"),
        phone=customer.text_or_none("phone"),
        customer_ref=customer.ref_or_none("id"),
    )


def shop_redacted(payload: Payload) -> list[Event | LookUp]:
    payload.text("shop_domain")
    return [ShopErasureRequested()]
