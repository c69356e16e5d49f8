"""Codes in the shop: one discount per flow, offer and end carries many codes, each for one use."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from core import clock
from core.errors import InDoubt, Permanent, Retryable
from core.money import Money
from integrations.roles import Access, DiscountOrder
from integrations.shopify.api import Api
from integrations.shopify.change_documents import (
    ADD_CODE,
    CODE,
    CODES_OF,
    DISCOUNTS_TITLED,
    MAKE_DISCOUNT,
    MAKE_FREE_SHIPPING,
    REMOVE_CODE,
    REMOVE_DISCOUNT,
)
from integrations.shopify.last_moment import moment
from integrations.shopify.nodes import Node, search_value

OURS = "Kontor "
# A code added to a discount is made a little later; so long it is waited for.
LOOK_AGAIN_SECONDS = (0.3, 0.7, 1.5, 3.0, 0.0)

Key = tuple[str, str]


class Discounts:
    """Remembers which discount carries which offer, for Shopify's search finds
    a new discount only after a while."""

    def __init__(self, api: Api, wait: Callable[[float], None] = time.sleep) -> None:
        self._api = api
        self._wait = wait
        self._carriers: dict[Key, str] = {}
        self._locks: dict[Key, threading.Lock] = {}

    def has(self, access: Access, code: str) -> bool:
        return self._find(access, code) is not None

    def create(self, access: Access, order: DiscountOrder) -> None:
        """A code that is there already is left as it is: no two can have one name."""
        if self.has(access, order.code):
            return
        key = (access.identity.domain, title(order))
        with self._locks.setdefault(key, threading.Lock()):
            carrier = self._carriers.get(key) or self._search(access, key[1])
            if carrier is None:
                self._carriers[key] = self._make(access, order)
                return
        self._carriers[key] = carrier
        self._add(access, key, order)

    def remove(self, access: Access, code: str) -> None:
        """Only this code; the discount too where nothing else in it can be used."""
        node = self._find(access, code)
        if node is None:
            return
        try:
            if _is_spent(node["codeDiscount"]):
                self._api.change(access, REMOVE_DISCOUNT, id=node["id"])
            else:
                self._remove_code(access, node["id"], code)
        except Permanent:
            if self.has(access, code):
                raise

    def _find(self, access: Access, code: str) -> Node | None:
        node: Node | None = self._api.ask(access, CODE, code=code)["codeDiscountNodeByCode"]
        return node

    def _search(self, access: Access, wanted: str) -> str | None:
        search = f"method:code AND title:{search_value(wanted)}"
        nodes = self._api.ask(access, DISCOUNTS_TITLED, search=search)["discountNodes"]["nodes"]
        return next((node["id"] for node in nodes if node["discount"].get("title") == wanted), None)

    def _make(self, access: Access, order: DiscountOrder) -> str:
        """The first code comes with the discount, at once."""
        document = MAKE_FREE_SHIPPING if order.kind == "free_shipping" else MAKE_DISCOUNT
        try:
            made = self._api.change(access, document, input=_input(order))
        except Permanent:
            # An earlier try may have come through unheard.
            node = self._find(access, order.code)
            if node is None:
                raise
            return str(node["id"])
        return str(made["codeDiscountNode"]["id"])

    def _add(self, access: Access, key: Key, order: DiscountOrder) -> None:
        try:
            self._api.change(access, ADD_CODE, id=self._carriers[key], codes=[{"code": order.code}])
        except Permanent:
            # The merchant may have deleted the discount: the next code gets a new one.
            self._carriers.pop(key, None)
            self._carriers[key] = self._make(access, order)
            return
        self._await(access, order.code)

    def _await(self, access: Access, code: str) -> None:
        """The code was asked for: from here on it may come to be, whatever we hear."""
        for seconds in LOOK_AGAIN_SECONDS:
            try:
                if self.has(access, code):
                    return
            except Retryable as error:
                raise InDoubt("the shop may be making the code") from error
            self._wait(seconds)
        raise InDoubt("the shop is still making the code")

    def _remove_code(self, access: Access, discount: str, code: str) -> None:
        after, more = None, True
        while more:
            asked = self._api.ask(access, CODES_OF, id=discount, code=code, after=after)
            page = ((asked["discountNode"] or {}).get("discount") or {}).get("codes")
            if page is None:
                return
            ids = [one["id"] for one in page["nodes"] if one["code"] == code]
            if ids:
                self._api.change(access, REMOVE_CODE, id=discount, codes=ids)
                return
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


def title(order: DiscountOrder) -> str:
    """Says all that the codes in one discount have in common, and is how it is found again."""
    offer = {
        "percent": f"{order.value}%",
        "amount": f"{Money(order.value, order.currency).decimal()} {order.currency}",
        "free_shipping": "free shipping",
    }[order.kind]
    least = f" from {order.minimum.decimal()} {order.minimum.currency}" if order.minimum else ""
    return f"{OURS}{order.flow or 'flow'}: {offer}{least} until {order.ends_at:%Y-%m-%d %H:%M} UTC"


def _is_spent(discount: Node) -> bool:
    """Ours, and either over or with no code but this one."""
    if not (discount.get("title") or "").startswith(OURS):
        return False
    ends_at = discount.get("endsAt")
    over = ends_at is not None and datetime.fromisoformat(ends_at) <= clock.now()
    return over or (discount.get("codesCount") or {}).get("count") == 1


def _input(order: DiscountOrder) -> dict[str, Any]:
    common: dict[str, Any] = {
        "title": title(order),
        "code": order.code,
        "startsAt": moment(clock.now()),
        "endsAt": moment(order.ends_at),
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"all": "ALL"},
    }
    if order.minimum is not None:
        least = {"greaterThanOrEqualToSubtotal": str(order.minimum.decimal())}
        common["minimumRequirement"] = {"subtotal": least}
    if order.kind == "free_shipping":
        return {**common, "destination": {"all": True}}
    return {**common, "customerGets": {"items": {"all": True}, "value": _value(order)}}


def _value(order: DiscountOrder) -> dict[str, Any]:
    if order.kind == "percent":
        return {"percentage": order.value / 100}
    amount = str(Money(order.value, order.currency).decimal())
    return {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}
