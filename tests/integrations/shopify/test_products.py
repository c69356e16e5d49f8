"""What Shopify can sell, and how much of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import LookUp, Product, ProductUpdated, Stock, StockChanged, Variant
from core.money import Money
from tests.integrations.shopify.reading import read

NEW_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
SMALL = "642667041472713922"


def product(**changes: Any) -> Product:
    (event,) = read("products_update", **changes)
    assert isinstance(event, ProductUpdated)
    assert not event.proven
    return event.product


@pytest.mark.parametrize("name", ["products_create", "products_update"])
def test_the_recorded_product_is_told_whole(name: str) -> None:
    expected = Product(
        ref="788032119674292922",
        title="Example T-Shirt",
        updated_at=NEW_YEAR,
        published=True,
        variants=(
            Variant(SMALL, "Small", Money(1999, "USD"), stock=Stock("units", 75)),
            Variant("757650484644203962", "Medium", Money(1999, "USD"), stock=Stock("units", 50)),
        ),
        url="https://jsmith.myshopify.com/products/example-t-shirt",
        kind="Shirts",
        tags=("example", "mens", "t-shirt"),
    )
    assert read(name) == [ProductUpdated(expected, proven=False)]


@pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "archived"}, {"published_at": None}])
def test_a_draft_and_a_hidden_product_are_not_on_sale(change: dict[str, Any]) -> None:
    assert not product(**change).published


def test_a_product_of_more_variants_than_are_sent_is_not_complete() -> None:
    assert not product(variant_gids=[{}, {}, {}]).complete


@pytest.mark.parametrize(
    ("policy", "units", "stock"),
    [
        ("deny", 3, Stock("units", 3)),
        ("continue", 3, Stock("always")),
        ("continue", -2, Stock("always")),
        ("deny", 0, None),
        ("deny", -2, None),
        ("deny", None, None),
    ],
)
def test_an_empty_shelf_says_nothing_for_the_variant_may_not_be_counted(
    policy: str, units: int | None, stock: Stock | None
) -> None:
    variant = {"id": 1, "price": "1", "inventory_policy": policy, "inventory_quantity": units}
    assert product(variants=[variant]).variants[0].stock == stock


def test_a_variant_comes_back_and_sells_out() -> None:
    at = datetime(2021, 12, 31, tzinfo=UTC)
    back, gone = Stock("units", 75), Stock("none")
    assert read("variants_in_stock") == [StockChanged(SMALL, back, at, proven=False)]
    assert read("variants_out_of_stock") == [StockChanged(SMALL, gone, at, proven=False)]


def test_back_without_a_number_is_an_unknown_number() -> None:
    (event,) = read("variants_in_stock", inventory_quantity=0)
    assert isinstance(event, StockChanged)
    assert event.stock == Stock("unknown")


def test_what_may_be_oversold_never_sells_out() -> None:
    (event,) = read("variants_out_of_stock", inventory_policy="continue")
    assert isinstance(event, StockChanged)
    assert event.stock == Stock("always")


def test_a_level_at_one_place_and_a_deletion_are_only_hints() -> None:
    item = [LookUp("inventory_item", "271878346596884015")]
    assert read("inventory_levels_update") == read("inventory_levels_connect") == item
    assert read("inventory_items_update") == item
    assert read("products_delete") == [LookUp("product", "788032119674292922")]
