"""Orders and customers by REST."""

from collections.abc import Sequence
from typing import Any

from tests.fakes.woocommerce.bodies import order_body
from tests.fakes.woocommerce.listing import Page, answer, by_date, by_id, ordered
from tests.fakes.woocommerce.messages import Reply, RestError
from tests.fakes.woocommerce.other_bodies import customer_body
from tests.fakes.woocommerce.params import Params
from tests.fakes.woocommerce.records import Order, User
from tests.fakes.woocommerce.rest import Api, Call

STATUSES = (
    "any",
    "trash",
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
CUSTOMERS_BY = ("id", "include", "name", "registered_date")
ROLES = ("all", "administrator", "shop_manager", "customer", "subscriber")


class Orders:
    def __init__(self, api: Api) -> None:
        self.shop, self.memory = api.shop, api.shop.memory
        api.route("GET", "/wc/v3/orders", self.list)
        api.route("POST", "/wc/v3/orders", self.create)
        api.route("GET", r"/wc/v3/orders/(\d+)", self.show)
        api.route("PUT", r"/wc/v3/orders/(\d+)", self.change)
        api.route("DELETE", r"/wc/v3/orders/(\d+)", self.delete)
        api.route("GET", "/wc/v3/customers", self.customers)
        api.route("GET", r"/wc/v3/customers/(\d+)", self.customer)

    def body(self, order: Order) -> dict[str, Any]:
        return order_body(order, self.shop.site, self.shop.clock)

    def list(self, call: Call) -> Reply:
        """Drafts of the checkout are among "any"; what is in the bin is not."""
        page = Page.of(call.params, ORDER_BY)
        statuses = call.params.choices("status", "any", self._statuses())
        rows = by_date([one for one in self.memory.orders.values() if _is_one_of(one, statuses)], call.params)
        call.may_list()
        rows = ordered(by_id([one for one in rows if _matches(one, call.params)], call.params), page)
        return answer(rows, page, call.params, self.shop.site.rest("orders"), self.body)

    def _statuses(self) -> Sequence[str]:
        """Those of plugins are known too."""
        return (*STATUSES, *(one.status for one in self.memory.orders.values()))

    def find(self, id: int, status: int = 404) -> Order:
        order = self.memory.orders.get(id)
        if order is None:
            raise RestError(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return order

    def show(self, call: Call) -> Reply:
        """Unlike a product's or a coupon's, an order's absence is told only to who may see orders."""
        call.may_view()
        order = self.find(call.ids[0])
        return call.shown(self.body(order))

    def create(self, call: Call) -> Reply:
        call.may_create()
        given = call.params.body
        lines = [self._ordered(line) for line in given.get("line_items", [])]
        billing = {name: str(value) for name, value in given.get("billing", {}).items()}
        status = str(given.get("status", "pending"))
        order = self.memory.orders[self.shop.order_by_rest(status, lines, **billing)]
        return call.shown(self.body(order), 201, self.shop.site.rest(f"orders/{order.id}"))

    def _ordered(self, line: dict[str, Any]) -> tuple[int, int]:
        return int(line.get("variation_id") or line["product_id"]), int(line.get("quantity", 1))

    def change(self, call: Call) -> Reply:
        call.may_edit()
        order = self.find(call.ids[0], 400)
        order.billing.update(call.params.body.get("billing", {}))
        self.shop.set_status(order.id, str(call.params.body.get("status", order.status)))
        return call.shown(self.body(order))

    def delete(self, call: Call) -> Reply:
        call.may_delete()
        order = self.find(call.ids[0])
        before = self.body(order)
        if call.params.flag("force"):
            self.shop.delete_order(order.id)
            return call.shown(before)
        self.shop.trash_order(order.id)
        return call.shown(self.body(order))

    def customers(self, call: Call) -> Reply:
        """A date to begin at is not understood, and nobody says so."""
        page = Page.of(call.params, CUSTOMERS_BY, "name", "asc")
        role = call.params.choice("role", "customer", ROLES)
        call.may_list()
        rows = [one for one in self.memory.users.values() if role in ("all", one.role)]
        wanted = call.params.text("email")
        rows = ordered(by_id([one for one in rows if wanted in ("", one.email)], call.params), page)
        return answer(rows, page, call.params, self.shop.site.rest("customers"), self.customer_body)

    def customer(self, call: Call) -> Reply:
        call.may_view()
        user = self.memory.users.get(call.ids[0])
        if user is None:
            raise RestError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return call.shown(self.customer_body(user))

    def customer_body(self, user: User) -> dict[str, Any]:
        return customer_body(user, self.shop.site, self.shop.clock)


def _is_one_of(order: Order, statuses: Sequence[str]) -> bool:
    if order.status in statuses:
        return True
    return "any" in statuses and order.status not in ("trash", "auto-draft")


def _matches(order: Order, params: Params) -> bool:
    via, customer, search = params.text("created_via"), params.text("customer"), params.text("search")
    told = " ".join((str(order.id), *order.billing.values())).lower()
    return (
        via in ("", order.created_via)
        and customer in ("", str(order.customer_id))
        and (not search or search.lower() in told)
    )
