"""Shopify's app proxy: a shop's own address below which requests are handed on to us."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from core.config import Config
from integrations.shopify.domain import shop_domain
from integrations.shopify.signed_query import signed_proxy

# The block is named after its file in extensions/kontor-back-in-stock/blocks.
BLOCK = "back_in_stock"


class AppProxy:
    key = "shopify"

    def shop(self, query: str, secrets: Sequence[str], now: datetime) -> str | None:
        """The body is not signed, and neither is who the shopper is: she may
        write what she likes in both, and gets no further than her own wish."""
        told = signed_proxy(query, secrets, now)
        return shop_domain(told["shop"]) if told else None

    def editor(self, shop: str, config: Config) -> str | None:
        """The theme's editor, with our block put on the product page and not yet saved, as said under
        https://shopify.dev/docs/apps/build/online-store/theme-app-extensions/configuration ."""
        if not config.shopify_client_id:
            return None
        block = f"{config.shopify_client_id}/{BLOCK}"
        told = urlencode({"template": "product", "addAppBlockId": block, "target": "mainSection"})
        return f"https://{shop}/admin/themes/current/editor?{told}"


APP_PROXY = AppProxy()
