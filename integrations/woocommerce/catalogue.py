"""Products and variations as the store has them now.

Variations are in no list of their own: an id that no list of products has may
be a variation, which is read alone once and its sisters with their product.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.events import ProductUpdated, Stock
from integrations.payload import Payload
from integrations.roles import ShopIdentity
from integrations.woocommerce import products, readers
from integrations.woocommerce.api import Row, StoreApi

GONE = "trash"


@dataclass(frozen=True, slots=True)
class Family:
    """A product and its variations, if it has any."""

    product: Payload
    variations: tuple[Payload, ...] = ()

    @property
    def told(self) -> ProductUpdated:
        return products.whole(self.product, self.variations)


def family(api: StoreApi, row: Row, shop: ShopIdentity, fields: str = readers.PRODUCT_FIELDS) -> Family:
    product = readers.product(row, shop)
    if product.text("type") not in products.WITH_VARIATIONS:
        return Family(product)
    children = api.every(f"products/{product.ref('id')}/variations", _fields=_with_dates(fields))
    return Family(product, tuple(_child(child, product.ref("id"), shop) for child in children))


def _with_dates(fields: str) -> str:
    return f"{fields},date_created_gmt,date_modified_gmt"


def _child(row: Row, parent: str, shop: ShopIdentity) -> Payload:
    """A list of variations says of none whose it is, nor that it is one."""
    return readers.product({**row, "type": "variation", "parent_id": parent}, shop)


def products_of(api: StoreApi, refs: Sequence[str]) -> Mapping[str, Row]:
    """The product of each of these ids, which may be variations' ids."""
    rows = rows_of(api, "products", refs, readers.PRODUCT_FIELDS)
    parents = {ref: str(row.get("parent_id")) for ref, row in rows.items() if _is_variation(row)}
    above = rows_of(api, "products", parents.values(), readers.PRODUCT_FIELDS)
    wanted = {ref: above.get(parents[ref]) if ref in parents else row for ref, row in rows.items()}
    return {ref: row for ref, row in wanted.items() if row is not None}


def rows_of(api: StoreApi, endpoint: str, refs: Iterable[str], fields: str) -> dict[str, Row]:
    """What the store has of these, without what lies in its trash. A list
    leaves out more than what is gone, so what it lacks is asked for alone."""
    wanted = [ref for ref in dict.fromkeys(refs) if ref.isdecimal()]
    rows = {str(row.get("id")): row for row in api.listed(endpoint, wanted, _fields=fields)}
    for ref in wanted:
        if ref not in rows and (row := api.one(f"{endpoint}/{ref}", _fields=fields)) is not None:
            rows[ref] = row
    return {ref: rows[ref] for ref in wanted if ref in rows and rows[ref].get("status") != GONE}


def stock(api: StoreApi, refs: Sequence[str], shop: ShopIdentity) -> Mapping[str, Stock]:
    """What can be bought of these variants; absent: nothing for sale under that id."""
    rows = {str(row.get("id")): row for row in api.listed("products", refs, _fields=readers.STOCK_FIELDS)}
    children = _variations(api, [ref for ref in refs if ref.isdecimal() and ref not in rows])
    above = {str(row.get("parent_id")) for row in children.values()}
    rows |= {
        str(row.get("id")): row
        for row in api.listed("products", sorted(above - set(rows)), _fields=readers.STOCK_FIELDS)
    }
    read = {ref: readers.product(row, shop) for ref, row in (rows | children).items()}
    for_sale = {ref for ref, payload in read.items() if products.is_on_sale(payload)}
    whose = {ref: str(row.get("parent_id")) for ref, row in children.items()}
    return {
        ref: products.sellable(read[ref])
        for ref in refs
        if ref in for_sale and whose.get(ref, ref) in for_sale
    }


def _variations(api: StoreApi, missing: Sequence[str]) -> dict[str, Row]:
    """Each is read alone until its product is known, then with its sisters."""
    rows: dict[str, Row] = {}
    for ref in missing:
        if ref in rows:
            continue
        row = api.one(f"products/{ref}", _fields=readers.STOCK_FIELDS)
        if row is None or not _is_variation(row):
            continue
        rows[ref] = row
        sisters = [other for other in missing if other not in rows]
        path = f"products/{row.get('parent_id')}/variations"
        for sister in api.listed(path, sisters, _fields=readers.STOCK_FIELDS):
            rows[str(sister.get("id"))] = {**sister, "parent_id": row.get("parent_id")}
    return rows


def _is_variation(row: Row) -> bool:
    return row.get("type") == "variation"
