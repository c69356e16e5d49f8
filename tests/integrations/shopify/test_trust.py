"""Shopify signs the body alone: a body delivered for the wrong shop must change nothing."""

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unreadable
from core.events import Event
from integrations.roles import ShopIdentity
from tests.integrations.shopify.reading import PLACEHOLDER, SHOP, read

STRANGER = ShopIdentity("stranger.myshopify.com", "7", "USD")
NAMING_THEIR_SHOP = [
    ("checkouts_create", "abandoned_checkout_url"),
    ("checkouts_update", "abandoned_checkout_url"),
    ("orders_create", "order_status_url"),
    ("orders_paid", "order_status_url"),
    ("orders_cancelled", "order_status_url"),
    ("app_uninstalled", "id"),
    ("shop_update", "id"),
    ("fulfillment_events_create", "shop_id"),
    ("customers_data_request", "shop_domain"),
    ("customers_redact", "shop_domain"),
    ("shop_redact", "shop_domain"),
]


def proofs(name: str, shop: ShopIdentity = SHOP, **changes: Any) -> list[bool]:
    return [event.proven for event in read(name, shop, **changes) if isinstance(event, Event)]


@pytest.mark.parametrize(("name", "key"), NAMING_THEIR_SHOP)
def test_a_body_of_another_shop_is_unreadable_and_says_by_what(name: str, key: str) -> None:
    with pytest.raises(Unreadable, match=f"'{key}' names another shop"):
        read(name, STRANGER)


@pytest.mark.parametrize("name", ["customers_data_request", "customers_redact", "shop_redact"])
def test_name_and_number_must_both_be_ours(name: str) -> None:
    assert proofs(name, PLACEHOLDER) == [True]
    with pytest.raises(Unreadable, match="'shop_id' names another shop"):
        read(name, replace(PLACEHOLDER, shop_id="7"))


def test_an_uninstall_may_name_its_shop_by_domain() -> None:
    assert proofs("app_uninstalled", myshopify_domain="JSmith.myshopify.com") == [True]
    with pytest.raises(Unreadable, match="'myshopify_domain' names another shop"):
        read("app_uninstalled", myshopify_domain="stranger.myshopify.com")


@pytest.mark.parametrize("name", ["checkouts_create", "orders_create", "app_uninstalled"])
def test_while_our_own_number_is_unknown_a_number_proves_nothing(name: str) -> None:
    assert set(proofs(name, replace(SHOP, shop_id=None))) == {False}
    assert set(proofs(name)) == {True}


def test_consent_is_no_better_proven_than_the_order_it_came_with() -> None:
    assert proofs("orders_create", order_status_url=None) == [False, False]


def test_a_link_in_another_language_still_names_its_shop() -> None:
    link = "https://shop.example/de/548380009/orders/1/authenticate"
    assert set(proofs("orders_create", order_status_url=link)) == {True}


@pytest.mark.parametrize(
    "link",
    [None, "", "https://[", "https://shop.example/checkouts/123/recover", "https://shop.example/orders/9/x"],
)
def test_a_link_without_the_shops_number_proves_nothing(link: str | None) -> None:
    assert set(proofs("orders_create", order_status_url=link)) == {False}


@pytest.mark.parametrize("form", ["gid://shopify/Shop/548380009", 548380009, "548380009"])
def test_a_shops_number_may_be_written_in_three_ways(form: str | int) -> None:
    assert proofs("fulfillment_events_create", status="delivered", shop_id=form) == [True]


@pytest.mark.parametrize(
    "name",
    ["carts_create", "customers_create", "products_update", "variants_in_stock", "variants_out_of_stock"],
)
def test_a_body_that_names_no_shop_proves_nothing(name: str) -> None:
    assert proofs(name, STRANGER) == [False]
