"""A Shopify of our own, as strict as the documented one; SOURCES.md says where each behaviour is from."""

from tests.fakes.shopify.actions import Shop
from tests.fakes.shopify.fake import FakeShopify
from tests.fakes.shopify.schema import admin_schema

__all__ = ["FakeShopify", "Shop", "admin_schema"]
