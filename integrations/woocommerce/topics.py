"""Which reader understands which WooCommerce topic; every other topic says nothing to us."""

from collections.abc import Callable

from core.events import Event, LookUp
from integrations.payload import Payload
from integrations.woocommerce import hints, orders, people, products, reports

Reader = Callable[[Payload], list[Event | LookUp]]

READERS: dict[str, Reader] = {
    "action.woocommerce_updated_product_stock": products.stock_moved,
    "customer.created": people.changed,
    "customer.deleted": hints.read,
    "customer.updated": people.changed,
    "order.created": orders.changed,
    "order.deleted": hints.read,
    "order.restored": orders.changed,
    "order.updated": orders.changed,
    "product.created": products.changed,
    "product.deleted": hints.read,
    "product.restored": products.changed,
    "product.updated": products.changed,
}

# What our own plugin tells; the store itself is asked for no such webhook.
REPORTS: dict[str, Reader] = {
    "kontor.cart": reports.cart,
    "kontor.consent": reports.consent,
    "kontor.shipped": reports.shipped,
}
