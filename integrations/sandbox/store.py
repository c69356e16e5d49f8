"""The sandbox shop's counter: every act in it, and the webhooks that follow.

Each act answers with the signed webhooks to be sent, none while the shop's
switch says that it loses them. Acts that make no sense raise Permanent.
"""

import json
from collections.abc import Callable, Sequence
from secrets import compare_digest
from typing import Any, Concatenate, ParamSpec

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.models import Connection, Merchant
from core.models.tables import connections, merchants
from core.runtime import Runtime
from integrations.roles import Request
from integrations.sandbox import carts, consents, orders, stock
from integrations.sandbox.act import Act
from integrations.sandbox.bodies import (
    Body,
    CartBody,
    ContactBody,
    OrderBody,
    ProductBody,
    RedactBody,
    SwitchBody,
)
from integrations.sandbox.records import Records, Switch
from integrations.sandbox.sign import sign

SWITCHES: tuple[Switch, ...] = ("loses_webhooks", "answers_late", "is_down")
P = ParamSpec("P")
Webhooks = tuple[Request, ...]


class Store:
    """One sandbox merchant's shop; time in it follows the merchant's clock."""

    def __init__(self, runtime: Runtime, merchant_id: int) -> None:
        self._runtime = runtime
        self._merchant_id = merchant_id

    def begin_cart(self, locale: str = "en", like: str | None = None) -> str:
        """A new cart's ref; nothing is told of a cart with nothing in it."""
        with transaction(self._runtime.db) as session:
            return carts.begin(self._act(session), locale, like)

    def add_to_cart(self, cart_ref: str, variant_ref: str, quantity: int = 1) -> Webhooks:
        return self._do(carts.add, cart_ref, variant_ref, quantity)

    def speak(self, cart_ref: str, locale: str) -> Webhooks:
        return self._do(carts.speak, cart_ref, locale)

    def set_quantity(self, cart_ref: str, variant_ref: str, quantity: int) -> Webhooks:
        return self._do(carts.set_quantity, cart_ref, variant_ref, quantity)

    def leave_email(self, cart_ref: str, email: str, *, opted_in: bool = False) -> Webhooks:
        return self._do(carts.leave_email, cart_ref, email, opted_in)

    def log_in(self, cart_ref: str, persona: carts.Persona) -> Webhooks:
        return self._do(carts.log_in, cart_ref, persona)

    def pay(self, cart_ref: str, code: str | None = None) -> Webhooks:
        return self._do(orders.pay, cart_ref, code)

    def cancel(self, order_ref: str) -> Webhooks:
        return self._do(orders.cancel, order_ref)

    def ship(self, order_ref: str) -> Webhooks:
        return self._do(orders.ship, order_ref)

    def deliver(self, order_ref: str) -> Webhooks:
        return self._do(orders.deliver, order_ref)

    def sell_out(self, variant_ref: str) -> Webhooks:
        return self._do(stock.sell_out, variant_ref)

    def restock(self, variant_ref: str, units: int | None = None) -> Webhooks:
        return self._do(stock.restock, variant_ref, units)

    def ask_for_erasure(self, email: str) -> Webhooks:
        body = RedactBody(contact=ContactBody(email=email))
        return self._do(lambda act: act.tell("customer.redact", body))

    def switch(self, switch: Switch, *, on: bool) -> None:
        with transaction(self._runtime.db) as session:
            Records(session, self._merchant_id).put("switch", switch, SwitchBody(on=on))

    def switches(self) -> dict[Switch, bool]:
        with reading(self._runtime.db) as session:
            records = self._reading(session)
            return {switch: records.is_on(switch) for switch in SWITCHES}

    def products(self) -> list[ProductBody]:
        with reading(self._runtime.db) as session:
            return self._reading(session).all("product", ProductBody)

    def orders(self) -> list[OrderBody]:
        with reading(self._runtime.db) as session:
            return self._reading(session).all("order", OrderBody)

    def cart(self, ref: str) -> CartBody | None:
        with reading(self._runtime.db) as session:
            return self._reading(session).find("cart", ref, CartBody)

    def has_agreed(self, contact: ContactBody) -> bool:
        """Whether this shop knows the person's consent."""
        with reading(self._runtime.db) as session:
            return consents.known(self._reading(session), contact) is not None

    def cart_of_token(self, token: str) -> CartBody | None:
        """The cart that a link in a mail opens."""
        with reading(self._runtime.db) as session:
            found = self._reading(session).all("cart", CartBody)
        return next((cart for cart in found if compare_digest(cart.token, token)), None)

    def webhook(self, topic: str, body: Body) -> Request:
        """Any news of this shop as it would be delivered."""
        with reading(self._runtime.db) as session:
            return self._sign(session, [(topic, body)])[0]

    def _do(self, act: Callable[Concatenate[Act, P], Any], *args: P.args, **kwargs: P.kwargs) -> Webhooks:
        with transaction(self._runtime.db) as session:
            doing = self._act(session)
            act(doing, *args, **kwargs)
            lost = doing.records.is_on("loses_webhooks")
            return () if lost else self._sign(session, doing.news)

    def _act(self, session: Session) -> Act:
        merchant = session.scalars(select(Merchant).where(merchants.c.id == self._merchant_id)).one()
        return Act(Records(session, merchant.id), clock.now(merchant), self._runtime.config.app_url)

    def _reading(self, session: Session) -> Records:
        return Records(session, self._merchant_id, locking=False)

    def _sign(self, session: Session, news: Sequence[tuple[str, Body]]) -> Webhooks:
        query = select(Connection).where(connections.c.merchant_id == self._merchant_id)
        connection = session.scalars(query).one()
        binding = f"connection:{self._merchant_id}:webhook_secret"
        secret = self._runtime.vault.open(connection.webhook_secret or b"", binding).decode()
        return tuple(_signed(topic, body, connection.address, secret) for topic, body in news)


def _signed(topic: str, body: Body, address: str, secret: str) -> Request:
    raw = json.dumps({"topic": topic, **body.model_dump(mode="json")}, ensure_ascii=False).encode()
    headers = {name.lower(): value for name, value in sign(raw, secret, topic).items()}
    return Request(headers, raw, address)
