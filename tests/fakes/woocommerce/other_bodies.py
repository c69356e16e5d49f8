"""Products, customers, coupons and webhooks as the REST API shows them."""

import hashlib
import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from tests.fakes.woocommerce.bodies import links
from tests.fakes.woocommerce.records import Coupon, Memory, Product, User, Webhook
from tests.fakes.woocommerce.site import ShopClock, Site

PAYLOADS = Path(__file__).parents[2] / "payloads" / "woocommerce"
# A customer's address has its parts in another order than an order's.
ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "email",
    "phone",
)
HOOKS = {
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
}


@cache
def _captured(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.loads((PAYLOADS / f"{name}.json").read_text())["request"]["body"])
    return body


def product_body(product: Product, memory: Memory, site: Site, clock: ShopClock) -> dict[str, Any]:
    """Keys and their order are those of a captured body; what we keep is written over it."""
    is_variation = product.type == "variation"
    name = "product.updated__variation_stock" if is_variation else "product.updated__stock_fell_by_order"
    ours = {
        **_shown(product, memory, site),
        **clock.dates("date_created", product.created),
        **clock.dates("date_modified", product.modified),
        **_stock(product, memory),
    }
    body = {**_captured(name), **ours, "related_ids": [] if is_variation else _others(product, memory)}
    body["_links"] = links(site, "products", product.id)
    if is_variation:
        body["attributes"] = [{"id": 0, "name": "Size", "slug": "size", "option": product.option}]
        body["_links"]["up"] = [{"href": site.rest(f"products/{product.parent_id}")}]
    return body


def _shown(product: Product, memory: Memory, site: Site) -> dict[str, Any]:
    slug = "-".join(product.name.lower().replace(" - ", " ").split())
    return {
        "id": product.id,
        "name": product.name,
        "slug": slug,
        "permalink": permalink(product, memory, site),
        "type": product.type,
        "status": product.status,
        "sku": product.sku,
        "price": product.price,
        "regular_price": product.price,
        "purchasable": bool(product.price) and product.status == "publish",
        "total_sales": str(product.total_sales) if product.type == "variation" else product.total_sales,
        "parent_id": product.parent_id,
        "images": [{"id": product.id, "src": product.image}] if product.image else [],
        "variations": [one.id for one in memory.variations(product.id)],
        "has_options": product.type == "variable",
    }


def _others(product: Product, memory: Memory) -> list[int]:
    """All are of one category, so all are related; five are shown."""
    others = (one.id for one in memory.products.values() if one.type != "variation" and one is not product)
    return list(islice(others, 5))


def permalink(product: Product, memory: Memory, site: Site) -> str:
    parent = memory.products.get(product.parent_id)
    slug = "-".join((parent or product).name.lower().split())
    chosen = f"?attribute_size={product.option}" if parent else ""
    return f"{site.home}/product/{slug}/{chosen}"


def _stock(product: Product, memory: Memory) -> dict[str, Any]:
    """A variation counted with its product shows the product's number."""
    counted = memory.products[product.parent_id] if product.manage_stock == "parent" else product
    left = counted.stock_quantity if counted.manage_stock else None
    overdrawn = bool(counted.manage_stock) and (left or 0) <= 0
    beyond = counted.backorders != "no"
    sold_out = "onbackorder" if beyond else "outofstock"
    unmanaged = product.unmanaged_status
    return {
        "manage_stock": product.manage_stock,
        "stock_quantity": left,
        "backorders": counted.backorders,
        "backorders_allowed": beyond,
        "backordered": beyond and overdrawn and (left or 0) < 0,
        "low_stock_amount": product.low_stock_amount,
        "stock_status": (sold_out if overdrawn else "instock") if counted.manage_stock else unmanaged,
    }


def customer_body(user: User, site: Site, clock: ShopClock) -> dict[str, Any]:
    face = hashlib.sha256(user.email.encode()).hexdigest()
    return {
        "id": user.id,
        **clock.dates("date_created", user.created),
        **clock.dates("date_modified", user.modified),
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
        "username": user.login,
        "billing": {name: user.billing.get(name, "") for name in ADDRESS},
        "shipping": {name: "" for name in ADDRESS if name != "email"},
        "is_paying_customer": False,
        "avatar_url": f"https://secure.gravatar.com/avatar/{face}?s=96&d=mm&r=g",
        "meta_data": [],
        "_links": links(site, "customers", user.id),
    }


def coupon_body(coupon: Coupon, site: Site, clock: ShopClock) -> dict[str, Any]:
    given = coupon.fields
    return {
        "id": coupon.id,
        "code": coupon.code,
        "amount": given["amount"],
        "status": coupon.status,
        **clock.dates("date_created", coupon.created),
        **clock.dates("date_modified", coupon.modified),
        "discount_type": given["discount_type"],
        "description": given["description"],
        **clock.dates("date_expires", coupon.expires),
        "usage_count": coupon.usage_count,
        "individual_use": given["individual_use"],
        "product_ids": given["product_ids"],
        "excluded_product_ids": given["excluded_product_ids"],
        "usage_limit": given["usage_limit"] or None,
        "usage_limit_per_user": given["usage_limit_per_user"] or None,
        "limit_usage_to_x_items": given["limit_usage_to_x_items"] or None,
        "free_shipping": given["free_shipping"],
        "product_categories": given["product_categories"],
        "excluded_product_categories": given["excluded_product_categories"],
        "exclude_sale_items": given["exclude_sale_items"],
        "minimum_amount": given["minimum_amount"],
        "maximum_amount": given["maximum_amount"],
        "email_restrictions": given["email_restrictions"],
        "used_by": coupon.used_by,
        "meta_data": [],
        "_links": links(site, "coupons", coupon.id),
    }


def webhook_body(webhook: Webhook, site: Site, clock: ShopClock) -> dict[str, Any]:
    """The secret is never told, nor how often a delivery failed."""
    resource, _, event = webhook.topic.partition(".")
    hooks = [event] if resource == "action" else HOOKS.get(webhook.topic, [])
    return {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": resource,
        "event": event,
        "hooks": hooks,
        "delivery_url": webhook.delivery_url,
        **clock.dates("date_created", webhook.created),
        **clock.dates("date_modified", webhook.modified),
        "_links": links(site, "webhooks", webhook.id),
    }
