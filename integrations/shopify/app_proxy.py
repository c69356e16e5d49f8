"""Shopify's app proxy: a shop's own address below which requests are handed on to us."""

from collections.abc import Sequence
from datetime import datetime

from integrations.shopify.domain import shop_domain
from integrations.shopify.signed_query import signed_proxy


class AppProxy:
    key = "shopify"

    def shop(self, query: str, secrets: Sequence[str], now: datetime) -> str | None:
        """The body is not signed, and neither is who the shopper is: she may
        write what she likes in both, and gets no further than her own wish."""
        told = signed_proxy(query, secrets, now)
        return shop_domain(told["shop"]) if told else None


APP_PROXY = AppProxy()
