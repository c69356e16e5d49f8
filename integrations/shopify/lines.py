"""The lines of a Shopify cart, checkout or order; all three write them alike."""

from core.events import Line
from integrations.payload import Payload


def lines(payload: Payload, currency: str) -> tuple[Line, ...]:
    return tuple(_line(one, currency) for one in payload.parts("line_items"))


def _line(line: Payload, currency: str) -> Line:
    title = line.text_or_none("presentment_title") or line.text_or_none("title")
    variant = line.text_or_none("presentment_variant_title") or line.text_or_none("variant_title")
    return Line(
        product_ref=line.ref_or_none("product_id"),
        variant_ref=line.ref_or_none("variant_id"),
        title=title or "",
        quantity=line.whole("quantity"),
        price=line.money("price", currency),
        variant_title=variant,
        sku=line.text_or_none("sku"),
    )
