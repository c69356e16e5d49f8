"""Webhook bodies, filled into the shapes of the recorded payloads.

What the memory does not know stays as it was recorded, or is null.
"""

import copy
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid, recovery_link, status_link
from tests.fakes.shopify.records import (
    Buying,
    Checkout,
    Customer,
    Fulfillment,
    Line,
    Order,
    Product,
    Refund,
    Variant,
)

Body = dict[str, Any]
RECORDED = Path(__file__).parents[2] / "payloads" / "shopify"
MONEY_SET = ("shop_money", "presentment_money")


@cache
def _recorded(name: str) -> Body:
    loaded: Body = json.loads((RECORDED / f"{name}.json").read_bytes())
    return loaded


def _shape(name: str) -> Body:
    return copy.deepcopy(_recorded(name))


def written(shop: Memory, moment: datetime | None) -> str | None:
    """Webhooks write times in the shop's zone, with its offset."""
    if moment is None:
        return None
    return moment.astimezone(ZoneInfo(shop.profile.timezone)).isoformat(timespec="seconds")


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _set(shop: Memory, amount: Decimal) -> Body:
    money = {"amount": _money(amount), "currency_code": shop.profile.currency}
    return {key: dict(money) for key in MONEY_SET}


def _priced(shop: Memory, body: Body, amounts: dict[str, Decimal]) -> None:
    """Writes an amount under its key and, where the shape has one, into its set."""
    for key, amount in amounts.items():
        if key in body:
            body[key] = _money(amount)
        if f"{key}_set" in body:
            body[f"{key}_set"] = _set(shop, amount)


def withheld(shop: Memory, body: Body) -> Body:
    """Without approval the personal fields of a webhook are null."""
    if not shop.withheld:
        return body
    hidden = {key for kind in shop.withheld for key in PERSONAL.get(kind, ())}
    return {key: _hide(value, hidden) if key not in hidden else None for key, value in body.items()}


PERSONAL = {
    "customer": ("customer",),
    "email": ("email", "contact_email", "email_address"),
    "phone": ("phone", "sms_marketing_phone"),
    "name": ("first_name", "last_name"),
    "address": ("billing_address", "shipping_address", "default_address", "destination"),
}


def _hide(value: Any, hidden: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: None if key in hidden else _hide(one, hidden) for key, one in value.items()}
    return [_hide(one, hidden) for one in value] if isinstance(value, list) else value


def cart(shop: Memory, checkout: Checkout) -> Body:
    body = _shape("carts_update")
    shape = body["line_items"][0]
    lines = [_cart_line(shop, copy.deepcopy(shape), line) for line in checkout.lines]
    return body | {
        "id": checkout.cart_token,
        "token": checkout.cart_token,
        "line_items": lines,
        "created_at": _milli(checkout.created_at),
        "updated_at": _milli(checkout.updated_at),
    }


def _milli(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _cart_line(shop: Memory, shape: Body, line: Line) -> Body:
    prices = dict.fromkeys(("price", "discounted_price", "original_price"), line.price)
    totals = dict.fromkeys(("line_price", "original_line_price"), line.total)
    _priced(shop, shape, prices | totals | {"total_discount": Decimal(0)})
    return shape | _of_line(line) | {"id": line.variant.number, "key": f"{line.variant.number}:{line.number}"}


def _of_line(line: Line) -> Body:
    return {
        "product_id": line.product.number,
        "variant_id": line.variant.number,
        "quantity": line.quantity,
        "sku": line.sku,
        "title": line.title,
        "vendor": line.product.vendor,
    }


def checkout(shop: Memory, one: Checkout) -> Body:
    body = _shape("checkouts_create")
    shape = body["line_items"][0]
    goods = sum((line.total for line in one.lines), Decimal(0))
    amounts = {"total_price": one.subtotal, "subtotal_price": one.subtotal, "total_line_items_price": goods}
    _priced(shop, body, amounts | {"total_tax": Decimal(0), "total_discounts": one.discount})
    return (
        body
        | _of_buyer(shop, one)
        | {
            "token": one.token,
            "cart_token": one.cart_token,
            "name": f"#{one.number}",
            "completed_at": written(shop, one.completed_at),
            "closed_at": written(shop, one.closed_at),
            "buyer_accepts_sms_marketing": one.accepts_sms,
            "sms_marketing_phone": one.phone if one.accepts_sms else None,
            "abandoned_checkout_url": recovery_link(shop, one),
            "discount_codes": _codes(one),
            "tax_lines": [],
            "line_items": [_checkout_line(copy.deepcopy(shape), line) for line in one.lines],
        }
    )


def _checkout_line(shape: Body, line: Line) -> Body:
    price = _money(line.price)
    return (
        shape
        | _of_line(line)
        | {
            "key": str(line.number),
            "presentment_title": line.title,
            "presentment_variant_title": line.variant_title,
            "variant_title": line.variant_title,
            "variant_price": price,
            "price": price,
            "line_price": _money(line.total),
            "tax_lines": [],
        }
    )


def _codes(one: Buying) -> list[Body]:
    return [{"code": code, "amount": _money(one.discount), "type": "percentage"} for code in one.codes]


def _of_buyer(shop: Memory, one: Buying) -> Body:
    address = _address(one)
    return {
        "email": one.email,
        "phone": one.phone,
        "currency": shop.profile.currency,
        "presentment_currency": shop.profile.currency,
        "customer_locale": one.locale,
        "taxes_included": shop.profile.taxes_included,
        "buyer_accepts_marketing": one.accepts_marketing,
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
        "billing_address": address,
        "shipping_address": address,
        "customer": _of_customer(shop, one.customer) if one.customer else None,
    }


def _address(one: Buying) -> Body | None:
    if one.country is None:
        return None
    shape: Body = _shape("orders_create")["billing_address"]
    empty = dict.fromkeys(shape)
    name = " ".join(part for part in (one.first_name, one.last_name) if part) or None
    named = {"first_name": one.first_name, "last_name": one.last_name, "name": name}
    return empty | named | {"country_code": one.country}


def _of_customer(shop: Memory, one: Customer) -> Body:
    shape: Body = _shape("orders_create")["customer"]
    return shape | _names(shop, one) | {"default_address": _home(shape["default_address"], one)}


def _names(shop: Memory, one: Customer) -> Body:
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("Customer", one.number),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "email": one.email,
        "phone": one.phone,
        "currency": shop.profile.currency,
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
    }


def _home(shape: Body, one: Customer) -> Body | None:
    if one.country is None:
        return None
    named = {"id": one.number, "customer_id": one.number, "country_code": one.country, "default": True}
    return dict.fromkeys(shape) | named | {"first_name": one.first_name, "last_name": one.last_name}


def customer(shop: Memory, one: Customer) -> Body:
    """No word on consent: that has topics of its own."""
    body = _shape("customers_create")
    home = _home(body["default_address"], one)
    return body | _names(shop, one) | {"note": None, "addresses": [], "default_address": home}


def email_consent(shop: Memory, one: Customer) -> Body:
    return _shape("customers_email_marketing_consent_update") | {
        "customer_id": one.number,
        "email_address": one.email,
        "email_marketing_consent": {
            "state": one.email_state.lower(),
            "opt_in_level": one.email_level.lower() if one.email_level else None,
            "consent_updated_at": written(shop, one.email_changed_at),
        },
    }


def order(shop: Memory, one: Order) -> Body:
    body = _shape("orders_create")
    line_shape = body["line_items"][0]
    _priced(shop, body, _amounts(one))
    return (
        body
        | _of_buyer(shop, one)
        | {
            "id": one.number,
            "admin_graphql_api_id": gid("Order", one.number),
            "name": one.name,
            "number": int(one.name.lstrip("#")) - 1000,
            "order_number": int(one.name.lstrip("#")),
            "token": one.key,
            "order_status_url": status_link(shop, one),
            "checkout_token": one.checkout_token,
            "cart_token": one.cart_token,
            "contact_email": one.email,
            "confirmed": True,
            "test": one.test,
            "tags": ", ".join(one.tags),
            "processed_at": written(shop, one.processed_at),
            "cancelled_at": written(shop, one.cancelled_at),
            "cancel_reason": one.cancel_reason.lower() if one.cancel_reason else None,
            "closed_at": written(shop, one.closed_at),
            "financial_status": one.financial.lower(),
            "fulfillment_status": "fulfilled" if one.fulfillment == "FULFILLED" else None,
            "discount_codes": _codes(one),
            "discount_applications": [],
            "shipping_lines": [],
            "fulfillments": [],
            "refunds": [refund(shop, one, made) for made in one.refunds],
            "line_items": [_order_line(shop, copy.deepcopy(line_shape), line) for line in one.lines],
        }
    )


def _amounts(one: Order) -> dict[str, Decimal]:
    goods = sum((line.total for line in one.lines), Decimal(0))
    totals = dict.fromkeys(("total_price", "current_total_price"), one.total)
    subtotals = dict.fromkeys(("subtotal_price", "current_subtotal_price"), one.subtotal)
    discounts = dict.fromkeys(("total_discounts", "current_total_discounts"), one.discount)
    shipping = dict.fromkeys(("total_shipping_price", "current_shipping_price"), one.shipping)
    paid = one.financial != "PENDING"
    rest = {"total_line_items_price": goods, "total_outstanding": Decimal(0) if paid else one.total}
    return totals | subtotals | discounts | shipping | rest


def _order_line(shop: Memory, shape: Body, line: Line) -> Body:
    _priced(shop, shape, {"price": line.price, "total_discount": Decimal(0)})
    name = f"{line.title} - {line.variant_title}"
    own = {"id": line.number, "admin_graphql_api_id": gid("LineItem", line.number), "name": name}
    counted = {"current_quantity": line.quantity, "fulfillable_quantity": line.quantity}
    return (
        shape
        | _of_line(line)
        | own
        | counted
        | {"variant_title": line.variant_title, "attributed_staffs": []}
    )


def refund(shop: Memory, one: Order, made: Refund) -> Body:
    body = _shape("refunds_create")
    transaction = body["transactions"][0] | {
        "id": made.number,
        "order_id": one.number,
        "kind": "refund",
        "status": "success",
        "amount": _money(made.amount),
        "currency": shop.profile.currency,
        "created_at": written(shop, made.created_at),
        "processed_at": written(shop, made.created_at),
        "test": one.test,
    }
    return body | {
        "id": made.number,
        "admin_graphql_api_id": gid("Refund", made.number),
        "order_id": one.number,
        "created_at": written(shop, made.created_at),
        "processed_at": written(shop, made.created_at),
        "note": None,
        "refund_line_items": [],
        "transactions": [transaction],
    }


def fulfillment(shop: Memory, one: Order, made: Fulfillment) -> Body:
    body = _shape("fulfillments_create")
    shape = body["line_items"][0]
    return body | {
        "id": made.number,
        "admin_graphql_api_id": gid("Fulfillment", made.number),
        "order_id": one.number,
        "status": made.status.lower(),
        "created_at": written(shop, made.created_at),
        "updated_at": written(shop, made.updated_at),
        "email": one.email,
        "name": f"{one.name}.1",
        "destination": _address(one),
        "line_items": [_order_line(shop, copy.deepcopy(shape), line) for line in one.lines],
    }


def fulfillment_event(shop: Memory, one: Order, made: Fulfillment) -> Body:
    number, status, at = made.events[-1]
    return _shape("fulfillment_events_create") | {
        "id": number,
        "admin_graphql_api_id": gid("FulfillmentEvent", number),
        "fulfillment_id": made.number,
        "order_id": one.number,
        "shop_id": shop.profile.number,
        "status": status.lower(),
        "message": None,
        "happened_at": written(shop, at),
        "created_at": written(shop, at),
        "updated_at": written(shop, at),
    }


def product(shop: Memory, one: Product) -> Body:
    variants = one.variants[:100]
    image = {"id": one.number, "product_id": one.number, "src": one.image_url} if one.image_url else None
    return _shape("products_update") | {
        "id": one.number,
        "admin_graphql_api_id": gid("Product", one.number),
        "title": one.title,
        "handle": one.handle,
        "product_type": one.kind,
        "vendor": one.vendor,
        "status": one.status.lower(),
        "tags": ", ".join(one.tags),
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
        "published_at": written(shop, one.published_at),
        "image": image,
        "images": [image] if image else [],
        "variants": [_product_variant(shop, variant) for variant in variants],
        "variant_gids": list(_gids(one.variants)),
    }


def _gids(variants: Iterable[Variant]) -> Iterable[Body]:
    for one in variants:
        named = gid("ProductVariant", one.number)
        yield {"admin_graphql_api_id": named, "updated_at": _milli(one.updated_at)}


def _product_variant(shop: Memory, one: Variant) -> Body:
    shape: Body = _shape("products_update")["variants"][0]
    return shape | _of_variant(shop, one) | {"inventory_item_id": one.item}


def _of_variant(shop: Memory, one: Variant, before: int | None = None) -> Body:
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("ProductVariant", one.number),
        "product_id": one.product.number,
        "title": one.title,
        "option1": one.title,
        "price": _money(one.price),
        "compare_at_price": None,
        "sku": one.sku,
        "position": one.position,
        "inventory_policy": "continue" if one.oversell else "deny",
        "inventory_quantity": one.available,
        "old_inventory_quantity": one.available if before is None else before,
        "created_at": written(shop, one.created_at),
        "updated_at": written(shop, one.updated_at),
    }


def variant(shop: Memory, one: Variant, before: int) -> Body:
    return _shape("variants_in_stock") | _of_variant(shop, one, before)


def level(shop: Memory, one: Variant, location: int) -> Body:
    """One location, and no word on the variant."""
    return _shape("inventory_levels_update") | {
        "inventory_item_id": one.item,
        "location_id": location,
        "available": one.levels[location],
        "updated_at": written(shop, one.levels_changed[location]),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={one.item}",
    }


def itself(shop: Memory, name: str = "app_uninstalled") -> Body:
    profile = shop.profile
    return _shape(name) | {
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
    return _shape("app_scopes_update") | {
        "id": shop.number(),
        "shop_id": gid("Shop", shop.profile.number),
        "previous": previous,
        "current": current,
        "updated_at": _milli(shop.moment()),
    }


def compliance(shop: Memory, name: str, one: Customer | None, orders: Iterable[Order]) -> Body:
    body = _shape(name) | {"shop_id": shop.profile.number, "shop_domain": shop.profile.domain}
    if one is not None:
        body["customer"] = {"id": one.number, "email": one.email, "phone": one.phone}
    for key in ("orders_requested", "orders_to_redact"):
        if key in body:
            body[key] = [order.number for order in orders]
    if "data_request" in body:
        body["data_request"] = {"id": shop.number()}
    return body
