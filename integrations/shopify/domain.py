"""What may be called a shop's domain: Shopify's own rule, matched from end to end."""

import re

PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
LONGEST = 100


def shop_domain(text: str) -> str | None:
    """The domain in lower case; None where it is none."""
    domain = text.lower() if text.isascii() and len(text) <= LONGEST else ""
    return domain if PATTERN.fullmatch(domain) else None
