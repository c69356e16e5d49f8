"""What the shop remembers, in the words of the schema.

A value that can be called is asked with the field's arguments. A field the
memory does not know is absent: it answers null, or the schema's non-null makes
an error of it that a test sees.
"""

from datetime import UTC, datetime
from decimal import Decimal

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.records import (
    Checkout,
    Order,
    Record,
    Subscription,
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


def recovery_link(shop: Memory, checkout: Checkout) -> str:
    profile = shop.profile
    return f"https://{profile.domain}/{profile.number}/checkouts/{checkout.token}/recover?key={checkout.key}"


def status_link(shop: Memory, order: Order) -> str:
    return PERSONAL_LINK.format(domain=shop.profile.domain, number=shop.profile.number, key=order.key)


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


def pixel_node(shop: Memory) -> Node | None:
    if shop.pixel is None:
        return None
    number, settings = shop.pixel
    return {"__typename": "WebPixel", "id": gid("WebPixel", number), "settings": settings}
