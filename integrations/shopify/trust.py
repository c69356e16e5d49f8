"""Whether a body belongs to the shop it was delivered for.

Shopify signs the body alone; the headers that name shop and topic are not
signed. So a body that names its shop must name the one we stored it under,
and a body that names none proves nothing.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from integrations.payload import Payload

ABOUT_THE_SHOP = ("app/uninstalled", "shop/update")  # Their own id is the shop's.
LINKS = ("abandoned_checkout_url", "order_status_url")  # Their path begins with the shop's id.


def names_this_shop(payload: Payload) -> bool:
    """True where the body itself names this shop; Unreadable where it names
    another. A name we cannot compare, not knowing our own, proves nothing."""
    proven = False
    for key, named, ours in _names(payload):
        if named and ours:
            if named != ours:
                payload.refuse(key, "names another shop")
            proven = True
    return proven


def _names(payload: Payload) -> Iterator[tuple[str, str | None, str | None]]:
    shop = payload.shop
    for key in ("shop_domain", "myshopify_domain"):
        yield key, (payload.text_or_none(key) or "").lower(), shop.domain
    yield "shop_id", _number(payload.ref_or_none("shop_id")), shop.shop_id
    if payload.topic in ABOUT_THE_SHOP:
        yield "id", _number(payload.ref("id")), shop.shop_id
    for key in LINKS:
        yield key, _in_path(payload.text_or_none(key)), shop.shop_id


def _number(ref: str | None) -> str | None:
    """The bare number, also from the form gid://shopify/Shop/1."""
    return ref.rsplit("/", 1)[-1] if ref else None


def _in_path(link: str | None) -> str | None:
    """The leading number, which a shop of several languages may put second.
    A number further on is a checkout's token."""
    try:
        path = urlsplit(link or "").path
    except ValueError:
        return None
    found = re.match(r"/(?:[a-z]{2}(?:-[a-z]{2})?/)?([0-9]+)/", path, re.IGNORECASE)
    return found[1] if found else None
