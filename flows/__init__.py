"""The catalogue of flows, in the order in which the merchant sees them."""

from flows.back_in_stock import BACK_IN_STOCK
from flows.cart_recovery import CART_RECOVERY
from flows.flow import Flow

CATALOGUE: dict[str, Flow] = {flow.key: flow for flow in (CART_RECOVERY, BACK_IN_STOCK)}
