"""Rows of the REST API, read by the very readers that read webhooks.

Only the fields a reader reads are asked for; answers are small then.
"""

from collections.abc import Callable, Iterable, Sequence

import structlog

from core.errors import Unreadable
from core.events import Event, Order, OrderEvent
from integrations.payload import Payload
from integrations.roles import Access, ShopIdentity
from integrations.woocommerce import orders, people, products
from integrations.woocommerce.api import Row

log = structlog.get_logger()

ORDER_FIELDS = (
    "id,status,currency,number,date_created_gmt,date_modified_gmt,date_paid_gmt,billing,customer_id,"
    "total,total_tax,shipping_total,prices_include_tax,line_items,coupon_lines,refunds,payment_url,needs_payment,"
    "meta_data"
)
PRODUCT_FIELDS = (
    "id,name,type,status,permalink,date_created_gmt,date_modified_gmt,sku,price,manage_stock,stock_quantity,"
    "stock_status,backorders,parent_id,categories,tags,images,attributes"
)
STOCK_FIELDS = "id,type,status,parent_id,price,manage_stock,stock_quantity,stock_status,backorders"


def order_events(row: Row, shop: ShopIdentity) -> list[Event]:
    return _events(orders.changed(Payload("order.updated", row, shop)))


def order(row: Row, shop: ShopIdentity) -> Order | None:
    """None for what is no order yet: a draft, or one that waits for money."""
    told = (event.order for event in order_events(row, shop) if isinstance(event, OrderEvent))
    return next(told, None)


def product_events(row: Row, shop: ShopIdentity) -> list[Event]:
    return _events(products.changed(product(row, shop)))


def customer_events(row: Row, shop: ShopIdentity) -> list[Event]:
    return _events(people.changed(Payload("customer.updated", row, shop)))


def product(row: Row, shop: ShopIdentity) -> Payload:
    return Payload("product.updated", row, shop)


def readable(
    access: Access, rows: Iterable[Row], read: Callable[[Row, ShopIdentity], Sequence[Event]]
) -> list[Event]:
    """The events of all rows that can be read: one that breaks its promise
    must not keep the others from being heard for ever."""
    events: list[Event] = []
    for row in rows:
        try:
            events += read(row, access.identity)
        except Unreadable as error:
            log.warning("row_unreadable", merchant_id=access.merchant_id, why=str(error))
    return events


def _events(told: Sequence[object]) -> list[Event]:
    return [one for one in told if isinstance(one, Event)]
