"""An hour in a shop as a stream of events, told as each platform would tell it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations import SIGNING
from tests.integrations.recorded import one

PEOPLE = ("anna", "ben")
TOLD_ANEW = "order.updated__processing"


@dataclass(frozen=True)
class Cart:
    person: str
    number: int
    begun: int
    items: int
    opted_in: bool


@dataclass(frozen=True)
class Bought:
    cart: Cart
    stage: str  # placed, paid or cancelled


@dataclass(frozen=True)
class Stocked:
    units: int


@dataclass(frozen=True)
class Happened:
    """What happened, and in which minute."""

    minute: int
    what: Cart | Bought | Stocked


@dataclass
class Hour:
    """Grows a plausible hour: carts filled, emptied and filled again, bought and cancelled."""

    dice: random.Random
    events: list[Happened] = field(default_factory=list)
    minute: int = 0

    @classmethod
    def of(cls, seed: int) -> list[Happened]:
        hour = cls(random.Random(seed))
        for number in range(1, hour.dice.randint(2, 4)):
            hour._cart(number)
        if hour.dice.random() < 0.5:
            hour._add(Stocked(hour.dice.choice([0, 3])))
        return hour.events

    def _add(self, what: Cart | Bought | Stocked) -> None:
        self.minute += self.dice.randint(1, 4)
        self.events.append(Happened(self.minute, what))

    def _cart(self, number: int) -> None:
        dice = self.dice
        cart = Cart(dice.choice(PEOPLE), number, self.minute + 1, 1, dice.random() < 0.8)
        self.minute += 1
        for items in dice.choice([(1,), (1, 2), (1, 0, 2), (2, 0)]):
            cart = Cart(cart.person, number, cart.begun, items, cart.opted_in)
            self._add(cart)
        if cart.items and dice.random() < 0.5:
            for stage in dice.choice([("placed", "paid"), ("placed", "paid", "cancelled")]):
                self._add(Bought(cart, stage))


@dataclass(frozen=True)
class Told:
    topic: str
    body: dict[str, Any]


def sandbox(start: datetime, event: Happened) -> list[Told]:
    at = _at(start, event.minute)
    match event.what:
        case Cart() as cart:
            contact = {"email": f"{cart.person}@example.com"}
            told = [Told("cart.updated", _sandbox_cart(start, cart, at))]
            consent = {
                "contact": contact,
                "state": "opted_in",
                "at": _at(start, cart.begun),
                "source": "checkout",
            }
            return told + ([Told("consent.changed", consent)] if cart.opted_in else [])
        case Bought(cart=cart, stage=stage):
            return [Told(f"order.{stage}", _sandbox_order(start, cart, stage, at))]
        case Stocked(units=units):
            return [Told("product.updated", _sandbox_product(at, units))]


def _sandbox_cart(start: datetime, cart: Cart, at: str) -> dict[str, Any]:
    return {
        "ref": f"cart-{cart.number}",
        "token": f"token-{cart.number}",
        "started_at": _at(start, cart.begun),
        "activity_at": at,
        "updated_at": at,
        "contact": {"email": f"{cart.person}@example.com", "locale": "en"},
        "currency": "EUR",
        "total": 1800 * cart.items,
        "lines": [_sandbox_line(cart.items)] if cart.items else [],
        "url": f"https://shop.example/{cart.number}",
    }


def _sandbox_line(items: int) -> dict[str, Any]:
    return {"product_ref": "mug", "variant_ref": "mug", "title": "Mug", "quantity": items, "price": 1800}


def _sandbox_order(start: datetime, cart: Cart, stage: str, at: str) -> dict[str, Any]:
    return {
        "ref": f"order-{cart.number}",
        "name": f"#{cart.number}",
        "placed_at": _at(start, cart.begun + 1),
        "updated_at": at,
        "contact": {"email": f"{cart.person}@example.com", "customer_ref": f"customer-{cart.person}"},
        "currency": "EUR",
        "total": 1800,
        "net": 1513,
        "lines": [_sandbox_line(cart.items)],
        "cart_ref": f"cart-{cart.number}",
        "paid_at": None if stage == "placed" else _at(start, cart.begun + 2),
        "cancelled_at": at if stage == "cancelled" else None,
    }


def _sandbox_product(at: str, units: int) -> dict[str, Any]:
    stock = {"kind": "units" if units else "none", "units": units or None}
    variant = {"ref": "mug", "title": "", "title_de": "", "sku": "MUG", "price": 1800, "stock": stock}
    return {
        "ref": "mug",
        "title": "Mug",
        "title_de": "Becher",
        "updated_at": at,
        "currency": "EUR",
        "variants": [variant],
        "url": "https://shop.example/mug",
        "image_url": "https://shop.example/mug.png",
    }


def shopify(start: datetime, event: Happened) -> list[Told]:
    at = _at(start, event.minute)
    match event.what:
        case Cart() as cart:
            body = one("shopify", "checkouts_create").json()
            lines = body["line_items"][:1] if cart.items else []
            changed = {
                "token": f"checkout-{cart.number}",
                "cart_token": f"cart-{cart.number}",
                "email": f"{cart.person}@example.com",
                "buyer_accepts_marketing": cart.opted_in,
                "created_at": _at(start, cart.begun),
                "updated_at": at,
                "customer": None,
                "line_items": [line | {"quantity": cart.items} for line in lines],
            }
            return [Told("checkouts/update", body | changed)]
        case Bought(cart=cart, stage=stage):
            body = one("shopify", "orders_create").json()
            changed = {
                "id": 820982911946154508 + cart.number,
                "checkout_token": f"checkout-{cart.number}",
                "email": f"{cart.person}@example.com",
                "contact_email": None,
                "customer": None,
                "buyer_accepts_marketing": False,
                "created_at": _at(start, cart.begun + 1),
                "processed_at": _at(start, cart.begun + 1),
                "updated_at": at,
                "test": False,
                "financial_status": "pending" if stage == "placed" else "paid",
                "cancelled_at": at if stage == "cancelled" else None,
            }
            topic = {"placed": "orders/create", "paid": "orders/paid", "cancelled": "orders/cancelled"}[stage]
            return [Told(topic, body | changed)]
        case Stocked():
            body = SIGNING["shopify"].rebase(
                one("shopify", "products_update").json(), _moment(start, event.minute)
            )
            return [Told("products/update", body)]


def woocommerce(start: datetime, event: Happened) -> list[Told]:
    at = _at(start, event.minute)[:19]
    match event.what:
        case Cart() as cart:
            body = one("woocommerce", "order.updated__checkout_draft_email").json()
            lines = body["line_items"] if cart.items else []
            changed = _woo(start, cart, at) | {"line_items": lines, "total": f"{cart.items * 25}.00"}
            known = _woo_customer(start, cart.person) if cart.opted_in else []
            return [*known, Told("order.updated", body | changed)]
        case Bought(cart=cart, stage=stage):
            body = one("woocommerce", TOLD_ANEW).json()
            status = {"placed": "on-hold", "paid": "processing", "cancelled": "cancelled"}[stage]
            paid = None if stage == "placed" else _at(start, cart.begun + 2)[:19]
            changed = _woo(start, cart, at) | {"status": status, "date_paid_gmt": paid}
            return [Told("order.updated", body | changed)]
        case Stocked():
            body = one("woocommerce", "product.updated__stock_fell_by_order").json()
            moved = SIGNING["woocommerce"].rebase(body, _moment(start, event.minute))
            return [Told("product.updated", moved)]


def _woo(start: datetime, cart: Cart, at: str) -> dict[str, Any]:
    return {
        "id": 1000 + cart.number,
        "number": str(1000 + cart.number),
        "customer_id": 0,
        "date_created_gmt": _at(start, cart.begun)[:19],
        "date_modified_gmt": at,
        "billing": {"first_name": cart.person.title(), "email": f"{cart.person}@example.com"},
    }


def _woo_customer(start: datetime, person: str) -> list[Told]:
    """The order of last month that makes somebody an existing customer."""
    then = (start - timedelta(days=30)).isoformat()[:19]
    body = one("woocommerce", TOLD_ANEW).json()
    changed = {
        "id": 500 + PEOPLE.index(person),
        "number": "500",
        "customer_id": 0,
        "status": "completed",
        "date_created_gmt": then,
        "date_modified_gmt": then,
        "date_paid_gmt": then,
        "billing": {"first_name": person.title(), "email": f"{person}@example.com"},
    }
    return [Told("order.updated", body | changed)]


def is_about_people_only(told: Told) -> bool:
    """Whether the news of it may not come too late: carts, and who may be written to."""
    if told.topic.startswith(("cart.", "checkouts/", "consent.")):
        return True
    return told.body.get("status") in ("checkout-draft", "completed")


def shuffled(dice: random.Random, stream: Sequence[Told]) -> list[Told]:
    """In any order, some of it told twice."""
    doubled = [*stream, *(told for told in stream if dice.random() < 0.4)]
    dice.shuffle(doubled)
    return doubled


def _moment(start: datetime, minute: int) -> datetime:
    return start + timedelta(minutes=minute)


def _at(start: datetime, minute: int) -> str:
    return _moment(start, minute).isoformat()
