"""The catalogue of flows, in the order in which the merchant sees them."""

from flows.cart_recovery import CART_RECOVERY
from flows.flow import Flow

CATALOGUE: dict[str, Flow] = {flow.key: flow for flow in (CART_RECOVERY,)}
