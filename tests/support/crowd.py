"""A crowd at many small shops: carts that were left, and who bought after all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import merchants, sandbox_records
from engine import simulation
from engine.changes import save_flow
from engine.machine import Machine
from integrations.roles import Request
from integrations.sandbox import carts, seed
from integrations.sandbox.records import Records
from integrations.sandbox.store import Store

# The blast guard holds a shop's 51st new trip of an hour.
MOST_PER_SHOP = 50
PIECES = 10_000
AN_HOUR = timedelta(hours=1, seconds=1)
PLAIN = {"after_hours": 1, "content": "reminder"}
WITH_CODE = {"after_hours": 1, "content": "incentive", "incentive": "percent", "value": 10}


@dataclass(frozen=True)
class Left:
    """One cart somebody left; `webhooks` are what the shop sent about it."""

    merchant_id: int
    email: str
    cart: str
    webhooks: tuple[Request, ...]
    platform: str = "sandbox"


@dataclass
class Clocked:
    """A merchant whose clock a test moves."""

    machine: Machine
    merchant_id: int

    def let_time_pass(self, span: timedelta) -> None:
        """Move the clock by hand; only while nothing waits yet."""
        ahead = span // timedelta(milliseconds=1)
        moved = update(merchants).where(merchants.c.id == self.merchant_id)
        with transaction(self.machine.db) as session:
            session.execute(moved.values(clock_offset_ms=merchants.c.clock_offset_ms + ahead))

    def forward(self, span: timedelta) -> None:
        """Let the shop's time go on to then; whoever works settles all on the way."""
        with reading(self.machine.db) as session:
            now = clock.now(session.get_one(Merchant, self.merchant_id))
        simulation.forward(self.machine, self.merchant_id, now + span)


@dataclass
class SmallShop(Clocked):
    """One sandbox merchant whose flow has a single step after an hour."""

    store: Store
    left: list[Left] = field(default_factory=list)

    @classmethod
    def open(cls, machine: Machine, step: dict[str, object]) -> "SmallShop":
        merchant = seed.seed(machine.runtime)
        flow = machine.flows["cart_recovery"]
        save_flow(machine, merchant.id, flow, {"steps": [step]}, "test")
        shop = cls(machine, merchant.id, Store(machine.runtime, merchant.id))
        shop.fill_shelves()
        return shop

    def buy(self, left: Left) -> None:
        """She buys after all, and nobody is told."""
        self.store.pay(left.cart)

    def codes(self) -> list[str]:
        """Every discount code the shop has."""
        mine = sandbox_records.c.merchant_id == self.merchant_id, sandbox_records.c.kind == "code"
        with reading(self.machine.db) as session:
            return list(session.execute(select(sandbox_records.c.ref).where(*mine)).scalars())

    def fill_shelves(self) -> None:
        with transaction(self.machine.db) as session:
            records = Records(session, self.merchant_id)
            for product in self.store.products():
                stocked = tuple(
                    v.model_copy(update={"stock": v.stock.model_copy(update={"units": PIECES})})
                    for v in product.variants
                )
                records.put("product", product.ref, product.model_copy(update={"variants": stocked}))

    def leave_carts(self, count: int) -> list[Left]:
        """So many people leave a cart each, all in one go; nothing is delivered."""
        with transaction(self.machine.db) as session:
            left = [self._leave(session, len(self.left) + number) for number in range(count)]
        self.left += left
        return left

    def _leave(self, session: Session, number: int) -> Left:
        act = self.store._act(session)
        email = f"shopper{number}@shop{self.merchant_id}.example"
        cart = carts.begin(act, "en")
        carts.add(act, cart, "candle")
        act.news.clear()
        carts.leave_email(act, cart, email, opted_in=True)
        return Left(self.merchant_id, email, cart, self.store._sign(session, act.news))


class Shop(Protocol):
    """What a crowd's shop can do, whichever platform it is of."""

    merchant_id: int
    left: list[Left]

    def leave_carts(self, count: int) -> list[Left]: ...
    def buy(self, left: Left) -> None: ...
    def codes(self) -> list[str]: ...
    def let_time_pass(self, span: timedelta) -> None: ...
    def forward(self, span: timedelta) -> None: ...


def open_shops(machine: Machine, count: int) -> Iterator[Shop]:
    """Every second one makes a discount code for its message."""
    for number in range(count):
        yield SmallShop.open(machine, WITH_CODE if number % 2 else PLAIN)
