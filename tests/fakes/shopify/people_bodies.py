"""Webhook bodies of customers and what they allow."""

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid
from tests.fakes.shopify.records import (
    Customer,
)
from tests.fakes.shopify.shapes import Body, shape_of, written


def of_customer(shop: Memory, one: Customer) -> Body:
    shape: Body = shape_of("orders_create")["customer"]
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
    body = shape_of("customers_create")
    home = _home(body["default_address"], one)
    return body | _names(shop, one) | {"note": None, "addresses": [], "default_address": home}


def email_consent(shop: Memory, one: Customer) -> Body:
    return shape_of("customers_email_marketing_consent_update") | {
        "customer_id": one.number,
        "email_address": one.email,
        "email_marketing_consent": {
            "state": one.email_state.lower(),
            "opt_in_level": one.email_level.lower() if one.email_level else None,
            "consent_updated_at": written(shop, one.email_changed_at),
        },
    }
