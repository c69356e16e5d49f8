"""Shopify's carts and checkouts, read into our own words."""

from core.events import Cart, CartLinesChanged, CartUpdated, Event, LookUp
from integrations.payload import Payload
from integrations.shopify.lines import lines
from integrations.shopify.people import buyer, opt_ins


def checkout(payload: Payload) -> list[Event | LookUp]:
    told = cart(payload)
    return [CartUpdated(told), *opt_ins(payload, told.contact, told.started_at, "shopify_checkout")]


def cart(payload: Payload) -> Cart:
    currency = payload.currency("currency")
    updated_at = payload.time("updated_at")
    return Cart(
        ref=payload.ref("token"),
        started_at=payload.time("created_at"),
        activity_at=updated_at,
        updated_at=updated_at,
        contact=buyer(payload),
        total=payload.money("total_price", currency),
        lines=lines(payload, currency),
        token=payload.ref_or_none("cart_token"),
        url=payload.link_or_none("abandoned_checkout_url"),
        completed_at=payload.time_or_none("completed_at"),
    )


def deleted(payload: Payload) -> list[Event | LookUp]:
    token = payload.ref_or_none("cart_token")
    return [LookUp("cart", token)] if token else []


def lines_changed(payload: Payload) -> list[Event | LookUp]:
    changed = lines(payload, payload.shop.currency)
    return [CartLinesChanged(payload.ref("token"), changed, payload.time("updated_at"))]
