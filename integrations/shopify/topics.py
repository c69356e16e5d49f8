"""Which reader understands which Shopify topic; every other topic says nothing to us."""

from collections.abc import Callable

from core.events import Event, LookUp, OrderCancelled, OrderPaid, OrderPlaced, OrderUpdated
from integrations.payload import Payload
from integrations.shopify import carts, orders, people, privacy, products, shipping

Reader = Callable[[Payload], list[Event | LookUp]]

READERS: dict[str, Reader] = {
    "app/uninstalled": privacy.uninstalled,
    "carts/create": carts.lines_changed,
    "carts/update": carts.lines_changed,
    "checkouts/create": carts.checkout,
    "checkouts/delete": carts.deleted,
    "checkouts/update": carts.checkout,
    "customers/create": people.changed,
    "customers/data_request": privacy.data_requested,
    "customers/delete": people.deleted,
    "customers/redact": privacy.customer_redacted,
    "customers/update": people.changed,
    "customers_email_marketing_consent/update": people.email_consent,
    "customers_marketing_consent/update": people.sms_consent,
    "fulfillment_events/create": shipping.carrier_reported,
    "fulfillments/create": shipping.shipped,
    "fulfillments/update": shipping.shipped,
    "inventory_items/update": products.item_hint,
    "inventory_levels/connect": products.level_hint,
    "inventory_levels/disconnect": products.level_hint,
    "inventory_levels/update": products.level_hint,
    "orders/cancelled": orders.reader(OrderCancelled),
    "orders/create": orders.reader(OrderPlaced),
    "orders/delete": orders.deleted,
    "orders/edited": orders.edited,
    "orders/fulfilled": orders.reader(OrderUpdated),
    "orders/paid": orders.reader(OrderPaid),
    "orders/partially_fulfilled": orders.reader(OrderUpdated),
    "orders/updated": orders.reader(OrderUpdated),
    "products/create": products.changed,
    "products/delete": products.deleted,
    "products/update": products.changed,
    "refunds/create": orders.refunded,
    "shop/redact": privacy.shop_redacted,
    "shop/update": privacy.shop_changed,
    "variants/in_stock": products.in_stock,
    "variants/out_of_stock": products.out_of_stock,
}
