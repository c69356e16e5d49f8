"""One act in the sandbox shop: its records, its time, and the news it makes."""

from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Permanent
from integrations.sandbox.bodies import Body, CartBody, OrderBody, ProductBody, VariantBody
from integrations.sandbox.records import Records


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
            raise Permanent("this cart is closed")
        return cart

    def order(self, ref: str) -> OrderBody:
        found = self.records.find("order", ref, OrderBody)
        if found is None:
            raise Permanent("there is no such order")
        return found

    def variant(self, ref: str) -> tuple[ProductBody, VariantBody]:
        for product in self.records.all("product", ProductBody):
            for variant in product.variants:
                if variant.ref == ref:
                    return product, variant
        raise Permanent("there is no such product")
