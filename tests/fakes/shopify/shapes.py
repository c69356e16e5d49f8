"""The shapes of the recorded payloads, and how Shopify writes money and times into them."""

import copy
import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.shopify.memory import Memory

Body = dict[str, Any]


RECORDED = Path(__file__).parents[2] / "payloads" / "shopify"


MONEY_SET = ("shop_money", "presentment_money")


@cache
def _recorded(name: str) -> Body:
    loaded: Body = json.loads((RECORDED / f"{name}.json").read_bytes())
    return loaded


def shape_of(name: str) -> Body:
    return copy.deepcopy(_recorded(name))


def written(shop: Memory, moment: datetime | None) -> str | None:
    """Webhooks write times in the shop's zone, with its offset."""
    if moment is None:
        return None
    return moment.astimezone(ZoneInfo(shop.profile.timezone)).isoformat(timespec="seconds")


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _set(shop: Memory, amount: Decimal) -> Body:
    both = {"amount": money(amount), "currency_code": shop.profile.currency}
    return {key: dict(both) for key in MONEY_SET}


def priced(shop: Memory, body: Body, amounts: dict[str, Decimal]) -> None:
    """Writes an amount under its key and, where the shape has one, into its set."""
    for key, amount in amounts.items():
        if key in body:
            body[key] = money(amount)
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


def milli(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
