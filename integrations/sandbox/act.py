"""One act in the sandbox shop: its records, its time, and the news it makes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import Permanent
from integrations.sandbox.bodies import Body, CartBody, OrderBody, ProductBody, VariantBody
from integrations.sandbox.records import Records


class Refusal(StrEnum):
    """Why the shop does not do what was asked: the text of its Permanent."""

    CART_CLOSED = "cart_closed"
    NO_ORDER = "no_order"
    NO_PRODUCT = "no_product"
    NO_ADDRESS = "no_address"
    TOO_FEW_LEFT = "too_few_left"
    NOTHING_TO_PAY = "nothing_to_pay"
    CODE_INVALID = "code_invalid"
    CODE_UNFIT = "code_unfit"
    ORDER_TOO_FAR = "order_too_far"


@dataclass
class Act:
    """What an act works on; `news` are the (topic, body) it wants told."""

    records: Records
    now: datetime
    base_url: str
    news: list[tuple[str, Body]] = field(default_factory=list)

    def tell(self, topic: str, body: Body) -> None:
        self.news.append((topic, body))

    def open_cart(self, ref: str) -> CartBody:
        """Raises Permanent where there is no such cart or it was paid."""
        cart = self.records.find("cart", ref, CartBody)
        if cart is None or cart.completed_at is not None:
            raise Permanent(Refusal.CART_CLOSED)
        return cart

    def order(self, ref: str) -> OrderBody:
        found = self.records.find("order", ref, OrderBody)
        if found is None:
            raise Permanent(Refusal.NO_ORDER)
        return found

    def variant(self, ref: str) -> tuple[ProductBody, VariantBody]:
        for product in self.records.all("product", ProductBody):
            for variant in product.variants:
                if variant.ref == ref:
                    return product, variant
        raise Permanent(Refusal.NO_PRODUCT)
