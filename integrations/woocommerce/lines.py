"""The lines of a WooCommerce order."""

from decimal import Decimal

from core.events import Line
from core.money import Money
from integrations.payload import Payload


def lines(order: Payload, currency: str) -> tuple[Line, ...]:
    with_tax = order.flag("prices_include_tax")
    return tuple(_line(one, currency, with_tax) for one in order.parts("line_items"))


def _line(line: Payload, currency: str, with_tax: bool) -> Line:
    title, variant = _titles(line)
    product_ref = line.ref_or_none("product_id")
    image = line.part_or_none("image")
    return Line(
        product_ref=product_ref,
        variant_ref=line.ref_or_none("variation_id") or product_ref,
        title=title,
        quantity=line.whole("quantity"),
        price=_price(line, currency, with_tax),
        variant_title=variant,
        sku=line.text_or_none("sku"),
        image_url=image.link_or_none("src") if image else None,
    )


def _titles(line: Payload) -> tuple[str, str | None]:
    """A variation is called "T-Shirt - S", its parent "T-Shirt"."""
    name = line.text_or_none("name") or ""
    parent = line.text_or_none("parent_name")
    if not parent or not name.startswith(f"{parent} - "):
        return name, None
    return parent, name.removeprefix(f"{parent} - ")


def _price(line: Payload, currency: str, with_tax: bool) -> Money:
    """One piece as the shop shows it, before coupons. The line's own `price`
    is a float without tax and is not used."""
    amount = line.number("subtotal")
    if with_tax:
        amount += line.number("subtotal_tax")
    quantity = line.number("quantity")
    return Money.parse(amount / quantity if quantity >= 1 else Decimal(amount), currency)
