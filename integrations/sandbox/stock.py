"""What the sandbox shop has on its shelves."""

from collections.abc import Mapping

from core.errors import Permanent
from integrations.sandbox.act import Act, Refusal
from integrations.sandbox.bodies import ProductBody, StockBody, VariantBody
from integrations.sandbox.catalogue import units_at_first


def sell_out(act: Act, variant_ref: str) -> None:
    """Somebody else bought the last piece."""
    _set(act, variant_ref, 0)


def restock(act: Act, variant_ref: str, units: int | None = None) -> None:
    """As many as there were at first, or so many."""
    _set(act, variant_ref, units_at_first(variant_ref) if units is None else units)


def take(act: Act, quantities: Mapping[str, int]) -> None:
    """Raises Permanent where there is too little of anything."""
    for ref, quantity in quantities.items():
        _set(act, ref, _units(act, ref) - quantity)


def put_back(act: Act, quantities: Mapping[str, int]) -> None:
    for ref, quantity in quantities.items():
        _set(act, ref, _units(act, ref) + quantity)


def _units(act: Act, variant_ref: str) -> int:
    return act.variant(variant_ref)[1].stock.units or 0


def _set(act: Act, variant_ref: str, units: int) -> None:
    if units < 0:
        raise Permanent(Refusal.TOO_FEW_LEFT)
    product, _ = act.variant(variant_ref)
    variants = tuple(_with(v, units) if v.ref == variant_ref else v for v in product.variants)
    now = max(act.now, product.updated_at)
    changed: ProductBody = product.model_copy(update={"variants": variants, "updated_at": now})
    act.records.put("product", product.ref, changed)
    act.tell("product.updated", changed)


def _with(variant: VariantBody, units: int) -> VariantBody:
    stock = StockBody(kind="units" if units else "none", units=units or None)
    return variant.model_copy(update={"stock": stock})
