"""What a webhook only hinted at, asked of the store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from core.events import Event, LookUp
from integrations.roles import Access, ShopIdentity
from integrations.woocommerce import catalogue, readers
from integrations.woocommerce.api import Row, StoreApi

Answers = Iterator[tuple[LookUp, Sequence[Event]]]


def answered(api: StoreApi, access: Access, wanted: Sequence[LookUp]) -> Mapping[LookUp, Sequence[Event]]:
    """What is gone, in the trash, or of a kind this platform does not know is absent."""
    kinds = {kind: [one for one in wanted if one.kind in kind] for kind in ASKED}
    return {
        hint: events
        for kind, hints in kinds.items()
        if hints
        for hint, events in ASKED[kind](api, access, hints)
    }


def _orders(api: StoreApi, access: Access, hints: Sequence[LookUp]) -> Answers:
    """A cart is an order that is not placed yet; the row is the same."""
    rows = catalogue.rows_of(api, "orders", [one.ref for one in hints], readers.ORDER_FIELDS)
    for hint in hints:
        if hint.ref in rows:
            yield hint, readers.readable(access, [rows[hint.ref]], readers.order_events)


def _products(api: StoreApi, access: Access, hints: Sequence[LookUp]) -> Answers:
    """Several hints may mean one product: it is read once."""
    rows = catalogue.products_of(api, [one.ref for one in hints])
    told: dict[str, Sequence[Event]] = {}
    for hint in hints:
        if hint.ref in rows:
            row = rows[hint.ref]
            ref = str(row.get("id"))
            if ref not in told:
                told[ref] = readers.readable(access, [row], partial(_whole, api))
            yield hint, told[ref]


def _whole(api: StoreApi, row: Row, shop: ShopIdentity) -> list[Event]:
    return [catalogue.family(api, row, shop).told]


def _customers(api: StoreApi, access: Access, hints: Sequence[LookUp]) -> Answers:
    """All roles: who is staff is sorted out by the reader."""
    refs = [one.ref for one in hints]
    rows = {str(row.get("id")): row for row in api.listed("customers", refs, role="all")}
    for hint in hints:
        if hint.ref in rows:
            yield hint, readers.readable(access, [rows[hint.ref]], readers.customer_events)


def _catalogue(api: StoreApi, access: Access, hints: Sequence[LookUp]) -> Answers:
    """All products in few calls: those with variations without them, which
    the regular reading brings."""
    rows = list(api.every("products", _fields=readers.PRODUCT_FIELDS, orderby="id", order="asc"))
    events = readers.readable(access, rows, readers.product_events)
    yield from ((hint, events) for hint in hints)


def _installation(api: StoreApi, _access: Access, hints: Sequence[LookUp]) -> Answers:
    """It is there if it answers at all."""
    api.page("orders", per_page="1", _fields="id")
    yield from ((hint, []) for hint in hints)


ASKED: dict[tuple[str, ...], Callable[[StoreApi, Access, Sequence[LookUp]], Answers]] = {
    ("order", "cart"): _orders,
    ("product", "variant"): _products,
    ("customer",): _customers,
    ("catalogue",): _catalogue,
    ("installation",): _installation,
}
