"""An order and its parts as the REST API and the webhooks show them."""

from decimal import Decimal
from typing import Any

from tests.fakes.woocommerce.records import Line, Order, UsedCode
from tests.fakes.woocommerce.site import ShopClock, Site

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
BILLING = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
)
SHIPPING = [name for name in BILLING if name != "email"]
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
EDITABLE = ("pending", "on-hold", "auto-draft")
PAYABLE = ("pending", "failed", "checkout-draft")
HASHES = {
    "_shipping_hash": "eff76f8819350223853c8994c3f9e8a6",
    "_coupons_hash": "d751713988987e9331980363e24189ce",
    "_fees_hash": "d751713988987e9331980363e24189ce",
    "_taxes_hash": "d751713988987e9331980363e24189ce",
    "is_vat_exempt": "no",
}


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def number(amount: Decimal) -> int | float:
    """PHP writes a whole float without its fraction."""
    return int(amount) if amount == int(amount) else float(amount)


def links(site: Site, collection: str, id: int) -> dict[str, Any]:
    own = {"href": site.rest(f"{collection}/{id}"), "targetHints": {"allow": METHODS}}
    return {"self": [own], "collection": [{"href": site.rest(collection)}]}


def order_body(order: Order, site: Site, clock: ShopClock) -> dict[str, Any]:
    return {
        **_head(order, site, clock),
        **_amounts(order),
        "customer_id": order.customer_id,
        "order_key": order.key,
        "billing": {name: order.billing.get(name, "") for name in BILLING},
        "shipping": {name: order.shipping.get(name, "") for name in SHIPPING},
        **_payment(order),
        **_origin(order),
        "customer_note": "",
        "date_completed": clock.local(order.completed),
        "date_paid": clock.local(order.paid),
        "cart_hash": _cart_hash(order),
        "number": str(order.id),
        "meta_data": _meta(order),
        "line_items": [_line(line) for line in order.lines],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [_code(used) for used in order.codes],
        "refunds": [
            {"id": one.id, "reason": one.reason, "total": money(-one.amount)} for one in order.refunds
        ],
        **_tail(order, site, clock),
    }


def _head(order: Order, site: Site, clock: ShopClock) -> dict[str, Any]:
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": site.currency,
        "version": site.woocommerce,
        "prices_include_tax": False,
        "date_created": clock.local(order.created),
        "date_modified": clock.local(order.modified),
    }


def _amounts(order: Order) -> dict[str, Any]:
    nothing = dict.fromkeys(("discount_tax", "shipping_total", "shipping_tax", "cart_tax"), "0.00")
    discount = {"discount_total": money(order.discount)}
    return {**discount, **nothing, "total": money(order.total), "total_tax": "0.00"}


def _payment(order: Order) -> dict[str, Any]:
    return {
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_title,
        "transaction_id": "",
    }


def _origin(order: Order) -> dict[str, Any]:
    """Who called is kept of shoppers, not of programs."""
    shopper = order.created_via == "store-api"
    return {
        "customer_ip_address": "127.0.0.1" if shopper else "",
        "customer_user_agent": "Mozilla/5.0" if shopper else "",
        "created_via": order.created_via,
    }


def _cart_hash(order: Order) -> str:
    return "55f09b9c1e93a3cac2cb3c7227b6b774" if order.created_via == "store-api" else ""


def _meta(order: Order) -> list[dict[str, Any]]:
    told = (HASHES if order.created_via == "store-api" else {}) | order.noted
    return [{"id": order.id * 100 + at, "key": key, "value": told[key]} for at, key in enumerate(told)]


def _line(line: Line) -> dict[str, Any]:
    reduced = str(line.reduced)
    meta = {"id": line.reduced_meta, "key": "_reduced_stock", "value": reduced}
    shown = {"display_key": "_reduced_stock", "display_value": reduced}
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": money(line.subtotal),
        "subtotal_tax": "0.00",
        "total": money(line.subtotal - line.discount),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [{**meta, **shown}] if line.reduced else [],
        "sku": line.sku,
        "price": number((line.subtotal - line.discount) / line.quantity) if line.quantity else 0,
        "image": {"id": line.product_id if line.image else "", "src": line.image},
        "parent_name": line.parent_name,
    }


def _code(used: UsedCode) -> dict[str, Any]:
    return {
        "id": used.id,
        "code": used.code,
        "discount": money(used.discount),
        "discount_tax": "0.00",
        "meta_data": [],
        "discount_type": used.coupon["discount_type"],
        "nominal_amount": number(Decimal(str(used.coupon["amount"]))),
        "free_shipping": used.coupon["free_shipping"],
    }


def _tail(order: Order, site: Site, clock: ShopClock) -> dict[str, Any]:
    pay = f"{site.home}/checkout/order-pay/{order.id}/?pay_for_order=true&key={order.key}"
    templates = site.rest(f"orders/{order.id}/actions/email_templates")
    return {
        "payment_url": pay,
        "is_editable": order.status in EDITABLE,
        "needs_payment": order.status in PAYABLE and order.total > 0,
        "needs_processing": True,
        "date_created_gmt": clock.gmt(order.created),
        "date_modified_gmt": clock.gmt(order.modified),
        "date_completed_gmt": clock.gmt(order.completed),
        "date_paid_gmt": clock.gmt(order.paid),
        "currency_symbol": SYMBOLS.get(site.currency, site.currency),
        "_links": {
            **links(site, "orders", order.id),
            "email_templates": [{"embeddable": True, "href": templates}],
        },
    }
