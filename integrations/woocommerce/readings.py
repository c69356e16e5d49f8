"""What is read back regularly, because WooCommerce never delivers twice."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from core import clock
from core.events import Event
from integrations.live import Portion, Reading
from integrations.roles import Access, ShopIdentity
from integrations.woocommerce import catalogue, modified, products, readers
from integrations.woocommerce.api import Page, Row, StoreApi
from integrations.woocommerce.modified import Mark

ORDERS = Reading("orders", timedelta(minutes=15), timedelta(days=60))
PRODUCTS = Reading("products", timedelta(hours=1), timedelta(days=365 * 20))
STOCK = Reading("stock", timedelta(hours=6), timedelta())
ALL: tuple[Reading, ...] = (ORDERS, PRODUCTS, STOCK)
FAMILIES = "20"  # Each product with variations is a call of its own, and a portion should not take long.


def portion(api: StoreApi, access: Access, reading: str, mark: str | None, began: datetime) -> Portion:
    if reading == STOCK.name:
        return _stock(api, access, int(mark or "1"))
    since = Mark.read(mark) if mark else Mark(began)
    if reading == ORDERS.name:
        read = modified.page(api, "orders", since, _fields=readers.ORDER_FIELDS)
        return _portion(since, read, readers.readable(access, read.rows, readers.order_events))
    read = modified.page(api, "products", since, per_page=FAMILIES, _fields=readers.PRODUCT_FIELDS)
    return _portion(since, read, _products(api, access, read.rows))


def _portion(since: Mark, read: Page, events: Sequence[Event]) -> Portion:
    following = modified.further(since, read)
    if following is None:
        return Portion(tuple(events), str(modified.beginning_of_next(since, read)))
    return Portion(tuple(events), str(following), more=True)


def _products(api: StoreApi, access: Access, rows: Iterable[Row]) -> list[Event]:
    return readers.readable(access, rows, lambda row, shop: [catalogue.family(api, row, shop).told])


def _stock(api: StoreApi, access: Access, number: int) -> Portion:
    """Everything, whether its date moved or not. Told as of before the call:
    what is sold while it runs is newer."""
    asked = clock.now()
    page = api.page(
        "products",
        per_page=FAMILIES,
        page=str(number),
        orderby="id",
        order="asc",
        _fields=readers.STOCK_FIELDS,
    )
    at = _at_the_store(page, asked)
    more = number < page.pages
    return Portion(tuple(_levels(api, access, page.rows, at)), str(number + 1 if more else 1), more)


def _levels(api: StoreApi, access: Access, rows: Iterable[Row], at: datetime) -> list[Event]:
    def levels(row: Row, shop: ShopIdentity) -> Sequence[Event]:
        read = catalogue.family(api, row, shop, readers.STOCK_FIELDS)
        return products.levels(read.product, read.variations, at)

    return readers.readable(access, rows, levels)


def _at_the_store(page: Page, asked: datetime) -> datetime:
    """By the store's clock, for its webhooks go by that clock too; earlier by
    as long as the call took."""
    return (modified.time_at(page) - (clock.now() - asked)).replace(microsecond=0)
