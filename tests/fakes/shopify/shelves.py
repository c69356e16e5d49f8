"""The merchant's shelves: products, prices, places and stock."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.fakes.shopify import goods_bodies
from tests.fakes.shopify.acting import Acting, apply
from tests.fakes.shopify.records import (
    Location,
    Product,
    Variant,
)

RECORDED_PRODUCT, RECORDED_VARIANT = 632910392, 808950810
Price = str | int | Decimal


class Shelves(Acting):
    def add_location(self, name: str = "Warehouse", active: bool = True) -> Location:
        made = Location(**self.new(), name=name, active=active)
        self.memory.locations[made.number] = made
        self.memory.changed(made)
        return made

    def add_product(
        self,
        title: str = "Mug",
        price: Price = "20.00",
        stock: int = 5,
        variants: Sequence[str] = ("Default Title",),
        **more: Any,
    ) -> Product:
        silent = more.pop("silent", True)
        handle = title.lower().replace(" ", "-")
        made = Product(**self.new(), title=title, handle=handle, **more)
        made.published_at = made.published_at or made.created_at
        made.image_url = made.image_url or f"https://{self.domain}/cdn/{handle}.jpg"
        self.memory.products[made.number] = made
        for name in variants:
            self._add_variant(made, name, Decimal(price), stock)
        self.memory.changed(made)
        self.tell(silent, ("products/create", goods_bodies.product(self.memory, made)))
        return made

    def add_recorded_product(self) -> Product:
        """The one in the recorded checkouts and orders, under its own numbers."""
        made = self.add_product("IPod Nano - 8GB", "199.00", stock=50)
        del self.memory.products[made.number]
        made.number, made.variants[0].number = RECORDED_PRODUCT, RECORDED_VARIANT
        self.memory.products[made.number] = made
        self.memory.changed(made)
        return made

    def _add_variant(self, product: Product, title: str, price: Decimal, stock: int) -> None:
        location = next(iter(self.memory.locations), None) or self.add_location().number
        position = len(product.variants) + 1
        made = Variant(
            **self.new(),
            product=product,
            title=title,
            price=price,
            item=self.memory.number(),
            sku=f"{product.handle}-{position}",
            levels={location: stock},
            position=position,
        )
        product.variants.append(made)
        self.memory.changed(made)

    def change_product(self, product: Product, silent: bool = False, **changes: Any) -> None:
        apply(product, changes)
        self.memory.changed(product)
        self.tell(silent, ("products/update", goods_bodies.product(self.memory, product)))

    def change_price(self, variant: Variant, price: Price, silent: bool = False) -> None:
        variant.price = Decimal(price)
        self.memory.changed(variant)
        self.change_product(variant.product, silent)

    def delete_product(self, product: Product, silent: bool = False) -> None:
        del self.memory.products[product.number]
        self.tell(silent, ("products/delete", {"id": product.number}))

    def set_stock(
        self, variant: Variant, available: int, location: Location | None = None, silent: bool = False
    ) -> None:
        """The level's webhook names neither the variant nor the sum."""
        memory = self.memory
        before = memory.available(variant)
        place = location.number if location else next(iter(variant.levels))
        variant.levels[place] = available
        variant.levels_changed[place] = memory.moment()
        memory.changed(variant)
        memory.changed(variant.product)
        news = [("inventory_levels/update", goods_bodies.level(memory, variant, place))]
        after = memory.available(variant)
        if (before > 0) != (after > 0):
            topic = "variants/in_stock" if after > 0 else "variants/out_of_stock"
            news.append((topic, goods_bodies.variant(memory, variant, before)))
        self.tell(silent, *news, ("products/update", goods_bodies.product(memory, variant.product)))

    def recount(self, variant: Variant, available: int, location: Location | None = None) -> None:
        """Put right in the store room: no date moves, and nobody is told."""
        place = location.number if location else next(iter(variant.levels))
        variant.levels[place] = available

    def sell_out(self, variant: Variant, silent: bool = False) -> None:
        for place in list(variant.levels):
            self.set_stock(variant, 0, self.memory.locations[place], silent)

    def restock(self, variant: Variant, available: int = 10, silent: bool = False) -> None:
        self.set_stock(variant, available, None, silent)
