"""What Shopify hears of parcels: sent off and delivered."""

from core.events import Event, LookUp, OrderDelivered, OrderShipped
from integrations.payload import Payload


def shipped(payload: Payload) -> list[Event | LookUp]:
    if payload.text_or_none("status") != "success":
        return []
    return [OrderShipped(payload.ref("order_id"), payload.time("created_at"))]


def carrier_reported(payload: Payload) -> list[Event | LookUp]:
    if payload.text_or_none("status") != "delivered":
        return []
    return [OrderDelivered(payload.ref("order_id"), payload.time("happened_at"))]
