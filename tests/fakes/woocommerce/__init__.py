"""A WooCommerce shop that behaves as measured, quirks and all; see SOURCES.md."""

from tests.fakes.woocommerce.store import OWNER, Store, woocommerce_store

__all__ = ["OWNER", "Store", "woocommerce_store"]
