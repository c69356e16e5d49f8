"""A shop with something sold out, and people who wait for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sqlalchemy import select

from core.db import reading, transaction
from core.events import Product, Stock, Variant
from core.models.tables import variants
from core.money import Money
from core.settings import FlowSettings, setting
from engine import catalogue, changes, sign_up_letters
from engine.machine import Machine
from engine.settings_known import KnownSettings
from engine.sign_ups import Joined, Wish, join
from engine.waitlist import FLOW
from flows import CATALOGUE
from flows.flow import Flow
from tests.support.kontor import Kontor

BLANKET = "blanket-clay"
TEXT = "Write to me as soon as it is back."


class WaitingSettings(FlowSettings):
    double_opt_in: bool = setting(True, label="Confirm by mail", label_de="Bestätigen lassen")
    keep_days: int = setting(90, label="Days in line", label_de="Tage auf der Liste")


class Waiting:
    """As much of the flow as signing up needs."""

    key: ClassVar[str] = FLOW
    title: ClassVar = ("Back in stock", "Wieder lieferbar")
    promise: ClassVar = ("Tells who waits.", "Sagt es denen, die warten.")
    rank: ClassVar = 0
    purpose: ClassVar = "requested"
    listens_to: ClassVar = ()
    needs: ClassVar = ()
    Settings: ClassVar = WaitingSettings
    presets: ClassVar[Mapping[str, Any]] = {}

    def plan(self, event: Any, settings: Any, facts: Any) -> Any:
        return ()

    def wake(self, name: str, settings: Any, facts: Any) -> Any:
        return ()

    def recheck(self, message: Any, settings: Any, facts: Any) -> Any:
        raise AssertionError("nothing is sent here")


def flow() -> Flow:
    """The real one as soon as there is one."""
    return CATALOGUE.get(FLOW) or Waiting()


def with_waiting_lines(machine: Machine) -> Machine:
    return replace(machine, flows={**machine.flows, FLOW: flow()}, known_settings=KnownSettings())


def switch(machine: Machine, merchant_id: int, mode: Any = "live", **settings: Any) -> None:
    with reading(machine.db) as session:
        known = flow_data(machine, session, merchant_id)
    changes.save_flow(machine, merchant_id, flow(), known | settings, "Mara")
    changes.set_mode(machine, merchant_id, flow(), mode, "Mara")


def flow_data(machine: Machine, session: Any, merchant_id: int) -> dict[str, Any]:
    from engine.shop_settings import flow_settings

    return flow_settings(session, merchant_id, flow()).settings.model_dump(mode="json")


def stock(
    machine: Machine,
    merchant_id: int,
    told: Stock | None,
    ref: str = BLANKET,
    *,
    published: bool = True,
    title: str = "Wool blanket",
    colour: str = "Clay",
    price: int = 8900,
    minutes: int = 0,
) -> int:
    """The shop tells of a product with one variant; the variant's number."""
    from datetime import timedelta

    from core import clock

    variant = Variant(ref, colour, Money(price, "EUR"), sku=f"SKU-{ref}", stock=told)
    at = clock.now() + timedelta(minutes=minutes)
    told_of = Product(f"p-{ref}", title, at, published, (variant,), url="https://shop.example/blanket")
    with transaction(machine.db) as session:
        catalogue.remember_product(session, merchant_id, told_of, f"{at}")
        mine = (variants.c.merchant_id == merchant_id, variants.c.ref == ref)
        return int(session.execute(select(variants.c.id).where(*mine)).scalar_one())


SOLD_OUT, SOME = Stock("none"), Stock("units", 4)


def sign_up(kontor: Kontor, email: str, ref: str = BLANKET, **wish: Any) -> Joined:
    told = {"locale": "en", "source": "waitlist_form", "text": TEXT} | wish
    return join(kontor.machine, kontor.merchant, Wish(ref, email, **told))


def letters(kontor: Kontor) -> int:
    """The worker sends what is to be sent; how many."""
    return sign_up_letters.run(kontor.machine)
