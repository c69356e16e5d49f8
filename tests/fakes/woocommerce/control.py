"""The same handle over HTTP, for a store that runs as a process of its own."""

import inspect
import json
from typing import TYPE_CHECKING, Any

from tests.fakes.woocommerce.checkout import CouponRefused
from tests.fakes.woocommerce.messages import Reply, Request, as_json

if TYPE_CHECKING:
    from tests.fakes.woocommerce.store import Store

VERBS = (
    "add_product",
    "add_variation",
    "set_stock",
    "edit_stock_in_the_database",
    "set_price",
    "trash_product",
    "delete_product",
    "open_checkout",
    "fill_checkout",
    "leave_draft",
    "change_cart",
    "place",
    "order",
    "pay",
    "complete",
    "cancel",
    "fail",
    "set_status",
    "refund",
    "trash_order",
    "restore_order",
    "delete_order",
    "order_by_rest",
    "trash_coupon",
    "trash_page",
    "add_user",
    "delete_user",
    "demote_owner",
    "delete_owner",
    "revoke_keys",
    "advance",
    "run_queue",
    "trouble",
    "calm",
    "lose",
    "set_site",
)


class Control:
    """`POST /__fake__/<verb>` with the arguments as JSON; `GET /__fake__/state` tells what is there."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def answer(self, request: Request) -> Reply:
        verb = request.path.removeprefix("/__fake__/").strip("/")
        if request.method == "GET" and verb == "state":
            return as_json(self._state())
        if request.method != "POST" or verb not in VERBS:
            return as_json({"error": f"no such verb: {verb}"}, 404)
        try:
            given = json.loads(request.body or b"{}")
            act = getattr(self._store, verb)
            inspect.signature(act).bind(**given)
            return as_json({"result": act(**given)})
        except (ValueError, TypeError, LookupError, AttributeError, CouponRefused) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

    def _state(self) -> dict[str, Any]:
        store = self._store
        with store.memory.lock:
            return {
                "home": store.site.home,
                "now": store.clock.gmt(store.clock.now()),
                "counts": store.counts,
                "orders": store.orders(),
                "products": {one.sku or str(one.id): one.id for one in store.memory.products.values()},
                "stock": {str(one.id): one.stock_quantity for one in store.memory.products.values()},
                "coupons_ever": [one.code for one in store.coupons_ever],
                "webhooks": store.webhooks(),
                "queued": len(store.hooks.queue),
                "delivered": len(store.hooks.deliveries),
            }
