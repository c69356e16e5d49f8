"""Codes in the shop: one discount per flow, offer and end carries many codes, each for one use."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from core import clock
from core.errors import InDoubt, Permanent, Retryable
from core.money import Money
from integrations.roles import Access, DiscountOrder
from integrations.shopify.api import Api
from integrations.shopify.change_documents import (
    ADD_CODE,
    ADDING,
    CODE,
    CODES_OF,
    DISCOUNTS_TITLED,
    MAKE_DISCOUNT,
    MAKE_FREE_SHIPPING,
    REMOVE_CODE,
    REMOVE_DISCOUNT,
    REMOVING,
)
from integrations.shopify.fragments import Document
from integrations.shopify.last_moment import moment
from integrations.shopify.nodes import Node, gid, number, search_value

OURS = "Kontor "
# A code added to a discount is made a little later; so long it is waited for.
LOOK_AGAIN_SECONDS = (0.0, 0.3, 0.7, 1.5, 3.0)

MOST_REMEMBERED = 10_000

Key = tuple[str, str]


class Discounts:
    """Remembers which discount carries which offer, for Shopify's search finds
    a new discount only after a while."""

    def __init__(self, api: Api, wait: Callable[[float], None] = time.sleep) -> None:
        self._api = api
        self._wait = wait
        self._carriers: dict[Key, str] = {}
        self._locks: dict[str, threading.Lock] = {}

    def has(self, access: Access, code: str) -> bool:
        return self._find(access, code) is not None

    def create(self, access: Access, order: DiscountOrder) -> None:
        """A code that is there already is left as it is: no two can have one name."""
        if self.has(access, order.code):
            return
        key = (access.identity.domain, title(order))
        with self._locks.setdefault(key[0], threading.Lock()):
            carrier = self._carriers.get(key) or self._search(access, key[1])
            self._remember(key, carrier or self._make(access, order))
        if carrier is not None:
            self._add(access, key, carrier, order)

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

    def _remember(self, key: Key, carrier: str) -> None:
        """What is forgotten is searched for again."""
        if len(self._carriers) >= MOST_REMEMBERED:
            self._carriers.clear()
        self._carriers[key] = carrier

    def _search(self, access: Access, wanted: str) -> str | None:
        search = f"method:code AND title:{search_value(wanted)}"
        nodes = self._api.ask(access, DISCOUNTS_TITLED, search=search)["discountNodes"]["nodes"]
        return next((_carrier(node) for node in nodes if node["discount"].get("title") == wanted), None)

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

    def _add(self, access: Access, key: Key, carrier: str, order: DiscountOrder) -> None:
        codes = [{"code": order.code}]
        try:
            queued = self._api.change(access, ADD_CODE, id=carrier, codes=codes)
        except Permanent:
            # The merchant may have deleted the discount: then this code brings a new one.
            self._remember(key, self._make(access, order))
            return
        # From here on the code may come to be, whatever we hear.
        if not self._happened(access, ADDING, queued["bulkCreation"]["id"]):
            raise InDoubt("the shop is still making the code")
        if not self.has(access, order.code):
            raise Permanent("the shop did not make the code")

    def _happened(self, access: Access, document: Document, queued: str) -> bool:
        """Whether what the shop put into its own queue is done within a few
        seconds; not to hear of it counts as not done."""
        for seconds in LOOK_AGAIN_SECONDS:
            self._wait(seconds)
            try:
                (told,) = self._api.ask(access, document, id=queued).values()
            except Retryable:
                return False
            if told is None or told["done"]:
                return True
        return False

    def _remove_code(self, access: Access, discount: str, code: str) -> None:
        after, more = None, True
        while more:
            asked = self._api.ask(
                access, CODES_OF, id=gid("DiscountNode", number(discount)), code=code, after=after
            )
            page = ((asked["discountNode"] or {}).get("discount") or {}).get("codes")
            if page is None:
                return
            ids = [one["id"] for one in page["nodes"] if one["code"] == code]
            if ids:
                self._take_out(access, discount, ids)
                return
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    def _take_out(self, access: Access, discount: str, ids: Sequence[str]) -> None:
        queued = self._api.change(access, REMOVE_CODE, id=discount, codes=list(ids))["job"]
        if queued and not self._happened(access, REMOVING, queued["id"]):
            raise Retryable("the shop is still taking the code out")


def title(order: DiscountOrder) -> str:
    """Says all that the codes in one discount have in common, and is how it is found again."""
    offer = {
        "percent": f"{order.value}%",
        "amount": f"{Money(order.value, order.currency).decimal()} {order.currency}",
        "free_shipping": "free shipping",
    }[order.kind]
    least = f" from {order.minimum.decimal()} {order.minimum.currency}" if order.minimum else ""
    return f"{OURS}{order.flow or 'flow'}: {offer}{least} until {order.ends_at:%Y-%m-%d %H:%M} UTC"


def _carrier(node: Node) -> str:
    """One discount has two names: as any discount, and as one with codes, which the changes want."""
    return gid("DiscountCodeNode", number(node["id"]))


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
