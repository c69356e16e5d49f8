"""What the shop remembers, in the words of the schema.

A value that can be called is asked with the field's arguments. A field the
memory does not know is absent: it answers null, or the schema's non-null makes
an error of it that a test sees.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.pages import Node, page, simple
from tests.fakes.shopify.records import (
    Buying,
    Checkout,
    Customer,
    Fulfillment,
    Line,
    Location,
    Order,
    Product,
    Record,
    Refund,
    Subscription,
    Variant,
)

PERSONAL_LINK = "https://{domain}/{number}/orders/{key}/authenticate?key={key}"


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def when(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def plain(amount: Decimal) -> str:
    """MoneyV2 writes 398.0 for 398.00."""
    text = f"{amount:.2f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def bag(shop: Memory, amount: Decimal) -> Node:
    money = {"amount": plain(amount), "currencyCode": shop.profile.currency}
    return {"shopMoney": money, "presentmentMoney": money}


def base(kind: str, record: Record) -> Node:
    return {
        "__typename": kind,
        "id": gid(kind, record.number),
        "legacyResourceId": str(record.number),
        "createdAt": when(record.created_at),
        "updatedAt": when(record.updated_at),
    }


def shop_node(shop: Memory) -> Node:
    profile = shop.profile
    domain = {"__typename": "Domain", "host": profile.domain, "url": f"https://{profile.domain}"}
    return {
        "__typename": "Shop",
        "id": gid("Shop", profile.number),
        "name": profile.name,
        "myshopifyDomain": profile.domain,
        "email": profile.email,
        "contactEmail": profile.email,
        "currencyCode": profile.currency,
        "ianaTimezone": profile.timezone,
        "url": f"https://{profile.domain}",
        "taxesIncluded": profile.taxes_included,
        "primaryDomain": domain | {"id": gid("Domain", profile.number), "sslEnabled": True},
        "plan": {"publicDisplayName": profile.plan, "shopifyPlus": False, "partnerDevelopment": False},
        "shopAddress": {"id": gid("ShopAddress", profile.number), "countryCodeV2": profile.country},
        "billingAddress": {"id": gid("ShopAddress", profile.number), "countryCodeV2": profile.country},
    }


def location_node(shop: Memory, location: Location) -> Node:
    return base("Location", location) | {
        "name": location.name,
        "isActive": location.active,
        "fulfillsOnlineOrders": location.active,
        "shipsInventory": location.active,
    }


def product_node(shop: Memory, product: Product) -> Node:
    image = _image(product)
    return base("Product", product) | {
        "title": product.title,
        "handle": product.handle,
        "productType": product.kind,
        "vendor": product.vendor,
        "status": product.status,
        "tags": list(product.tags),
        "publishedAt": when(product.published_at),
        "onlineStoreUrl": f"https://{shop.profile.domain}/products/{product.handle}"
        if product.published_at
        else None,
        "featuredImage": image,
        "featuredMedia": {"__typename": "MediaImage", "image": image} if image else None,
        "totalInventory": sum(one.available for one in product.variants),
        "tracksInventory": any(one.tracked for one in product.variants),
        "variantsCount": {"count": len(product.variants), "precision": "EXACT"},
        "variants": lambda args: page(
            product.variants,
            args,
            lambda one: variant_node(shop, one),
            lambda one: (one.position, one.number),
        ),
    }


def _image(product: Product) -> Node | None:
    if product.image_url is None:
        return None
    return {"url": lambda args: product.image_url, "altText": product.title}


def variant_node(shop: Memory, variant: Variant) -> Node:
    sellable = variant.oversell or not variant.tracked or variant.available > 0
    return base("ProductVariant", variant) | {
        "title": variant.title,
        "displayName": f"{variant.product.title} - {variant.title}",
        "price": f"{variant.price:.2f}",
        "sku": variant.sku,
        "position": variant.position,
        "inventoryPolicy": "CONTINUE" if variant.oversell else "DENY",
        "inventoryQuantity": variant.available,
        "sellableOnlineQuantity": variant.available,
        "availableForSale": sellable,
        "image": lambda args: _image(variant.product),
        "product": lambda args: product_node(shop, variant.product),
        "inventoryItem": lambda args: item_node(shop, variant),
    }


def item_node(shop: Memory, variant: Variant) -> Node:
    return base("InventoryItem", variant) | {
        "id": gid("InventoryItem", variant.item),
        "legacyResourceId": str(variant.item),
        "sku": variant.sku,
        "tracked": variant.tracked,
        "requiresShipping": True,
        "duplicateSkuCount": 0,
        "locationsCount": {"count": len(variant.levels), "precision": "EXACT"},
        "variant": lambda args: variant_node(shop, variant),
        "variants": lambda args: simple([variant_node(shop, variant)], args),
        "inventoryLevel": lambda args: _level_at(shop, variant, args["locationId"]),
        "inventoryLevels": lambda args: simple(_levels(shop, variant, args), args),
    }


def _levels(shop: Memory, variant: Variant, args: dict[str, Any]) -> list[Node]:
    wanted = [one for one in variant.levels if args.get("includeInactive") or shop.locations[one].active]
    return [level_node(shop, variant, one) for one in sorted(wanted)]


def _level_at(shop: Memory, variant: Variant, location: str) -> Node | None:
    number = int(location.rsplit("/", 1)[-1])
    return level_node(shop, variant, number) if number in variant.levels else None


def level_node(shop: Memory, variant: Variant, location: int) -> Node:
    changed = variant.levels_changed.get(location, variant.updated_at)
    return {
        "__typename": "InventoryLevel",
        "id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={variant.item}",
        "isActive": shop.locations[location].active,
        "createdAt": when(variant.created_at),
        "updatedAt": when(changed),
        "item": lambda args: item_node(shop, variant),
        "location": lambda args: location_node(shop, shop.locations[location]),
        "quantities": lambda args: [
            _quantity(name, variant.levels[location], changed) for name in args["names"] if name in QUANTITIES
        ],
    }


QUANTITIES = (
    "available",
    "on_hand",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "safety_stock",
    "quality_control",
)


def _quantity(name: str, available: int, changed: datetime) -> Node:
    return {
        "__typename": "InventoryQuantity",
        "id": f"gid://shopify/InventoryQuantity/{name}",
        "name": name,
        "quantity": available if name in {"available", "on_hand"} else 0,
        "updatedAt": when(changed),
    }


def customer_node(shop: Memory, customer: Customer) -> Node:
    orders = [one for one in shop.orders.values() if one.customer is customer]
    name = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    return base("Customer", customer) | {
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "displayName": name or customer.email or "",
        "email": customer.email,
        "phone": customer.phone,
        "locale": customer.locale,
        "state": "DISABLED",
        "tags": list(customer.tags),
        "verifiedEmail": True,
        "numberOfOrders": str(len(orders)),
        "amountSpent": bag(shop, sum((one.total for one in orders), Decimal(0)))["shopMoney"],
        "defaultEmailAddress": _email_of(customer),
        "emailMarketingConsent": _email_consent(customer),
        "defaultPhoneNumber": _phone_of(customer),
        "defaultAddress": _address(
            customer.number, customer.first_name, customer.last_name, customer.country
        ),
        "orders": lambda args: page(
            orders, args, lambda one: order_node(shop, one), lambda one: (one.processed_at, one.number)
        ),
    }


def _email_of(customer: Customer) -> Node | None:
    if customer.email is None:
        return None
    return {
        "emailAddress": customer.email,
        "marketingState": customer.email_state,
        "marketingOptInLevel": customer.email_level,
        "marketingUpdatedAt": when(customer.email_changed_at),
        "marketingUnsubscribeUrl": "https://shopify.example/unsubscribe",
        "validFormat": True,
        "openTrackingLevel": "UNKNOWN",
        "openTrackingUrl": "https://shopify.example/open",
    }


def _email_consent(customer: Customer) -> Node | None:
    if customer.email is None:
        return None
    return {
        "marketingState": customer.email_state,
        "marketingOptInLevel": customer.email_level,
        "consentUpdatedAt": when(customer.email_changed_at),
    }


def _phone_of(customer: Customer) -> Node | None:
    if customer.phone is None:
        return None
    consent = {
        "state": customer.sms_state,
        "optInLevel": "SINGLE_OPT_IN",
        "updatedAt": when(customer.sms_changed_at),
        "collectedFrom": "SHOPIFY",
    }
    return {
        "phoneNumber": customer.phone,
        "smsMarketingConsent": consent,
        "marketingState": customer.sms_state,
        "marketingUpdatedAt": when(customer.sms_changed_at),
    }


def _address(number: int, first: str | None, last: str | None, country: str | None) -> Node | None:
    if country is None:
        return None
    return {
        "__typename": "MailingAddress",
        "id": gid("MailingAddress", number),
        "firstName": first,
        "lastName": last,
        "name": " ".join(part for part in (first, last) if part) or None,
        "countryCodeV2": country,
        "countryCode": country,
        "coordinatesValidated": False,
    }


def _buying(shop: Memory, kind: str, buying: Buying) -> Node:
    address = _address(buying.number, buying.first_name, buying.last_name, buying.country)
    return base(kind, buying) | {
        "billingAddress": address,
        "shippingAddress": address,
        "customer": (lambda args: customer_node(shop, buying.customer)) if buying.customer else None,
        "discountCodes": list(buying.codes),
        "subtotalPriceSet": bag(shop, buying.subtotal),
        "taxesIncluded": shop.profile.taxes_included,
        "taxLines": [],
        "customAttributes": [],
    }


def checkout_node(shop: Memory, checkout: Checkout) -> Node:
    """Neither a token nor an address: the schema has none."""
    goods = sum((line.total for line in checkout.lines), Decimal(0))
    return _buying(shop, "AbandonedCheckout", checkout) | {
        "name": f"#{checkout.number}",
        "abandonedCheckoutUrl": recovery_link(shop, checkout),
        "completedAt": when(checkout.completed_at),
        "note": "",
        "defaultCursor": "",
        "lineItemsQuantity": sum(line.quantity for line in checkout.lines),
        "totalPriceSet": bag(shop, checkout.subtotal),
        "totalLineItemsPriceSet": bag(shop, goods),
        "totalDiscountSet": bag(shop, checkout.discount),
        "totalTaxSet": bag(shop, Decimal(0)),
        "lineItems": lambda args: simple(
            [_line(shop, "AbandonedCheckoutLineItem", line) for line in checkout.lines], args
        ),
    }


def recovery_link(shop: Memory, checkout: Checkout) -> str:
    profile = shop.profile
    return f"https://{profile.domain}/{profile.number}/checkouts/{checkout.token}/recover?key={checkout.key}"


def status_link(shop: Memory, order: Order) -> str:
    return PERSONAL_LINK.format(domain=shop.profile.domain, number=shop.profile.number, key=order.key)


def _line(shop: Memory, kind: str, line: Line) -> Node:
    """Product and variant are null once they are deleted; the line stays."""
    alive = line.product.number in shop.products and line.variant in line.product.variants
    return {
        "__typename": kind,
        "id": gid(kind, line.number),
        "title": line.title,
        "name": f"{line.title} - {line.variant_title}",
        "variantTitle": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "currentQuantity": line.quantity,
        "customAttributes": [],
        "originalUnitPriceSet": bag(shop, line.price),
        "originalTotalPriceSet": bag(shop, line.total),
        "originalTotalSet": bag(shop, line.total),
        "discountedUnitPriceSet": bag(shop, line.price),
        "discountedTotalPriceSet": bag(shop, line.total),
        "discountedTotalSet": lambda args: bag(shop, line.total),
        "taxLines": lambda args: [],
        "image": (lambda args: _image(line.product)) if kind == "LineItem" else _image(line.product),
        "product": (lambda args: product_node(shop, line.product)) if alive else None,
        "variant": (lambda args: variant_node(shop, line.variant)) if alive else None,
    }


def order_node(shop: Memory, order: Order) -> Node:
    return (
        _buying(shop, "Order", order)
        | _paid(shop, order)
        | {
            "name": order.name,
            "number": int(order.name.lstrip("#")),
            "email": order.email,
            "phone": order.phone,
            "cartToken": order.cart_token,
            "checkoutToken": order.checkout_token,
            "processedAt": when(order.processed_at),
            "cancelledAt": when(order.cancelled_at),
            "cancelReason": order.cancel_reason,
            "closedAt": when(order.closed_at),
            "closed": order.closed_at is not None,
            "confirmed": True,
            "test": order.test,
            "tags": list(order.tags),
            "customerLocale": order.locale,
            "customerAcceptsMarketing": order.accepts_marketing,
            "sourceName": "web",
            "statusPageUrl": lambda args: status_link(shop, order),
            "displayFulfillmentStatus": order.fulfillment,
            "discountCode": order.codes[0] if order.codes else None,
            "currencyCode": shop.profile.currency,
            "presentmentCurrencyCode": shop.profile.currency,
            "lineItems": lambda args: simple([_line(shop, "LineItem", line) for line in order.lines], args),
            "fulfillments": lambda args: [_fulfillment(shop, order, one) for one in order.fulfillments],
            "refunds": lambda args: [_refund(shop, order, one) for one in order.refunds],
        }
    )


def _paid(shop: Memory, order: Order) -> Node:
    paid = order.financial in {"PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
    received = order.total if paid else Decimal(0)
    return {
        "displayFinancialStatus": order.financial,
        "fullyPaid": order.financial == "PAID",
        "unpaid": not paid,
        "currentSubtotalPriceSet": bag(shop, order.subtotal),
        "currentTotalPriceSet": bag(shop, order.total),
        "totalPriceSet": bag(shop, order.total),
        "originalTotalPriceSet": bag(shop, order.total),
        "totalTaxSet": bag(shop, Decimal(0)),
        "currentTotalTaxSet": bag(shop, Decimal(0)),
        "totalDiscountsSet": bag(shop, order.discount),
        "currentTotalDiscountsSet": bag(shop, order.discount),
        "totalShippingPriceSet": bag(shop, order.shipping),
        "currentShippingPriceSet": bag(shop, order.shipping),
        "totalRefundedSet": bag(shop, order.refunded),
        "totalRefundedShippingSet": bag(shop, Decimal(0)),
        "totalReceivedSet": bag(shop, received),
        "totalOutstandingSet": bag(shop, order.total - received),
        "netPaymentSet": bag(shop, received - order.refunded),
    }


def _refund(shop: Memory, order: Order, refund: Refund) -> Node:
    transaction = {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", refund.number),
        "kind": "REFUND",
        "status": "SUCCESS",
        "amountSet": bag(shop, refund.amount),
        "createdAt": when(refund.created_at),
        "processedAt": when(refund.created_at),
        "test": order.test,
    }
    return base("Refund", refund) | {
        "processedAt": when(refund.created_at),
        "totalRefundedSet": bag(shop, refund.amount),
        "order": lambda args: order_node(shop, order),
        "transactions": lambda args: simple([transaction], args),
    }


def _fulfillment(shop: Memory, order: Order, one: Fulfillment) -> Node:
    delivered = next((at for _, status, at in one.events if status == "DELIVERED"), None)
    events = [
        {
            "__typename": "FulfillmentEvent",
            "id": gid("FulfillmentEvent", number),
            "status": status,
            "happenedAt": when(at),
            "createdAt": when(at),
        }
        for number, status, at in one.events
    ]
    return base("Fulfillment", one) | {
        "name": f"{order.name}.1",
        "status": one.status,
        "displayStatus": "DELIVERED" if delivered else "FULFILLED",
        "deliveredAt": when(delivered),
        "totalQuantity": sum(line.quantity for line in order.lines),
        "requiresShipping": True,
        "order": lambda args: order_node(shop, order),
        "trackingInfo": lambda args: [],
        "events": lambda args: simple(events, args),
    }


def subscription_node(shop: Memory, subscription: Subscription) -> Node:
    return base("WebhookSubscription", subscription) | {
        "topic": subscription.topic,
        "uri": subscription.uri,
        "callbackUrl": subscription.uri,
        "format": "JSON",
        "includeFields": [],
        "metafieldNamespaces": [],
        "metafields": [],
        "name": subscription.name,
    }
