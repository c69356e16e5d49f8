"""Products and variations by REST."""

from typing import Any

from tests.fakes.woocommerce.listing import Page, answer, by_date, by_id, ordered
from tests.fakes.woocommerce.messages import Reply, RestError
from tests.fakes.woocommerce.other_bodies import product_body
from tests.fakes.woocommerce.params import invalid
from tests.fakes.woocommerce.records import Product
from tests.fakes.woocommerce.rest import Api, Call

ORDER_BY = (
    "date",
    "id",
    "include",
    "title",
    "slug",
    "modified",
    "price",
    "popularity",
    "rating",
    "menu_order",
    "post__in",
)
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish", "auto-draft")
TYPES = ("", "simple", "grouped", "external", "variable")


class Products:
    def __init__(self, api: Api) -> None:
        self.shop, self.memory = api.shop, api.shop.memory
        api.route("GET", "/wc/v3/products", self.list)
        api.route("GET", r"/wc/v3/products/(\d+)", self.show)
        api.route("PUT", r"/wc/v3/products/(\d+)", self.change)
        api.route("DELETE", r"/wc/v3/products/(\d+)", self.delete)
        api.route("GET", r"/wc/v3/products/(\d+)/variations", self.variations)
        api.route("GET", r"/wc/v3/products/(\d+)/variations/(\d+)", self.variation)
        api.route("PUT", r"/wc/v3/products/(\d+)/variations/(\d+)", self.change_variation)

    def body(self, product: Product) -> dict[str, Any]:
        return product_body(product, self.memory, self.shop.site, self.shop.clock)

    def list(self, call: Call) -> Reply:
        """Variations come only where they are asked for by SKU."""
        params = call.params
        page = Page.of(params, ORDER_BY)
        status = params.choice("status", "any", STATUSES)
        kind = params.choice("type", "", TYPES)
        skus = params.many("sku")
        rows = [one for one in self.memory.products.values() if one.type != "variation" or one.sku in skus]
        rows = by_date([one for one in rows if not skus or one.sku in skus], params)
        call.may_list()
        rows = [one for one in rows if _has(one, status) and kind in ("", one.type)]
        rows = ordered(by_id(rows, params), page)
        return answer(rows, page, params, self.shop.site.rest("products"), self.body)

    def find(self, id: int, status: int = 404) -> Product:
        product = self.memory.products.get(id)
        if product is None:
            raise RestError(status, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return product

    def show(self, call: Call) -> Reply:
        """A variation can be read here, but not written. What is not there is
        404 for everybody; only then rights are asked for."""
        product = self.find(call.ids[0])
        call.may_view()
        return call.shown(self.body(product))

    def change(self, call: Call) -> Reply:
        product = self.find(call.ids[0], 400)
        call.may_edit()
        if product.type == "variation":
            text = (
                "To manipulate product variations you should use the "
                "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
            )
            raise RestError(404, "woocommerce_rest_invalid_product_id", text)
        return self._write(call, product)

    def _write(self, call: Call, product: Product) -> Reply:
        given = call.params.body
        _check_stock(given)
        if "manage_stock" in given:
            product.manage_stock = bool(given["manage_stock"])
            if not product.manage_stock:
                product.stock_quantity, product.low_stock_amount = None, None
        if product.manage_stock is True and "stock_quantity" in given:
            product.stock_quantity = given["stock_quantity"] or 0
        product.price = str(given.get("regular_price", product.price))
        product.status = str(given.get("status", product.status))
        self.shop.product_saved(product)
        return call.shown(self.body(product))

    def delete(self, call: Call) -> Reply:
        product = self.find(call.ids[0])
        call.may_delete()
        before = self.body(product)
        if call.params.flag("force"):
            self.shop.delete_product(product.id)
        else:
            self.shop.trash_product(product.id)
        return call.shown(before)

    def variations(self, call: Call) -> Reply:
        page = Page.of(call.params, ORDER_BY)
        rows = by_date(self.memory.variations(call.ids[0]), call.params)
        call.may_list()
        self.find(call.ids[0])
        rows = ordered(by_id(rows, call.params), page)
        url = self.shop.site.rest(f"products/{call.ids[0]}/variations")
        return answer(rows, page, call.params, url, self.body)

    def variation(self, call: Call) -> Reply:
        product = self._variation(call)
        call.may_view()
        return call.shown(self.body(product))

    def change_variation(self, call: Call) -> Reply:
        product = self._variation(call)
        call.may_edit()
        return self._write(call, product)

    def _variation(self, call: Call) -> Product:
        product = self.memory.products.get(call.ids[1])
        if product is None or product.parent_id != call.ids[0]:
            raise RestError(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        return product


def _has(product: Product, status: str) -> bool:
    return product.status == status or (status == "any" and product.status not in ("trash", "auto-draft"))


def _check_stock(given: dict[str, Any]) -> None:
    """Fractions and text are refused; null is nothing."""
    quantity = given.get("stock_quantity")
    if quantity is not None and (isinstance(quantity, bool) or not isinstance(quantity, int)):
        raise invalid("stock_quantity", "stock_quantity is not of type integer.", "rest_invalid_type")
