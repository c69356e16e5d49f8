"""The catalogue and its stock: who changes a number, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Literal, TypeVar, cast

from tests.fakes.woocommerce.hooks import Hooks
from tests.fakes.woocommerce.records import Memory, Order, Product
from tests.fakes.woocommerce.site import ShopClock, Site

Act = TypeVar("Act", bound=Callable[..., Any])
Outcome = Literal["pending", "failed", "on-hold", "processing"]


def alone(act: Act) -> Act:
    """One at a time, as the database would have it."""

    @wraps(act)
    def locked(shelf: Any, *given: Any, **named: Any) -> Any:
        with shelf.memory.lock:
            return act(shelf, *given, **named)

    return cast(Act, locked)


@dataclass
class Shelf:
    """What is for sale. `find` takes an id or a SKU."""

    site: Site
    clock: ShopClock
    memory: Memory
    hooks: Hooks

    @alone
    def add_product(
        self, name: str, sku: str = "", price: str = "10", stock: int | None = 10, **more: Any
    ) -> int:
        """Without `stock` it is not counted."""
        now = self.clock.now()
        product = Product(next(self.memory.post_ids), name, sku, price, now, now, **more)
        product.stock_quantity = stock
        product.manage_stock = stock is not None
        self.memory.products[product.id] = product
        self.hooks.fire("product.created", product.id)
        return product.id

    @alone
    def add_variation(
        self, parent: int | str, option: str, sku: str = "", price: str = "10", stock: int | None = 10
    ) -> int:
        """Without `stock` the product's own number counts, if it has one."""
        owner = self.find(parent)
        owner.type = "variable"
        number = self.add_product(f"{owner.name} - {option}", sku, price, stock)
        variation = self.memory.products[number]
        variation.type, variation.parent_id, variation.option = "variation", owner.id, option
        if stock is None and owner.manage_stock:
            variation.manage_stock = "parent"
        return number

    def find(self, wanted: int | str) -> Product:
        known = self.memory.products.get(wanted) if isinstance(wanted, int) else self.memory.by_sku(wanted)
        if known is None:
            raise LookupError(f"no product {wanted}")
        return known

    @alone
    def set_stock(self, wanted: int | str, quantity: int) -> None:
        """As by a save in the shop's office."""
        product = self._counted(self.find(wanted))
        product.stock_quantity = quantity
        self.product_saved(product)

    @alone
    def edit_stock_in_the_database(self, wanted: int | str, quantity: int) -> None:
        """As some imports do: nobody is told, and no date moves."""
        self._counted(self.find(wanted)).stock_quantity = quantity

    @alone
    def set_price(self, wanted: int | str, price: str) -> None:
        product = self.find(wanted)
        product.price = price
        self.product_saved(product)

    @alone
    def trash_product(self, wanted: int | str) -> None:
        product = self.find(wanted)
        product.before_trash, product.status = product.status, "trash"
        product.modified = self.clock.now()
        self.post_trashed(product.id)

    @alone
    def delete_product(self, wanted: int | str) -> None:
        """For good; nobody is told."""
        product = self.find(wanted)
        for gone in (product, *self.memory.variations(product.id)):
            del self.memory.products[gone.id]

    def post_trashed(self, id: int) -> None:
        """Both listen to the same hook of WordPress, which any post sets off."""
        self.hooks.fire("product.deleted", id)
        self.hooks.fire("coupon.deleted", id)

    def product_saved(self, product: Product) -> None:
        """A variation makes its product newer too, silently."""
        product.modified = self.clock.now()
        if product.parent_id in self.memory.products:
            self.memory.products[product.parent_id].modified = product.modified
        self.hooks.fire("product.updated", product.id)

    def take(self, order: Order) -> None:
        """Stock leaves the shelf once per line."""
        for line in order.lines:
            if line.reduced is None and self._move(line.stock_id, -line.quantity):
                line.reduced, line.reduced_meta = line.quantity, next(self.memory.item_ids)

    def give_back(self, order: Order) -> None:
        for line in order.lines:
            if line.reduced is not None:
                self._move(line.stock_id, line.reduced)
                line.reduced = None

    def put_back(self, order: Order) -> None:
        """Restocked by a refund: the lines keep their note."""
        for line in order.lines:
            self._move(line.stock_id, line.reduced or 0)

    def _move(self, stock_id: int, by: int) -> bool:
        product = self.memory.products.get(stock_id)
        counted = self._counted(product) if product else None
        if counted is None or not counted.manage_stock:
            return False
        counted.stock_quantity = (counted.stock_quantity or 0) + by
        self.product_saved(counted)
        self.hooks.fire("action.woocommerce_updated_product_stock", counted.id)
        return True

    def _counted(self, product: Product) -> Product:
        """The one that has the number: a variation may share its product's."""
        return self.memory.products[product.parent_id] if product.manage_stock == "parent" else product

    @alone
    def advance(self, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Time passes; drafts nobody touched for a day are removed, silently."""
        self.clock.ahead += timedelta(seconds=seconds, hours=hours, days=days)
        self.sweep_drafts()

    @alone
    def sweep_drafts(self) -> None:
        oldest = self.clock.now() - timedelta(days=1)
        for order in list(self.memory.orders.values()):
            if order.status == "checkout-draft" and order.modified <= oldest:
                del self.memory.orders[order.id]
