"""Uninstalling and erasing at Shopify: proved, once, recorded, and never at a shop that has come back."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from core import clock
from core.db import reading
from core.models import metadata
from core.models.tables import addresses, effects, legal_acts, look_ups, merchants, people, suppressions
from engine import legal_acts as record
from engine import notices as telling
from engine import retention
from engine.consent import opt_out
from tests.engine.connected import ANNA, AtShopify


def acts(shopify: AtShopify) -> list[tuple[str, str | None, int]]:
    with reading(shopify.machine.db) as session:
        rows = session.execute(select(legal_acts).order_by(legal_acts.c.id))
        return [(row.kind, row.outcome, row.people) for row in rows]


def is_there(shopify: AtShopify) -> bool:
    with reading(shopify.machine.db) as session:
        mine = select(func.count()).where(merchants.c.id == shopify.merchant_id)
        return bool(session.execute(mine).scalar_one())


def an_effect_waits(shopify: AtShopify) -> None:
    shopify.shop.add_customer(ANNA)
    shopify.shop.leave_checkout(ANNA)
    shopify.settle()
    address = next(row for row in shopify.kontor.rows(addresses) if row.channel == "email")
    assert opt_out(shopify.machine, shopify.merchant_id, address.id, "page", shopify.kontor.now())


def test_an_uninstall_is_believed_when_a_call_fails_and_everything_waiting_ends(shopify: AtShopify) -> None:
    an_effect_waits(shopify)
    shopify.shop.uninstall()
    shopify.settle()
    row = shopify.connection()
    assert (row.state, row.token, row.refresh) == ("uninstalled", None, None)
    assert shopify.kontor.merchant.uninstalled_at is not None
    assert [(row.state, row.reason) for row in shopify.kontor.rows(effects)] in (
        [("skipped", "uninstalled")],
        [("held", "needs_merchant")],
    )
    assert acts(shopify) == [("uninstalled", "access_ended", 0)]


def test_told_twice_it_is_done_once(shopify: AtShopify) -> None:
    shopify.shop.uninstall()
    shopify.settle()
    at = shopify.kontor.merchant.uninstalled_at
    shopify.shop.uninstall()
    shopify.settle()
    assert shopify.kontor.merchant.uninstalled_at == at
    assert acts(shopify) == [("uninstalled", "access_ended", 0)]


def test_an_uninstall_told_of_a_shop_whose_token_works_is_not_believed(shopify: AtShopify) -> None:
    from tests.fakes.shopify import app_bodies

    shopify.shop.send("app/uninstalled", app_bodies.itself(shopify.shop.memory))
    shopify.settle()
    assert shopify.connection().state == "active"
    assert shopify.kontor.merchant.uninstalled_at is None


@pytest.mark.parametrize("left", [timedelta(minutes=2), -timedelta(minutes=2)])
def test_it_is_proved_too_where_the_token_is_about_to_end_or_has(shopify: AtShopify, left: timedelta) -> None:
    shopify.change_connection(token_ends_at=clock.now() + left)
    shopify.shop.uninstall()
    shopify.settle()
    assert shopify.connection().state == "uninstalled"


def test_a_shop_that_is_only_silent_has_not_left(shopify: AtShopify) -> None:
    shopify.fake.fail("status", times=99, on="any")
    shopify.change_connection(token_ends_at=clock.now() - timedelta(minutes=2))
    shopify.shop.uninstall()
    shopify.fake.faults.add(shopify.fake.fail("status", times=99, on="any"))
    shopify.settle()
    assert shopify.connection().state == "active"
    assert [row.state for row in shopify.kontor.rows(look_ups)] == ["waiting"]


def test_a_reinstall_in_between_is_not_wiped(shopify: AtShopify) -> None:
    """The news of the uninstall comes after she has come back."""
    shopify.fake.hooks.holding = True
    shopify.shop.uninstall()
    assert shopify.reconnect() == shopify.merchant_id
    shopify.fake.hooks.release()
    shopify.settle()
    assert shopify.connection().state == "active"
    assert shopify.kontor.merchant.uninstalled_at is None
    assert acts(shopify) == []


def test_nor_where_she_comes_back_while_the_shop_is_being_asked(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = shopify.live.look_up

    def slow(access: Any, wanted: Any) -> Any:
        try:
            return honest(access, wanted)
        finally:
            monkeypatch.undo()
            shopify.reconnect()

    monkeypatch.setattr(shopify.live, "look_up", slow)
    shopify.shop.uninstall()
    shopify.settle()
    assert (shopify.connection().state, shopify.kontor.merchant.uninstalled_at) == ("active", None)


def test_who_reinstalls_is_the_same_merchant_and_goes_on(shopify: AtShopify) -> None:
    shopify.shop.uninstall()
    shopify.settle()
    assert shopify.reconnect() == shopify.merchant_id
    assert (shopify.connection().state, shopify.kontor.merchant.uninstalled_at) == ("active", None)
    shopify.shop.place_order(email=ANNA)
    shopify.settle()
    assert len(shopify.kontor.rows(people)) == 1


def test_a_shop_that_left_is_erased_when_shopify_asks_for_it_and_that_is_recorded(shopify: AtShopify) -> None:
    shopify.shop.place_order(email=ANNA)
    shopify.settle()
    shopify.shop.uninstall()
    shopify.settle()
    shopify.shop.redact_shop()
    shopify.settle()
    assert not is_there(shopify)
    assert everything_of_hers(shopify) == {}
    assert acts(shopify) == [("uninstalled", "access_ended", 0), ("shop_erasure", "erased", 0)]
    with reading(shopify.machine.db) as session:
        (told,) = record.of_shop(session, shopify.machine.vault, shopify.shop.domain)
    assert told.done_at - told.asked_at < timedelta(days=30)
    assert shopify.shop.domain not in str(told)


def everything_of_hers(shopify: AtShopify) -> dict[str, int]:
    found = {}
    with reading(shopify.machine.db) as session:
        for table in metadata.sorted_tables:
            if "merchant_id" in table.c:
                mine = select(func.count()).where(table.c.merchant_id == shopify.merchant_id)
                found[table.name] = session.execute(mine).scalar_one()
    return {name: count for name, count in found.items() if count}


def test_a_shop_whose_uninstall_nobody_told_is_asked_first_and_then_erased(shopify: AtShopify) -> None:
    shopify.shop.uninstall(silent=True)
    shopify.shop.redact_shop()
    shopify.settle()
    assert not is_there(shopify)
    assert sorted(acts(shopify)) == [("shop_erasure", "erased", 0), ("uninstalled", "access_ended", 0)]


def test_a_shop_that_came_back_is_not_erased(shopify: AtShopify) -> None:
    shopify.shop.place_order(email=ANNA)
    shopify.shop.uninstall()
    shopify.settle()
    shopify.reconnect()
    shopify.shop.redact_shop()
    shopify.settle()
    assert is_there(shopify)
    assert shopify.kontor.rows(people) != []
    assert acts(shopify) == [("uninstalled", "access_ended", 0), ("shop_erasure", "still_installed", 0)]


def test_where_the_answer_never_came_the_shop_is_asked_again_every_day(shopify: AtShopify) -> None:
    shopify.shop.uninstall(silent=True)
    shopify.shop.redact_shop()
    from engine import inbox

    inbox.run(shopify.machine)
    shopify.kontor.write(update(look_ups).values(state="failed"))
    retention.retention(shopify.machine)
    shopify.settle()
    assert not is_there(shopify)


def test_an_erased_customer_stays_suppressed_by_a_keyed_hash_and_that_is_recorded(shopify: AtShopify) -> None:
    customer = shopify.shop.place_order(email=ANNA).customer
    assert customer is not None
    shopify.settle()
    shopify.shop.redact_customer(customer)
    shopify.settle()
    assert shopify.kontor.rows(addresses) == []
    assert {row.channel for row in shopify.kontor.rows(suppressions)} == {"email", "customer"}
    assert ANNA not in str(shopify.kontor.rows(suppressions))
    assert acts(shopify) == [("person_erasure", "erased", 1)]
    with reading(shopify.machine.db) as session:
        (told,) = record.of_merchant(session, shopify.kontor.merchant)
    assert told.done_at is not None


def test_somebody_we_never_knew_is_suppressed_and_recorded_as_well(shopify: AtShopify) -> None:
    stranger = shopify.shop.add_customer("nobody@example.com")
    shopify.shop.redact_customer(stranger)
    shopify.settle()
    assert len(shopify.kontor.rows(suppressions)) == 2
    assert acts(shopify) == [("person_erasure", "nobody_known", 0)]


def test_a_shop_that_left_is_no_longer_written_to(shopify: AtShopify) -> None:
    shopify.shop.installation.revoke()
    shopify.read_back()
    assert shopify.connection().state == "needs_merchant"
    shopify.shop.uninstall()
    shopify.settle()
    assert shopify.kontor.merchant.uninstalled_at is not None
    with time_machine.travel(clock.now() + timedelta(days=4), tick=True):
        assert telling.run(shopify.machine) == 0
