"""The real plugin and the running Kontor: from a cart to the link that brings it back."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from core.db import transaction
from core.models.tables import carts, companions, connections, consents, enrolments, hooks, merchants
from engine import checkups
from tests.fakes.woocommerce import OWNER
from tests.web.at_plugin import AtPlugin, Shopper, at_plugin

pytestmark = pytest.mark.php


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str) -> Iterator[AtPlugin]:
    with at_plugin(tmp_path, sqlite_url) as found:
        yield found


def test_a_store_connected_finds_its_plugin_and_is_introduced(shop: AtPlugin) -> None:
    shop.connect()
    state = shop.state()
    assert (state["state"], state["version"]) == ("connected", "1.0.0")
    (row,) = shop.woo.rows(companions)
    assert (row.version, row.page) == ("1.0.0", f"{shop.woo.store.url}/wp-admin/admin.php?page=kontor")


def test_from_a_cart_and_a_tick_to_the_mail_and_back_to_the_cart(shop: AtPlugin) -> None:
    shop.connect()
    shop.go_live()
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug, 2)
    page = eve.go_to_checkout()
    assert "Mugs &amp; More may write to me by e-mail" in page.text
    assert "checked" not in page.text
    shop.deliver()
    assert shop.woo.rows(carts) == [], "nobody has agreed to anything yet"
    assert eve.agree("eve@example.test").status == 200
    shop.deliver()
    (cart,), (consent,) = shop.woo.rows(carts), shop.woo.rows(consents)
    assert (cart.kind, cart.total_minor, cart.currency) == ("checkout", 2500, "EUR")
    assert (consent.state, consent.source) == ("opted_in", "checkout")
    assert "Mugs & More may write to me by e-mail" in consent.text
    assert [trip.state for trip in shop.woo.rows(enrolments)] == ["active"]
    shop.forward(timedelta(hours=1, minutes=1))
    (mail,) = [one for one in shop.woo.mails() if one.to == "eve@example.test"]
    back = shop.follow(shop.links(mail)[0])
    assert back.startswith("/?kontor-cart=")
    again = Shopper(shop.woo)
    answer = again.open(back)
    assert answer.status == 302
    assert answer.headers["location"].startswith(f"{shop.woo.store.url}/checkout/?utm_source=kontor")
    assert again.cart() == ["2 of Blue Mug"]


def test_the_way_from_wp_admin_leads_to_kontor_with_the_shop_filled_in(shop: AtPlugin) -> None:
    owner = shop.sign_in()
    page = shop.admin_page(owner).text
    assert "Connect this shop" in page
    nonce = re.findall(r'name="_wpnonce" value="([^"]+)"', page)[0]
    form = {"action": "kontor_connect", "_wpnonce": nonce, "address": shop.woo.hers.base}
    said = owner.open(f"{shop.woo.store.url}/wp-admin/admin-post.php", urlencode(form))
    assert said.status == 302
    there = said.headers["location"].removeprefix(shop.woo.hers.base)
    assert shop.woo.hers.get(there).status_code == 200
    assert f'value="{shop.woo.store.url}/"' in shop.woo.hers.text
    assert f'value="{OWNER[0]}"' in shop.woo.hers.text


def test_a_cart_that_is_filled_in_for_somebody_is_escaped(shop: AtPlugin) -> None:
    told = urlencode({"address": '"><script>x</script>', "email": "a"})
    page = shop.woo.hers.client.get(f"/connect/woocommerce?{told}", base_url=shop.woo.hers.base).text
    assert "<script>x" not in page


def test_the_page_of_the_connection_tells_of_the_plugin_and_what_it_brings(shop: AtPlugin) -> None:
    shop.connect()
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug)
    eve.go_to_checkout()
    eve.agree("eve@example.test")
    shop.deliver()
    shop.woo.store.leave_draft("adam@example.test", [("MUG-1", 1)])
    shop.woo.store.run_queue()
    shop.woo.door.settle()
    pages = shop.woo.hers
    pages.get(f"/m/{shop.merchant.key}/connection?lang=en")
    panel = pages.text.partition("The plugin in your shop")[2].partition("</section>")[0]
    assert "Version 1.0.0" in panel
    assert re.findall(r"<dd>(\d+)</dd>", panel) == ["2", "1", "1"]
    pages.get(f"/m/{shop.merchant.key}/connection?lang=de")
    assert "Das Plugin in Ihrem Shop" in pages.text


def test_a_plugin_that_is_gone_is_said_to_be_and_looked_for_when_she_asks(shop: AtPlugin) -> None:
    shop.woo.store.website.wordpress = None
    shop.connect()
    pages, path = shop.woo.hers, f"/m/{shop.merchant.key}/connection"
    pages.get(f"{path}?lang=en")
    assert "Not installed. With it shoppers are asked" in pages.text
    assert shop.woo.rows(companions) == []
    shop.woo.store.website.wordpress = shop.wordpress
    pages.post(f"{path}/look")
    shop.look()
    pages.get(path)
    assert "Version 1.0.0" in pages.text
    shop.woo.store.website.wordpress = None
    pages.post(f"{path}/look")
    shop.look()
    pages.get(path)
    assert "Not installed." in pages.text
    assert [row.gone_at is not None for row in shop.woo.rows(companions)] == [True]


def test_the_plugin_is_told_once_and_again_only_when_something_changed(shop: AtPlugin) -> None:
    shop.connect()
    counts = shop.woo.store.counts
    assert counts["POST /wp-json/wc-kontor/v1/connection"] == 1
    checkups.soon(shop.woo.door.machine, shop.merchant.id)
    shop.look()
    counts = shop.woo.store.counts
    assert (
        counts["POST /wp-json/wc-kontor/v1/connection"],
        counts["GET /wp-json/wc-kontor/v1/connection"],
    ) == (1, 2)
    with transaction(shop.woo.door.machine.db) as session:
        session.execute(update(merchants).values(name="Mugs and Cups"))
    checkups.soon(shop.woo.door.machine, shop.merchant.id)
    shop.look()
    assert "Mugs and Cups may write to me" in asked_at_checkout(shop)


def asked_at_checkout(shop: AtPlugin) -> str:
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug)
    return eve.go_to_checkout().text


def test_a_plugin_that_answers_nonsense_keeps_nothing_else_from_being_looked_after(shop: AtPlugin) -> None:
    shop.woo.store.trouble("server_error", None, path="/wp-json/wc-kontor/v1/connection")
    shop.connect()
    assert shop.woo.rows(companions) == []
    assert {row.state for row in shop.woo.rows(hooks)} == {"active"}


def test_an_order_from_the_cart_ends_its_reminders_whoever_it_is_billed_to(shop: AtPlugin) -> None:
    shop.connect()
    shop.go_live()
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug)
    eve.go_to_checkout()
    eve.agree("eve@example.test")
    shop.deliver()
    (cart,) = shop.woo.rows(carts)
    store = shop.woo.store
    order = store.place(store.leave_draft("office@example.test", [("MUG-1", 1)]), "card")
    store.memory.orders[order].noted["_kontor_cart"] = cart.ref.removeprefix("kontor-")
    store.run_queue()
    shop.woo.door.settle()
    trips = [(trip.state, trip.reason) for trip in shop.woo.rows(enrolments)]
    assert trips == [("exited", "bought")]


def test_a_tick_taken_back_ends_the_reminders(shop: AtPlugin) -> None:
    shop.connect()
    shop.go_live()
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug)
    eve.go_to_checkout()
    eve.agree("eve@example.test")
    shop.deliver()
    eve.agree("eve@example.test", agreed=False)
    shop.deliver()
    trips = [(trip.state, trip.reason) for trip in shop.woo.rows(enrolments)]
    assert trips == [("exited", "unsubscribed")]


def test_what_could_not_be_brought_is_brought_later(shop: AtPlugin) -> None:
    """The door knows nobody of that secret; a minute later it does."""
    shop.connect()
    with transaction(shop.woo.door.machine.db) as session:
        session.execute(update(connections).values(address="elsewhere"))
    shop.woo.door.app.extensions["kontor.door"].addresses._known.clear()
    eve = Shopper(shop.woo)
    eve.put_in_cart(shop.mug)
    eve.go_to_checkout()
    eve.agree("eve@example.test")
    shop.deliver()
    assert (shop.state()["waiting"], shop.woo.rows(carts)) == (2, [])
    checkups.soon(shop.woo.door.machine, shop.merchant.id)
    shop.look()
    shop.deliver()
    assert (shop.state()["waiting"], len(shop.woo.rows(carts))) == (0, 1)
