"""Customers, their addresses and consent in the words of the schema."""

from decimal import Decimal
from typing import Any

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import bag, base, gid, when
from tests.fakes.shopify.pages import Node, page
from tests.fakes.shopify.records import Customer, Order


def customer_node(shop: Memory, customer: Customer) -> Node:
    orders = [one for one in list(shop.orders.values()) if one.customer is customer]
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
        "defaultAddress": address_of(
            customer.number, customer.first_name, customer.last_name, customer.country
        ),
        "orders": lambda args: _orders(shop, orders, args),
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


def address_of(number: int, first: str | None, last: str | None, country: str | None) -> Node | None:
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


def _orders(shop: Memory, orders: list[Order], args: dict[str, Any]) -> Node:
    from tests.fakes.shopify.buying_nodes import order_node  # Orders know their customer as well.

    return page(orders, args, lambda one: order_node(shop, one), lambda one: (one.processed_at, one.number))
