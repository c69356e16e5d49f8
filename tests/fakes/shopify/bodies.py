"""Webhook bodies, filled into the shapes of the recorded payloads.

What the memory does not know stays as it was recorded, or is null.
"""

import copy
from decimal import Decimal

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import recovery_link
from tests.fakes.shopify.people_bodies import of_customer
from tests.fakes.shopify.records import (
    Buying,
    Checkout,
    Line,
)
from tests.fakes.shopify.shapes import Body, milli, money, priced, shape_of, written


def cart(shop: Memory, checkout: Checkout) -> Body:
    body = shape_of("carts_update")
    shape = body["line_items"][0]
    lines = [_cart_line(shop, copy.deepcopy(shape), line) for line in checkout.lines]
    return body | {
        "id": checkout.cart_token,
        "token": checkout.cart_token,
        "line_items": lines,
        "created_at": milli(checkout.created_at),
        "updated_at": milli(checkout.updated_at),
    }


def _cart_line(shop: Memory, shape: Body, line: Line) -> Body:
    prices = dict.fromkeys(("price", "discounted_price", "original_price"), line.price)
    totals = dict.fromkeys(("line_price", "original_line_price"), line.total)
    priced(shop, shape, prices | totals | {"total_discount": Decimal(0)})
    return shape | of_line(line) | {"id": line.variant.number, "key": f"{line.variant.number}:{line.number}"}


def of_line(line: Line) -> Body:
    return {
        "product_id": line.product.number,
        "variant_id": line.variant.number,
        "quantity": line.quantity,
        "sku": line.sku,
        "title": line.title,
        "vendor": line.product.vendor,
    }


def checkout(shop: Memory, one: Checkout) -> Body:
    body = shape_of("checkouts_create")
    shape = body["line_items"][0]
    goods = sum((line.total for line in one.lines), Decimal(0))
    amounts = {"total_price": one.subtotal, "subtotal_price": one.subtotal, "total_line_items_price": goods}
    priced(shop, body, amounts | {"total_tax": Decimal(0), "total_discounts": one.discount})
    return (
        body
        | of_buyer(shop, one)
        | {
            "token": one.token,
            "cart_token": one.cart_token,
            "name": f"#{one.number}",
            "completed_at": written(shop, one.completed_at),
            "closed_at": written(shop, one.closed_at),
            "buyer_accepts_sms_marketing": one.accepts_sms,
            "sms_marketing_phone": one.phone if one.accepts_sms else None,
            "abandoned_checkout_url": recovery_link(shop, one),
            "discount_codes": codes_of(one),
            "tax_lines": [],
            "line_items": [_checkout_line(copy.deepcopy(shape), line) for line in one.lines],
        }
    )


def _checkout_line(shape: Body, line: Line) -> Body:
    price = money(line.price)
    return (
        shape
        | of_line(line)
        | {
            "key": str(line.number),
            "presentment_title": line.title,
            "presentment_variant_title": line.variant_title,
            "variant_title": line.variant_title,
            "variant_price": price,
            "price": price,
            "line_price": money(line.total),
            "tax_lines": [],
        }
    )


def codes_of(one: Buying) -> list[Body]:
    return [{"code": code, "amount": money(one.discount), "type": "percentage"} for code in one.codes]


def of_buyer(shop: Memory, one: Buying) -> Body:
    address = address_of(one)
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
        "customer": of_customer(shop, one.customer) if one.customer else None,
    }


def address_of(one: Buying) -> Body | None:
    if one.country is None:
        return None
    shape: Body = shape_of("orders_create")["billing_address"]
    empty = dict.fromkeys(shape)
    name = " ".join(part for part in (one.first_name, one.last_name) if part) or None
    named = {"first_name": one.first_name, "last_name": one.last_name, "name": name}
    return empty | named | {"country_code": one.country}
