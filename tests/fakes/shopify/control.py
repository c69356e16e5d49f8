"""The control endpoint: what a test in another process, or a person with a terminal, may do.

`POST /__fake__/ACTION` with a JSON object, the shop by the Host header or as
`/SHOP.myshopify.com/__fake__/ACTION`. Only from this machine.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.shopify.actions import Shop
from tests.fakes.shopify.records import Checkout, Customer, Order, Variant

if TYPE_CHECKING:
    from tests.fakes.shopify.fake import FakeShopify

PREFIX = "/__fake__/"
Told = dict[str, Any]
Action = Callable[["FakeShopify", Shop, Told], Told]


class _Unknown(Exception):
    """What was named is not there."""


def handle(fake: "FakeShopify", domain: str, action: str, body: bytes) -> tuple[int, Told]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return 400, {"error": "the body is no JSON"}
    try:
        return _done(fake, domain, action, asked)
    except (_Unknown, AssertionError, KeyError, TypeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


def _done(fake: "FakeShopify", domain: str, action: str, asked: Told) -> tuple[int, Told]:
    if action in EVERYWHERE:
        return 200, EVERYWHERE[action](fake, asked)
    shop = fake.shop(domain)
    if shop is None:
        return 404, {"error": f"no shop {domain}"}
    if action not in IN_A_SHOP:
        return 404, {"error": f"no action {action}", "actions": sorted({*EVERYWHERE, *IN_A_SHOP})}
    return 200, IN_A_SHOP[action](fake, shop, asked)


def _state(fake: "FakeShopify", asked: Told) -> Told:
    return fake.state()


def _add_shop(fake: "FakeShopify", asked: Told) -> Told:
    return {"domain": fake.add_shop(**asked).domain}


def _fail(fake: "FakeShopify", asked: Told) -> Told:
    fake.fail(**asked)
    return {"faults_left": fake.faults.left}


def _mend(fake: "FakeShopify", asked: Told) -> Told:
    fake.faults.clear()
    return {"faults_left": 0}


def _forward(fake: "FakeShopify", asked: Told) -> Told:
    fake.forward(**asked)
    return {"now": fake.now().isoformat()}


def _hooks(fake: "FakeShopify", asked: Told) -> Told:
    """lose, double, delay, holding."""
    for name in ("lose", "double", "delay", "holding"):
        if name in asked:
            setattr(fake.hooks, name, asked[name])
    return {"held": len(fake.hooks.held)}


def _release(fake: "FakeShopify", asked: Told) -> Told:
    return {"delivered": fake.hooks.release(bool(asked.get("shuffled")))}


def _retry(fake: "FakeShopify", asked: Told) -> Told:
    return {"retried": fake.hooks.retry()}


EVERYWHERE: dict[str, Callable[["FakeShopify", Told], Told]] = {
    "state": _state,
    "add_shop": _add_shop,
    "fail": _fail,
    "mend": _mend,
    "forward": _forward,
    "hooks": _hooks,
    "release": _release,
    "retry": _retry,
}


def _id_token(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    return {"id_token": fake.id_token(shop, **asked)}


def _open(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    return {"url": fake.open_url(shop, **asked)}


def _deliver(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    made = fake.hooks.deliver(shop.domain, asked["topic"], asked["payload"])
    return {"status": made.statuses[-1] if made and made.statuses else None}


def _add_product(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    made = shop.add_product(**asked)
    return {"id": made.number, "variants": [one.number for one in made.variants]}


def _add_customer(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    return {"id": shop.add_customer(**asked).number}


def _leave(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    made = shop.leave_checkout(**_with_lines(shop, asked))
    return {"token": made.token, "cart_token": made.cart_token, "id": made.number}


def _change_checkout(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    shop.change_checkout(_checkout(shop, asked.pop("token")), **_with_lines(shop, asked))
    return {}


def _place(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
    token = asked.pop("token", None)
    checkout = _checkout(shop, token) if token else None
    made = shop.place_order(checkout, **_with_lines(shop, asked))
    return {"id": made.number, "name": made.name}


def _with_lines(shop: Shop, asked: Told) -> Told:
    """Lines are pairs of a variant's number and a quantity."""
    if asked.get("lines") is None:
        return asked
    return asked | {"lines": [(_variant(shop, number), quantity) for number, quantity in asked["lines"]]}


def _variant(shop: Shop, number: int) -> Variant:
    found = shop.memory.variant(number)
    if found is None:
        raise _Unknown(f"variant {number}")
    return found


def _checkout(shop: Shop, token: str) -> Checkout:
    found = next((one for one in list(shop.memory.checkouts.values()) if one.token == token), None)
    if found is None:
        raise _Unknown(f"checkout {token}")
    return found


def _order(shop: Shop, name: str) -> Order:
    found = next((one for one in list(shop.memory.orders.values()) if one.name == name), None)
    if found is None:
        raise _Unknown(f"order {name}")
    return found


def _customer(shop: Shop, email: str) -> Customer:
    found = shop.memory.customer_of(email)
    if found is None:
        raise _Unknown(f"customer {email}")
    return found


def _with_order(act: Callable[..., Any]) -> Action:
    def done(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
        act(shop, _order(shop, asked.pop("name")), **asked)
        return {}

    return done


def _with_customer(act: Callable[..., Any]) -> Action:
    def done(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
        act(shop, _customer(shop, asked.pop("email")), **asked)
        return {}

    return done


def _with_variant(act: Callable[..., Any]) -> Action:
    def done(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
        act(shop, _variant(shop, asked.pop("variant")), **asked)
        return {}

    return done


def _plain(act: Callable[..., Any]) -> Action:
    def done(fake: "FakeShopify", shop: Shop, asked: Told) -> Told:
        act(shop, **asked)
        return {}

    return done


IN_A_SHOP: dict[str, Action] = {
    "id_token": _id_token,
    "open": _open,
    "deliver": _deliver,
    "add_product": _add_product,
    "add_customer": _add_customer,
    "leave_checkout": _leave,
    "change_checkout": _change_checkout,
    "place_order": _place,
    "pay": _with_order(Shop.pay),
    "cancel": _with_order(Shop.cancel),
    "refund": _with_order(Shop.refund),
    "ship": _with_order(Shop.ship),
    "arrive": _with_order(Shop.arrive),
    "delete_order": _with_order(Shop.delete_order),
    "set_stock": _with_variant(Shop.set_stock),
    "sell_out": _with_variant(Shop.sell_out),
    "restock": _with_variant(Shop.restock),
    "change_price": _with_variant(Shop.change_price),
    "set_consent": _with_customer(Shop.set_consent),
    "redact_customer": _with_customer(Shop.redact_customer),
    "request_data": _with_customer(Shop.request_data),
    "delete_customer": _with_customer(Shop.delete_customer),
    "uninstall": _plain(Shop.uninstall),
    "install": _plain(Shop.install),
    "redact_shop": _plain(Shop.redact_shop),
    "search_lags": _plain(Shop.search_lags),
    "revoke": lambda fake, shop, asked: _revoked(shop),
    "withhold": lambda fake, shop, asked: _withheld(shop, asked),
}


def _revoked(shop: Shop) -> Told:
    shop.installation.revoke()
    return {}


def _withheld(shop: Shop, asked: Told) -> Told:
    shop.withhold(*asked.get("kinds", ()))
    return {"withheld": sorted(shop.memory.withheld)}
