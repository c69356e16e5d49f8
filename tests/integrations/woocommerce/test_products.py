"""What a WooCommerce store can sell, and how much of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import LookUp, Product, ProductUpdated, Stock, StockChanged, Variant
from core.money import Money
from tests.integrations.woocommerce.reading import read


def product(**changes: Any) -> Product:
    event = read("product.updated__stock_fell_by_order", **changes)[0]
    assert isinstance(event, ProductUpdated)
    return event.product


def test_a_simple_product_is_its_own_only_variant() -> None:
    mug = Variant("28", "", Money(100, "EUR"), stock=Stock("units", 4))
    expected = Product(
        ref="28",
        title='Café ☕ mug/"big"',
        updated_at=datetime(2026, 11, 21, 22, 28, 14, tzinfo=UTC),
        published=True,
        variants=(mug,),
        url="http://127.0.0.1:8088/product/cafe-%e2%98%95-mug-big/",
        kind="Uncategorized",
    )
    assert read("product.created__unicode") == [ProductUpdated(expected)]


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("product.updated__stock_fell_by_order", 8),
        ("product.updated__stock_restored", 8),
        ("product.updated__same_delivery_id_a", 64),
        ("product.updated__same_delivery_id_b", 30),
    ],
)
def test_the_recorded_numbers_are_told(name: str, units: int) -> None:
    (event,) = read(name)
    assert isinstance(event, ProductUpdated)
    assert event.product.variants[0].stock == Stock("units", units)


@pytest.mark.parametrize(
    ("managed", "units", "status", "backorders", "stock"),
    [
        (True, 7, "instock", "no", Stock("units", 7)),
        (True, 0, "outofstock", "no", Stock("none")),
        (True, -5, "outofstock", "no", Stock("none")),
        (True, 0, "instock", "no", Stock("none")),
        (True, 2, "outofstock", "no", Stock("none")),
        (True, None, "instock", "no", Stock("unknown")),
        (True, 7, "instock", "yes", Stock("always")),
        (True, -5, "onbackorder", "notify", Stock("always")),
        (False, None, "instock", "no", Stock("unknown")),
        (False, None, "outofstock", "no", Stock("none")),
        (False, None, "outofstock", "yes", Stock("none")),
        (False, None, "onbackorder", "no", Stock("always")),
    ],
)
def test_what_can_be_sold_is_decided_here(
    managed: bool, units: int | None, status: str, backorders: str, stock: Stock
) -> None:
    told = product(manage_stock=managed, stock_quantity=units, stock_status=status, backorders=backorders)
    assert told.variants[0].stock == stock


def test_a_product_without_a_price_cannot_be_bought() -> None:
    assert product(price="").variants[0].stock == Stock("none")


@pytest.mark.parametrize("status", ["draft", "private", "pending", "trash"])
def test_only_a_published_product_is_on_sale(status: str) -> None:
    assert not product(status=status).published


def test_a_product_is_shown_with_its_first_picture_and_category() -> None:
    told = product(
        images=[{"src": "https://shop.example/1.png"}, {"src": "https://shop.example/2.png"}],
        categories=[{"name": "Mugs"}, {"name": "Blue"}],
        tags=[{"name": "new"}],
    )
    assert (told.image_url, told.kind, told.tags) == ("https://shop.example/1.png", "Mugs", ("new",))


@pytest.mark.parametrize(
    ("name", "units"), [("product.created__variation", 5), ("product.updated__variation_stock", 4)]
)
def test_a_variation_tells_its_stock_and_its_product_is_read(name: str, units: int) -> None:
    changed, parent = read(name)
    assert isinstance(changed, StockChanged)
    assert (changed.variant_ref, changed.stock) == ("13", Stock("units", units))
    assert parent == LookUp("product", "12")


def test_a_variation_that_shares_its_products_stock_tells_none() -> None:
    told = read("product.updated__variation_stock", manage_stock="parent", stock_quantity=20)
    assert told == [LookUp("product", "12")]


@pytest.mark.parametrize(("managed", "asked"), [(True, [LookUp("product", "11")]), (False, [])])
def test_a_product_with_variations_tells_no_stock_of_its_own(managed: bool, asked: list[LookUp]) -> None:
    told, *hints = read("product.updated__stock_restored", type="variable", manage_stock=managed)
    assert isinstance(told, ProductUpdated)
    assert (told.product.variants, told.product.complete) == ((), False)
    assert hints == asked
