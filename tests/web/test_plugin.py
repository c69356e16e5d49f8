"""The real plugin and the running Kontor: from a cart to the link that brings it back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.models.tables import carts, companions, consents, enrolments
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
