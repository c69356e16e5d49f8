"""The outside world: one folder per vendor. Only this registry names them."""

from integrations.roles import Shop
from integrations.shopify.shop import SHOPIFY
from integrations.woocommerce.shop import WOOCOMMERCE

SHOPS: dict[str, Shop] = {SHOPIFY.key: SHOPIFY, WOOCOMMERCE.key: WOOCOMMERCE}
