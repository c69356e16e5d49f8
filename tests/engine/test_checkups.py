"""A shop's webhooks are looked after, and its merchant hears when something is wrong."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.models.tables import hooks, inbound, notices
from engine import checkups
from engine import notices as telling
from integrations.woocommerce.topics import READERS
from tests.engine.connected import AtShopify, AtWooCommerce, Connected
from tests.engine.stories import Postbox

ALL = dict.fromkeys(READERS, "active")


def states(connected: Connected) -> dict[str, str]:
    return {row.topic: row.state for row in connected.kontor.rows(hooks)}


def at_the_store(woo: AtWooCommerce) -> list[tuple[str, str]]:
    return sorted((one["topic"], one["status"]) for one in woo.store.webhooks())


def test_a_store_gets_its_webhooks_at_the_first_check_up_and_each_is_known(woo: AtWooCommerce) -> None:
    assert states(woo) == {}
    checkups.run(woo.machine)
    assert states(woo) == ALL
    assert at_the_store(woo) == sorted((topic, "active") for topic in READERS)
    row = woo.connection()
    assert clock.now() < row.hooks_at < clock.now() + timedelta(hours=7)
    assert (row.shop_count, row.counted_at is None) == (0, False)
    assert checkups.run(woo.machine) == 0, "nothing more is due"


def test_disabled_missing_and_doubled_webhooks_are_mended(woo: AtWooCommerce) -> None:
    woo.check_up()
    first, second, third, *_ = list(woo.store.memory.webhooks.values())
    first.status = "disabled"
    del woo.store.memory.webhooks[second.id]
    double = max(woo.store.memory.webhooks) + 1
    woo.store.memory.webhooks[double] = replace(third, id=double)
    woo.check_up()
    assert at_the_store(woo) == sorted((topic, "active") for topic in READERS)
    assert states(woo) == ALL


def test_what_the_mended_webhooks_tell_is_heard(woo: AtWooCommerce) -> None:
    woo.check_up()
    for webhook in woo.store.memory.webhooks.values():
        webhook.status = "disabled"
    woo.store.order("anna@example.com", [("MUG", 1)])
    woo.deliver()
    assert woo.kontor.rows(inbound) == []
    woo.check_up()
    woo.store.order("anna@example.com", [("MUG", 1)])
    woo.deliver()
    assert {row.state for row in woo.kontor.rows(inbound)} == {"done"}


def test_shopifys_webhooks_come_with_the_app_and_are_shown_as_declared(shopify: AtShopify) -> None:
    shopify.check_up()
    assert set(states(shopify).values()) == {"declared"}
    assert "orders/create" in states(shopify)


def test_a_store_that_can_not_be_reached_is_checked_again_soon(woo: AtWooCommerce) -> None:
    woo.store.trouble("unavailable", times=None)
    woo.check_up()
    assert states(woo) == {}
    assert woo.connection().hooks_at < clock.now() + timedelta(minutes=20)
    assert woo.connection().state == "active"


def test_keys_that_were_taken_back_are_told_to_the_merchant(woo: AtWooCommerce) -> None:
    woo.store.revoke_keys()
    woo.check_up()
    assert woo.connection().state == "needs_merchant"
    assert [row.kind for row in woo.kontor.rows(notices)] == ["reconnect"]


def test_a_fault_of_ours_with_one_shop_ends_no_check_up_of_the_others(
    woo: AtWooCommerce, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> Any:
        raise KeyError("a fault")

    monkeypatch.setattr(woo.live, "mend_hooks", broken)
    woo.change_connection(hooks_at=None)
    assert checkups.run(woo.machine) == 1


def heard(connected: Connected, per_day: int, days: range) -> None:
    """So many webhooks on each of these days before now."""
    rows = [
        {
            "merchant_id": connected.merchant_id,
            "dedupe": f"{day}.{number}",
            "topic": "order.updated",
            "about_orders": True,
            "state": "done",
            "received_at": clock.now() - timedelta(days=day, hours=1),
        }
        for day in days
        for number in range(per_day)
    ]
    connected.kontor.write(inbound.insert().values(rows))


def mails(connected: Connected) -> list[str]:
    box = connected.machine.channel
    assert isinstance(box, Postbox)
    before = len(box.sent)
    telling.run(connected.machine)
    return [message.subject for message in box.sent[before:]]


def test_a_shop_quieter_than_usual_is_told_of_once_and_when_it_is_heard_again(woo: AtWooCommerce) -> None:
    woo.change_connection(connected_at=clock.now() - timedelta(days=30))
    heard(woo, 20, range(1, 14))
    woo.check_up()
    woo.check_up()
    assert mails(woo) == ["Mugs & More: your shop is quieter than usual"]
    (notice,) = woo.kontor.rows(notices)
    assert (notice.kind, notice.detail.split("/")[0], notice.tell_at) == ("quiet", "0", None)
    heard(woo, 15, range(1))
    woo.check_up()
    assert mails(woo) == ["Mugs & More: your shop is heard as usual again"]
    assert mails(woo) == []


@pytest.mark.parametrize(("per_day", "since"), [(20, 3), (4, 30)])
def test_a_new_or_a_small_shop_is_not_called_quiet(woo: AtWooCommerce, per_day: int, since: int) -> None:
    woo.change_connection(connected_at=clock.now() - timedelta(days=since))
    heard(woo, per_day, range(1, min(since, 14)))
    woo.check_up()
    assert woo.kontor.rows(notices) == []


def test_a_shops_pages_are_told_where_to_report_looks(shopify: AtShopify) -> None:
    shopify.check_up()
    pixel = shopify.shop.memory.pixel
    assert pixel is not None
    key = shopify.kontor.merchant.key
    assert pixel[1] == {"address": f"{shopify.machine.config.app_url}/pixel/{key}"}


def test_a_shop_that_has_not_granted_the_pixel_lacks_nothing_else(shopify: AtShopify) -> None:
    scopes = shopify.shop.installation.scopes - {"write_pixels", "read_customer_events"}
    shopify.shop.change_scopes(*scopes, silent=True)
    shopify.check_up()
    assert shopify.shop.memory.pixel is None
    assert shopify.connection().state == "active"
    assert shopify.connection().counted_at is not None
