"""A shop with something sold out, and people who wait for it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from core import clock
from core.db import reading, transaction
from core.events import Contact, Product, Stock, Variant
from core.facts import Mode
from core.models import Merchant
from core.models.tables import sign_ups, variants
from core.money import Money
from engine import catalogue, changes, sign_up_letters
from engine.identity import resolve
from engine.machine import Machine
from engine.shop_settings import flow_settings
from engine.sign_ups import Joined, Wish, join
from engine.waitlist import FLOW
from flows import CATALOGUE
from flows.flow import Flow
from tests.support.kontor import Kontor

BACK_IN_STOCK: Flow = CATALOGUE[FLOW]
BLANKET = "blanket-clay"
TEXT = "Write to me as soon as it is back."


def switch(machine: Machine, merchant_id: int, mode: Mode = "live", **settings: Any) -> None:
    with reading(machine.db) as session:
        known = flow_settings(session, merchant_id, BACK_IN_STOCK).settings.model_dump(mode="json")
    changes.save_flow(machine, merchant_id, BACK_IN_STOCK, known | settings, "Mara")
    changes.set_mode(machine, merchant_id, BACK_IN_STOCK, mode, "Mara")


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


def stand_in_line(
    machine: Machine, merchant_id: int, variant_id: int, emails: Sequence[str], country: str | None = None
) -> None:
    """These people wait, confirmed, the first since longest, each a second after the other."""
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        now = clock.now(merchant)
        for number, email in enumerate(emails):
            contact = Contact(email=email, country=country)
            found = resolve(session, machine.vault, merchant_id, contact, now)
            assert found is not None
            session.execute(
                sign_ups.insert().values(
                    merchant_id=merchant_id,
                    variant_id=variant_id,
                    person_id=found.person_id,
                    address_id=found.email_id,
                    state="waiting",
                    episode=1,
                    source="page",
                    place_at=now - timedelta(seconds=len(emails) - number),
                    ends_at=now + timedelta(days=90),
                    confirmed_at=now,
                    created_at=clock.now(),
                )
            )


def crowd(kontor: Kontor, number: int) -> None:
    """Two thousand wait for this variant."""
    with transaction(kontor.machine.db) as session:
        merchant, at = kontor.merchant_id, "'2026-01-01'"
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
        filled = {
            "people (id, merchant_id, version, seen, created_at)": f"i + 1000, {merchant}, 1, '{{}}', {at}",
            "addresses (id, merchant_id, person_id, channel, fingerprint, value, masked, created_at)": (
                f"i + 1000, {merchant}, i + 1000, 'email', 'print.' || i, 'x', 'x', {at}"
            ),
            "sign_ups (merchant_id, variant_id, person_id, address_id, state, episode, source, place_at, "
            "ends_at, created_at)": (
                f"{merchant}, {number}, i + 1000, i + 1000, 'waiting', 1, 'form', {at}, {at}, {at}"
            ),
        }
        for into, values in filled.items():
            session.execute(text(f"{numbers} INSERT INTO {into} SELECT {values} FROM n"))
