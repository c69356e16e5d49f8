"""What WooCommerce can sell of a product or variation."""

from core.events import Stock
from integrations.payload import Payload

OVERSELLS = ("yes", "notify")


def stock(payload: Payload) -> Stock:
    status = payload.text_or_none("stock_status")
    if status == "onbackorder" or _oversells(payload):
        return Stock("always")
    if status == "outofstock":
        return Stock("none")
    return _counted(payload) if is_counted_here(payload) else Stock("unknown")


def _oversells(payload: Payload) -> bool:
    return is_counted_here(payload) and payload.text_or_none("backorders") in OVERSELLS


def _counted(payload: Payload) -> Stock:
    """The number may be negative, and null where nobody has counted yet."""
    units = payload.whole_or_none("stock_quantity")
    return Stock("unknown") if units is None else Stock("units", units) if units > 0 else Stock("none")


def is_counted_here(payload: Payload) -> bool:
    return not is_counted_with_parent(payload) and payload.flag("manage_stock")


def is_counted_with_parent(payload: Payload) -> bool:
    """`manage_stock` is yes, no, or the word "parent"."""
    return payload.says("manage_stock", "parent")
