"""The outside world: one folder per vendor. Only this registry names them."""

from collections.abc import Callable

from core.runtime import Runtime
from integrations.roles import LiveShop, Shop
from integrations.sandbox.live import SandboxLive
from integrations.sandbox.shop import SANDBOX
from integrations.shopify.shop import SHOPIFY
from integrations.woocommerce.shop import WOOCOMMERCE

SHOPS: dict[str, Shop] = {shop.key: shop for shop in (SHOPIFY, WOOCOMMERCE, SANDBOX)}
LIVE: dict[str, Callable[[Runtime], LiveShop]] = {SANDBOX.key: SandboxLive}
