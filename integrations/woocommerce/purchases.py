"""Whether these buyers have bought: the orders changed since they began."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from core.errors import Retryable, Unreadable
from core.events import Order
from integrations.payload import Payload
from integrations.roles import Buyer, ShopIdentity
from integrations.woocommerce import meta, modified, readers
from integrations.woocommerce.api import Page, Row, StoreApi
from integrations.woocommerce.modified import Mark

# Which cart an order was says nothing of its shop.
NOWHERE = ShopIdentity("", None, "")
FEW_PAGES = 8  # Beyond these it is fewer calls to ask for each buyer.


def of_buyers(api: StoreApi, buyers: Sequence[Buyer], shop: ShopIdentity) -> tuple[Order, ...]:
    """Drafts and unpaid orders are no purchases and are left out."""
    if not buyers:
        return ()
    theirs = {row["id"]: row for row in _changed(api, buyers) if any(_is_of(row, one) for one in buyers)}
    read = (_read(row, shop) for row in theirs.values())
    return tuple(order for order in read if order is not None)


def _changed(api: StoreApi, buyers: Sequence[Buyer]) -> Iterator[Row]:
    """A draft keeps its id and its date when it is bought: so by the time of change."""
    since = min(buyer.since for buyer in buyers) - modified.OVERLAP
    mark = Mark(since)
    first = _page(api, mark)
    if first.pages > max(FEW_PAGES, len(buyers)):
        return _of_each(api, buyers, since)
    return _all(api, mark, first)


def _all(api: StoreApi, mark: Mark, read: Page, **narrowed: str) -> Iterator[Row]:
    yield from read.rows
    following = modified.further(mark, read)
    while following is not None:
        read = _page(api, following, **narrowed)
        yield from read.rows
        following = modified.further(following, read)


def _page(api: StoreApi, mark: Mark, **narrowed: str) -> Page:
    return modified.page(api, "orders", mark, _fields=readers.ORDER_FIELDS, **narrowed)


def _of_each(api: StoreApi, buyers: Sequence[Buyer], since: datetime) -> Iterator[Row]:
    carts = [buyer.cart_ref for buyer in buyers if buyer.cart_ref]
    yield from api.listed("orders", carts, _fields=readers.ORDER_FIELDS)
    mark = Mark(since)
    for narrowed in _ways(buyers):
        yield from _all(api, mark, _page(api, mark, **narrowed), **narrowed)


def _ways(buyers: Sequence[Buyer]) -> list[dict[str, str]]:
    """The search looks into the addresses of orders; what it finds is compared again."""
    customers = [{"customer": buyer.customer_ref} for buyer in buyers if buyer.customer_ref]
    return customers + [{"search": buyer.email} for buyer in buyers if buyer.email]


def _is_of(row: Row, buyer: Buyer) -> bool:
    billing = row.get("billing")
    email = billing.get("email") if isinstance(billing, dict) else None
    pairs = (
        (str(email or "").strip().lower(), (buyer.email or "").lower()),
        (str(row.get("customer_id")), buyer.customer_ref),
        (str(row.get("id")), buyer.cart_ref),
    )
    same = any(theirs and ours == theirs for ours, theirs in pairs)
    return same or (buyer.cart_token is not None and _cart_token(row) == buyer.cart_token)


def _cart_token(row: Row) -> str | None:
    return meta.cart_token(Payload("order.updated", row, NOWHERE))


def _read(row: Row, shop: ShopIdentity) -> Order | None:
    """An order of this buyer that can't be read may be the purchase: no guess is made."""
    try:
        return readers.order(row, shop)
    except Unreadable as error:
        raise Retryable(f"an order of the buyer is unreadable: {error}") from error
