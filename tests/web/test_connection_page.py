"""The page of a connection tells how the shop fares, and lets go of it when the merchant says so."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.models import Effect, OrderRow
from core.models.shops import DataRequest
from core.models.tables import connections, discount_codes, effects, hooks, readings
from engine import checkups
from engine.access import access_to
from integrations.roles import DiscountOrder
from tests.fakes.woocommerce import OWNER
from tests.web.at_store import AtStore, at_store
from tests.web.doorstep import doorstep


@pytest.fixture
def woo(tmp_path: Path, sqlite_url: str) -> Iterator[AtStore]:
    with at_store(tmp_path, sqlite_url) as found:
        found.connect(OWNER[0])
        yield found


@pytest.fixture
def anywhere(tmp_path: Path, migrated_url: str) -> Iterator[AtStore]:
    """The same on both databases."""
    with at_store(tmp_path, migrated_url) as found:
        found.connect(OWNER[0])
        yield found


def page(woo: AtStore, language: str = "en") -> str:
    answer = woo.hers.get(f"/m/{woo.key}/connection?lang={language}")
    assert answer.status_code == 200
    return " ".join(woo.hers.text.split())


def test_a_new_connection_says_what_comes_next(woo: AtStore) -> None:
    told = page(woo)
    for words in ("Connected", "asked for its count within minutes", "Nothing heard yet", "being made"):
        assert words in told
    assert "under way for the first time" in told


def test_orders_are_counted_as_the_shop_counts_heard_and_found(woo: AtStore) -> None:
    (shop,) = woo.shops
    with transaction(woo.door.machine.db) as session:
        for number, heard in enumerate([True, True, True, False]):
            at = shop.connected_at + timedelta(minutes=number)
            session.add(order(shop.merchant_id, str(number), at, heard=heard))
        session.add(order(shop.merchant_id, "old", shop.connected_at - timedelta(days=1), heard=False))
        counted = {"shop_count": 5, "counted_at": shop.connected_at}
        session.execute(update(connections).values(**counted))
    told = page(woo)
    for name, number in (("in the shop", 5), ("heard", 3), ("found by reading back", 1)):
        assert f"<dt>{name}</dt><dd>{number}</dd>" in told
    assert "usually hears of an order after 40 seconds" in told
    assert "meist nach 40 Sekunden" in page(woo, "de")


def order(merchant_id: int, ref: str, at: datetime, *, heard: bool) -> OrderRow:
    told: dict[str, Any] = {"merchant_id": merchant_id, "ref": ref, "name": ref}
    told |= {"currency": "EUR", "bought": True}
    return OrderRow(**told, placed_at=at, platform_at=at, created_at=at + timedelta(seconds=40), heard=heard)


def test_a_webhook_that_is_off_and_a_reading_in_trouble_are_seen(woo: AtStore) -> None:
    checkups.run(woo.door.machine)
    with transaction(woo.door.machine.db) as session:
        off = hooks.c.topic == "order.updated"
        session.execute(update(hooks).where(off).values(state="disabled"))
        session.execute(update(readings).values(trouble="no answer in time"))
    told = page(woo)
    assert told.count("switched off by the shop") == 1
    assert "no answer in time" in told


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Connect again"), ("de", "Neu verbinden")], ids=["en", "de"]
)
def test_when_the_shop_needs_her_the_page_says_why_and_what_to_do(
    woo: AtStore, language: str, says: str
) -> None:
    with transaction(woo.door.machine.db) as session:
        lost = {"state": "needs_merchant", "state_reason": "keys_refused"}
        session.execute(update(connections).values(**lost))
    told = page(woo, language)
    assert says in told
    assert ("keys" if language == "en" else "Schlüssel") in told


def test_disconnecting_takes_our_webhooks_out_and_forgets_the_keys(woo: AtStore) -> None:
    checkups.run(woo.door.machine)
    assert woo.store.webhooks() != []
    page(woo)
    woo.hers.post(f"/m/{woo.key}/connection/disconnect")
    (shop,) = woo.shops
    assert (shop.state, shop.token, woo.store.webhooks(), woo.rows(hooks)) == ("uninstalled", None, [], [])
    told = page(woo)
    assert "revoke the key named Kontor" in told
    assert "Connect again" in told


def test_disconnecting_a_store_that_does_not_answer_forgets_the_keys_all_the_same(woo: AtStore) -> None:
    page(woo)
    woo.store.trouble("maintenance", times=None)
    woo.hers.post(f"/m/{woo.key}/connection/disconnect")
    assert woo.shops[0].token is None
    assert "delete our webhooks there" in page(woo)


def test_what_we_made_in_the_shop_is_taken_out_before_the_keys_go(anywhere: AtStore) -> None:
    woo = anywhere
    make_code(woo)
    assert len(woo.store.memory.coupons) == 1
    page(woo)
    woo.hers.post(f"/m/{woo.key}/connection/disconnect")
    states = {row.kind: row.state for row in woo.rows(effects)}
    assert states == {"create_discount": "done", "remove_discount": "done", "send_message": "skipped"}
    assert woo.store.memory.coupons == {}
    assert woo.rows(discount_codes)[0].removed_at is not None


def make_code(woo: AtStore) -> None:
    """A code nobody has used yet, and a message that waits."""
    machine, (shop,) = woo.door.machine, woo.shops
    ends_at = shop.connected_at + timedelta(days=2)
    ordered = DiscountOrder("ABCDEFGHJK", "percent", 10, "EUR", ends_at)
    machine.connected[shop.platform].create_discount(access_to(machine, shop.merchant_id), ordered)
    with transaction(machine.db) as session:
        made = effect(shop.merchant_id, "made", "create_discount", "done")
        session.add(made)
        session.flush()
        waits = effect(shop.merchant_id, "made.removal", "remove_discount", "pending", undo=True)
        waits.payload = {"made_by": made.id}
        session.add_all([waits, effect(shop.merchant_id, "mail", "send_message", "pending")])
        told = {"merchant_id": shop.merchant_id, "effect_id": made.id, "flow": "cart_recovery"}
        told |= {"code": ordered.code, "kind": "percent", "value": 10, "currency": "EUR"}
        told |= {"reserved_minor": 0, "ends_at": ends_at, "made_at": shop.connected_at}
        session.execute(discount_codes.insert().values(**told))


def effect(merchant_id: int, key: str, kind: str, state: str, *, undo: bool = False) -> Effect:
    return Effect(
        merchant_id=merchant_id,
        key=key,
        flow="cart_recovery",
        mode="live",
        step=1,
        settings_version=1,
        kind=kind,
        purpose="service",
        undo=undo,
        state=state,
        due_at=clock.now(),
    )


def test_a_customers_request_is_listed_with_its_date_and_answered_by_download(woo: AtStore) -> None:
    (shop,) = woo.shops
    with transaction(woo.door.machine.db) as session:
        session.add(DataRequest(merchant_id=shop.merchant_id, ref="4711"))
    assert "4711" in page(woo)
    number = 1
    answer = woo.hers.post(f"/m/{woo.key}/connection/data-requests/{number}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="data-request-1.json"'
    assert answer.get_json()["request"] == "4711"
    assert "4711" not in page(woo)


@pytest.mark.parametrize("what", ["data-requests/{}", "colleagues/{}/remove", "sessions/{}/end"])
def test_a_number_no_row_can_have_is_not_there(woo: AtStore, what: str) -> None:
    page(woo)
    assert woo.hers.post(f"/m/{woo.key}/connection/{what.format(2**63)}").status_code == 404


def test_an_app_is_not_disconnected_here_but_where_it_was_installed(tmp_path: Path, sqlite_url: str) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        shop = door.resident("shopify")
        door.app.config["WTF_CSRF_ENABLED"] = False
        door.client.get(f"/dev/sign-in/{shop.key}")
        told = door.client.get(f"/m/{shop.key}/connection").text
        assert "remove Kontor among the apps" in told
        assert door.client.post(f"/m/{shop.key}/connection/disconnect").status_code == 404
        assert door.client.post(f"/m/{shop.key}/connection/colleagues").status_code == 404
