"""People and merchants take their data back; the app is thrown out."""

from datetime import UTC, datetime

import pytest

from core.errors import Unreadable
from core.events import (
    AppUninstalled,
    Contact,
    DataRequested,
    ErasureRequested,
    LookUp,
    ShopErasureRequested,
)
from integrations.shopify.shop import SHOPIFY
from tests.integrations.recorded import one, without
from tests.integrations.shopify.reading import PLACEHOLDER, SHOP, read

JOHN = Contact(email="john@example.com", phone="555-625-1199", customer_ref="191167")
ORDERS = ("299938", "280263", "220458")


def test_a_person_asks_what_is_known_of_her() -> None:
    assert read("customers_data_request", PLACEHOLDER) == [DataRequested(JOHN, ORDERS, "9999")]


def test_a_person_asks_to_be_forgotten() -> None:
    assert read("customers_redact", PLACEHOLDER) == [ErasureRequested(JOHN, ORDERS)]


def test_a_person_without_an_address_is_forgotten_by_her_id() -> None:
    (event,) = read("customers_redact", PLACEHOLDER, customer={"id": 7, "email": None, "phone": None})
    assert isinstance(event, ErasureRequested)
    assert event.contact == Contact(customer_ref="7")


def test_a_shop_asks_to_be_forgotten() -> None:
    assert read("shop_redact", PLACEHOLDER) == [ShopErasureRequested()]


def test_the_app_is_thrown_out() -> None:
    assert read("app_uninstalled") == [AppUninstalled()]
    (event,) = read("app_uninstalled", updated_at="2022-01-01T00:00:00Z")
    assert event == AppUninstalled(datetime(2022, 1, 1, tzinfo=UTC))


def test_a_shop_that_changed_is_looked_at_again() -> None:
    assert read("shop_update") == [LookUp("installation", SHOP.domain)]


@pytest.mark.parametrize("name", ["customers_data_request", "customers_redact", "shop_redact"])
def test_a_demand_that_names_no_shop_is_unreadable(name: str) -> None:
    delivery = one("shopify", name)
    with pytest.raises(Unreadable, match="'shop_domain' is missing"):
        SHOPIFY.read(delivery.topic, without(delivery, "shop_domain"), PLACEHOLDER)
