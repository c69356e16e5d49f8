"""The way back to a WooCommerce cart, best way first."""

from collections.abc import Mapping

from core.events import Cart
from integrations.roles import ShopIdentity
from integrations.woocommerce.home import home_url

CHECKOUT_LINKS_SINCE = 10  # WooCommerce 10 fills a cart from the address.


def to_cart(cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
    """An unpaid order is paid at its own link, and what our plugin reported is
    brought back by its; a draft has none and is built anew where the store can,
    else the shopper is led to what she had chosen."""
    if cart.kind in ("unpaid", "checkout") and cart.url:
        return cart.url
    return _checkout_link(cart, shop, meta) or _page(cart, shop)


def _checkout_link(cart: Cart, shop: ShopIdentity, meta: Mapping[str, str]) -> str | None:
    major = meta.get("version", "").split(".", 1)[0]
    wanted = [
        f"{one.variant_ref}:{one.quantity}" for one in cart.lines if one.variant_ref and one.quantity > 0
    ]
    if not wanted or not major.isdecimal() or int(major) < CHECKOUT_LINKS_SINCE:
        return None
    return f"{home_url(shop.domain)}/checkout-link/?products={','.join(wanted)}"


def _page(cart: Cart, shop: ShopIdentity) -> str:
    return next((line.url for line in cart.lines if line.url), f"{home_url(shop.domain)}/")
