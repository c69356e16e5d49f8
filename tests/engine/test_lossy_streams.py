"""One shop, two Kontors: what one hears in full reaches the other lossy, doubled and shuffled.

After reading back both know the same.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.models.tables import (
    addresses,
    carts,
    consents,
    inbound,
    lines,
    merchants,
    orders,
    products,
    variants,
)
from tests.engine import busy
from tests.engine.connected import (
    Connected,
    at_shopify,
    at_woocommerce,
    second_kontor,
)

SEEDS = (1, 2, 3)
FEW, HALF = 0.05, 0.5
Send = Callable[[], int]


@dataclass
class Lossy:
    """A line that keeps what it is given and brings it at the end: a share
    never, a share twice, and all of it shuffled."""

    dice: random.Random
    share: float
    held: list[Send] = field(default_factory=list)
    lost: int = 0

    def take(self, send: Send) -> int:
        if self.dice.random() < self.share:
            self.lost += 1
            return 200
        self.held += [send] * (2 if self.dice.random() < self.share else 1)
        return 200

    def release(self) -> None:
        self.dice.shuffle(self.held)
        assert {send() for send in self.held} == {200}


@contextmanager
def both(platform: str, url: str, folder: Path, line: Lossy) -> Iterator[tuple[Connected, Connected]]:
    opened = at_shopify if platform == "shopify" else at_woocommerce
    with opened(url, folder) as whole, second_kontor(whole, folder, line.take) as rough:
        for one in (whole, rough):
            # The shop's time goes on faster than ours: nothing it tells lies ahead.
            mine = merchants.c.id == one.merchant_id
            one.kontor.write(update(merchants).where(mine).values(clock_offset_ms=4 * 3600 * 1000))
            one.change_connection(connected_at=clock.now() - timedelta(minutes=1))
            one.read_back()
            one.check_up()
        yield whole, rough


ORDER = (
    "ref",
    "bought",
    "total_minor",
    "net_minor",
    "refunded_minor",
    "placed_at",
    "paid_at",
    "cancelled_at",
)
CART = ("ref", "kind", "total_minor", "completed_at", "activity_at")
LINE = ("position", "variant_ref", "quantity", "price_minor")
VARIANT = ("ref", "sku", "price_minor", "stock_kind", "stock_units")


def records(one: Connected) -> dict[str, list[Any]]:
    """What is known, without numbers and times of our own. A draft that was
    bought is an order: whoever missed the draft can't know that there was one."""
    rows = one.kontor.rows
    known = [row for row in rows(addresses) if row.channel == "email"]
    who = {row.person_id: row.masked for row in known}
    mail = {row.id: row.masked for row in known}
    bought = {row.ref for row in rows(orders)}
    baskets = [row for row in rows(carts) if row.ref not in bought]
    return {
        "orders": told(rows(orders), ORDER, lambda row: who.get(row.person_id)),
        "carts": told(baskets, CART, lambda row: who.get(row.person_id)),
        "lines of orders": _lines(one, lines.c.order_id, rows(orders)),
        "lines of carts": _lines(one, lines.c.cart_id, baskets),
        "consents": told(_newest_acts(rows(consents)), ("state", "act_at"), lambda row: mail[row.address_id]),
        "products": told(rows(products), ("ref", "title", "published"), lambda row: ""),
        "stock": told(rows(variants), VARIANT, lambda row: ""),
    }


def _newest_acts(rows: Sequence[Any]) -> Sequence[Any]:
    """What counts of each address: a shop keeps no act that a later one has replaced."""
    newest = {row.address_id: row for row in sorted(rows, key=lambda row: row.act_at)}
    return list(newest.values())


def told(rows: Sequence[Any], names: Sequence[str], of: Callable[[Any], Any]) -> list[str]:
    return sorted(repr((of(row), *(getattr(row, name) for name in names))) for row in rows)


def _lines(one: Connected, owner: Any, owners: Sequence[Any]) -> list[str]:
    refs = {row.id: row.ref for row in owners}
    theirs = one.kontor.rows(lines, owner.in_(refs))
    return told(theirs, LINE, lambda row: refs[getattr(row, owner.name)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_the_lossy_stream_read_back_ends_in_the_same_records(
    platform: str, seed: int, sqlite_url: str, tmp_path: Path
) -> None:
    check(platform, seed, FEW, sqlite_url, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_shopify_shop_of_which_half_is_lost_all_but_carts_do_too(
    seed: int, sqlite_url: str, tmp_path: Path
) -> None:
    """A checkout that was bought before Shopify listed it as abandoned is listed nowhere."""
    check("shopify", seed, HALF, sqlite_url, tmp_path, without=("carts", "lines of carts"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_store_of_which_half_is_lost_does_too(seed: int, sqlite_url: str, tmp_path: Path) -> None:
    check("woocommerce", seed, HALF, sqlite_url, tmp_path)


def test_on_postgresql_as_well(migrated_postgres_url: str, tmp_path: Path) -> None:
    check("woocommerce", 4, HALF, migrated_postgres_url, tmp_path)


def test_on_postgresql_a_shopify_shop_too(migrated_postgres_url: str, tmp_path: Path) -> None:
    check("shopify", 4, FEW, migrated_postgres_url, tmp_path)


def check(
    platform: str, seed: int, share: float, url: str, folder: Path, without: Sequence[str] = ()
) -> None:
    line = Lossy(random.Random(seed), share)
    with both(platform, url, folder, line) as (whole, rough):
        busy.hour(whole, random.Random(1000 + seed))
        whole.kontor.settle()
        line.release()
        rough.kontor.settle()
        assert line.lost > 0
        for _ in range(2):
            rough.read_back()
        rough.check_up()
        known, expected = records(rough), records(whole)
        assert len(expected["orders"]) > 5
        assert all(expected[name] for name in ("products", "stock"))
        assert platform != "shopify" or expected["consents"]
        for name, rows in expected.items():
            if name in without:
                continue
            assert known[name] == rows, name
        assert not rough.kontor.rows(inbound, inbound.c.state != "done")
