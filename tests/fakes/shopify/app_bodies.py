"""Webhook bodies about the shop itself, the app, and what people may demand of their data."""

from collections.abc import Iterable

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid
from tests.fakes.shopify.records import (
    Customer,
    Order,
)
from tests.fakes.shopify.shapes import Body, milli, shape_of, written


def itself(shop: Memory, name: str = "app_uninstalled") -> Body:
    profile = shop.profile
    return shape_of(name) | {
        "id": profile.number,
        "name": profile.name,
        "email": profile.email,
        "customer_email": profile.email,
        "domain": profile.domain,
        "myshopify_domain": profile.domain,
        "currency": profile.currency,
        "country": profile.country,
        "country_code": profile.country,
        "iana_timezone": profile.timezone,
        "primary_locale": profile.locale,
        "updated_at": written(shop, shop.moment()),
    }


def scopes_change(shop: Memory, previous: list[str], current: list[str]) -> Body:
    return shape_of("app_scopes_update") | {
        "id": shop.number(),
        "shop_id": gid("Shop", shop.profile.number),
        "previous": previous,
        "current": current,
        "updated_at": milli(shop.moment()),
    }


def compliance(shop: Memory, name: str, one: Customer | None, orders: Iterable[Order]) -> Body:
    body = shape_of(name) | {"shop_id": shop.profile.number, "shop_domain": shop.profile.domain}
    if one is not None:
        body["customer"] = {"id": one.number, "email": one.email, "phone": one.phone}
    for key in ("orders_requested", "orders_to_redact"):
        if key in body:
            body[key] = [order.number for order in orders]
    if "data_request" in body:
        body["data_request"] = {"id": shop.number()}
    return body
