"""Every recorded webhook goes through the real door, unedited, and ends with a word."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from core.db import reading, transaction
from core.events import Event, LookUp
from core.models.tables import connections, decisions, effects
from engine import inbox
from engine.machine import Machine
from integrations.roles import ShopIdentity
from integrations.sandbox import seed
from tests.integrations.recorded import Recorded, recorded
from tests.web.doorstep import Doorstep, Resident, doorstep

# The recorded privacy webhooks carry a placeholder for the shop's domain.
UNREADABLE = {
    name: f"{name.replace('_', '/', 1)}: 'shop_domain' names another shop"
    for name in ("customers_data_request", "customers_redact", "shop_redact")
}
BODY = b'{"id": 1}'


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url) as found:
        yield found


def set_secret(door: Doorstep, merchant_id: int, secret: str) -> None:
    sealed = door.machine.vault.seal(secret, f"connection:{merchant_id}:webhook_secret")
    with transaction(door.machine.db) as session:
        mine = update(connections).where(connections.c.merchant_id == merchant_id)
        session.execute(mine.values(webhook_secret=sealed))


def ends(door: Doorstep, whose: Resident) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in door.kept(whose)]


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_every_recorded_webhook_ends_done_or_says_why_not(door: Doorstep, platform: str) -> None:
    shop = door.resident(platform)
    came = [one for one in recorded(platform) if one.topic]
    assert len(came) > 20
    assert [door.deliver(shop, one.topic, one.request.body) for one in came] == [200] * len(came)
    door.settle()
    told = dict(zip((one.name for one in came), ends(door, shop), strict=True))
    expected = dict.fromkeys(told, ("done", None)) | {
        name: ("unreadable", why) for name, why in UNREADABLE.items() if platform == "shopify"
    }
    assert told == expected


def test_what_a_real_store_sent_is_taken_as_it_came_headers_and_all(door: Doorstep) -> None:
    came = [one for one in recorded("woocommerce") if one.topic and one.secret]
    shop = door.resident("woocommerce")
    for one in came:
        set_secret(door, shop.id, one.secret or "")
        assert take(door, shop, one) == 200, one.name
    door.settle()
    assert set(ends(door, shop)) == {("done", None)}
    assert len(door.kept(shop)) == len(came)


def test_what_the_sandbox_sent_is_taken_as_it_came(door: Doorstep) -> None:
    merchant = seed.seed(door.machine.runtime)
    with reading(door.machine.db) as session:
        address = session.execute(
            select(connections.c.address).where(connections.c.merchant_id == merchant.id)
        ).scalar_one()
    shop = Resident(merchant.id, merchant.key, "sandbox", address, "localhost", "")
    came = recorded("sandbox")
    for one in came:
        set_secret(door, shop.id, one.secret or "")
        assert take(door, shop, one) == 200, one.name
    door.settle()
    assert ends(door, shop) == [("done", None)] * len(came)


def test_the_recorded_carts_write_to_nobody_and_say_why(door: Doorstep) -> None:
    beans, mugs = door.resident("shopify"), door.resident("woocommerce")
    door.deliver(beans, "checkouts/create", body_of("shopify", "checkouts_create"))
    door.deliver(mugs, "order.updated", body_of("woocommerce", "order.updated__checkout_draft_email"))
    door.settle()
    with reading(door.machine.db) as session:
        told = {row.merchant_id: row.reasons for row in session.execute(select(decisions))}
        assert session.execute(select(effects)).all() == []
    assert set(told[beans.id]) == {"no_consent", "too_old", "before_live"}
    assert set(told[mugs.id]) - {"too_old"} == {"no_consent", "before_live"}


class Faulty:
    """A WooCommerce with a fault of ours in its reader."""

    key = "woocommerce"

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
        if topic == "product.updated":
            raise self.fault
        return []


def with_fault(machine: Machine, fault: Exception) -> Machine:
    shops: Mapping[str, Any] = {**machine.shops, "woocommerce": Faulty(fault)}
    return replace(machine, shops=shops)


@pytest.mark.parametrize(
    "fault",
    [KeyError("id"), AttributeError("x"), RecursionError(), UnicodeEncodeError("utf-8", "x", 0, 1, "x")],
)
def test_a_fault_of_ours_is_written_down_and_the_next_webhook_goes_on(
    door: Doorstep, fault: Exception
) -> None:
    shop = door.resident("woocommerce")
    for topic in ("product.updated", "order.updated"):
        door.deliver(shop, topic, BODY)
    assert inbox.run(with_fault(door.machine, fault)) == 2
    assert ends(door, shop) == [("unreadable", f"internal: {type(fault).__name__}"), ("done", None)]


def test_what_was_unreadable_is_read_again_once_the_reader_is_mended(door: Doorstep) -> None:
    shop, stranger = door.resident("woocommerce"), door.resident("woocommerce")
    door.deliver(shop, "product.updated", BODY)
    inbox.run(with_fault(door.machine, KeyError("id")))
    [row] = door.kept(shop)
    assert not inbox.replay(door.machine, stranger.id, row.id)
    assert inbox.replay(door.machine, shop.id, row.id)
    assert not inbox.replay(door.machine, shop.id, row.id)
    inbox.run(with_mended(door.machine))
    assert ends(door, shop) == [("done", None)]
    assert not inbox.replay(door.machine, shop.id, row.id)


def test_while_the_database_is_away_nothing_is_given_up(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    door.deliver(shop, "product.updated", BODY)
    away = OperationalError("select", None, Exception("the connection was lost"))
    with pytest.raises(OperationalError):
        inbox.run(with_fault(door.machine, away))
    assert ends(door, shop) == [("new", None)]


def with_mended(machine: Machine) -> Machine:
    class Mended(Faulty):
        def read(self, topic: str, body: bytes, shop: ShopIdentity) -> list[Event | LookUp]:
            return []

    shops: Mapping[str, Any] = {**machine.shops, "woocommerce": Mended(KeyError())}
    return replace(machine, shops=shops)


def take(door: Doorstep, shop: Resident, one: Recorded) -> int:
    """Deliver it byte for byte, header for header; the door's memory of
    addresses is fresh, as each has a secret of its own."""
    door.app.extensions["kontor.door"].addresses._known.clear()
    return door.knock(shop.path, one.request.body, one.request.headers)


def body_of(platform: str, name: str) -> bytes:
    return next(one.request.body for one in recorded(platform) if one.name == name)
