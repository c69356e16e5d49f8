"""What WooCommerce can sell of a product or variation."""

from core.events import Stock
from integrations.payload import Payload

OVERSELLS = ("yes", "notify")


def stock(payload: Payload) -> Stock:
    return _sellable(payload, is_counted_here(payload))


def own_or_shared_stock(payload: Payload) -> Stock:
    """For what is asked about itself: a variation that shares its product's
    stock tells that number, which is each one's and never to be added up."""
    return _sellable(payload, is_counted_with_parent(payload) or is_counted_here(payload))


def _sellable(payload: Payload, counted: bool) -> Stock:
    status = payload.text_or_none("stock_status")
    if status == "onbackorder" or (counted and payload.text_or_none("backorders") in OVERSELLS):
        return Stock("always")
    if status == "outofstock":
        return Stock("none")
    return _counted(payload) if counted else Stock("unknown")


def _counted(payload: Payload) -> Stock:
    """The number may be negative, and null where nobody has counted yet."""
    units = payload.whole_or_none("stock_quantity")
    return Stock("unknown") if units is None else Stock("units", units) if units > 0 else Stock("none")


def is_counted_here(payload: Payload) -> bool:
    return not is_counted_with_parent(payload) and payload.flag("manage_stock")


def is_counted_with_parent(payload: Payload) -> bool:
    """`manage_stock` is yes, no, or the word "parent"."""
    return payload.says("manage_stock", "parent")
