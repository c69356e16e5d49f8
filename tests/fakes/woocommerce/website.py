"""One WordPress site: which part of it answers a request."""

import re
from typing import Any, Protocol

from tests.fakes.woocommerce.auth import Caller
from tests.fakes.woocommerce.messages import Reply, Request, RestError, not_found, page
from tests.fakes.woocommerce.office import Office
from tests.fakes.woocommerce.other_bodies import permalink
from tests.fakes.woocommerce.params import Params
from tests.fakes.woocommerce.records import Webhook
from tests.fakes.woocommerce.rest import Api, Call, Handler
from tests.fakes.woocommerce.rest_coupons import Coupons
from tests.fakes.woocommerce.rest_orders import Orders
from tests.fakes.woocommerce.rest_products import Products
from tests.fakes.woocommerce.rest_site import About
from tests.fakes.woocommerce.rest_webhooks import Webhooks
from tests.fakes.woocommerce.wc_auth import Auth

CHECKOUT_LINKS_SINCE = 10
PLUGINS_OWN = re.compile(r"/(wp-admin/.*|wp-content/plugins/.*|checkout/|shop/|product/\d+/)?")


class WordPress(Protocol):
    """Where PHP runs, with our plugin in it."""

    def ask(self, request: Request, user: int = 0) -> Reply: ...

    def rest(self, request: Request, route: str, caller: Caller) -> Reply: ...

    def cron(self, ahead: int = 0) -> int: ...


class Website:
    def __init__(self, shop: Office) -> None:
        self.shop, self.site = shop, shop.site
        self.api, self.auth = Api(shop), Auth(shop)
        About(self.api)
        self.orders, self.products = Orders(self.api), Products(self.api)
        self.coupons, self.webhooks = Coupons(self.api), Webhooks(self.api)
        self.wordpress: WordPress | None = None
        self.api.elsewhere = self._plugins_rest

    def answer(self, request: Request) -> Reply:
        if request.value("rest_route"):
            return self.api.answer(request, request.value("rest_route"), under_wp_json=False)
        pretty = not self.site.plain_permalinks
        rest = re.fullmatch(r"(?:/index\.php)?/wp-json(/.*)?", request.path)
        if rest and pretty:
            return self.api.answer(request, rest[1] or "/", under_wp_json=True)
        auth = re.fullmatch(r"/wc-auth/v1/([a-z_]+)/?", request.path)
        if auth and pretty:
            return self.auth.answer(request, auth[1])
        if request.path == "/wp-cron.php":
            return self._cron()
        if self.wordpress is not None and PLUGINS_OWN.fullmatch(request.path or "/"):
            return self.wordpress.ask(request, self._signed_in(request))
        return self._storefront(request)

    def _plugins_rest(self, request: Request, route: str, caller: Caller) -> Reply | None:
        """What our plugin adds to the REST API, where it is active."""
        if self.wordpress is None or not route.startswith("/wc-kontor/"):
            return None
        return self.wordpress.rest(request, route, caller)

    def _signed_in(self, request: Request) -> int:
        user = self.auth.user(request.headers)
        return user.id if user else 0

    def _cron(self) -> Reply:
        """The queue is run by whoever asks for this page."""
        self.shop.sweep_drafts()
        return Reply(200, b"", [("Content-Type", "text/html; charset=UTF-8")], self.run_queue)

    def run_queue(self) -> None:
        self.shop.hooks.run()
        if self.wordpress is not None:
            self.wordpress.cron()

    def _storefront(self, request: Request) -> Reply:
        if request.path in ("", "/"):
            return page(self.site.name, f"<h1>{self.site.name}</h1>")
        for product in self.shop.memory.products.values():
            if (
                permalink(product, self.shop.memory, self.site).partition("?")[0]
                == f"{self.site.home}{request.path}"
            ):
                return page(product.name, f"<h1>{product.name}</h1>")
        if re.fullmatch(r"/checkout/order-pay/\d+/", request.path):
            return page("Pay for order", "<h1>Pay for order</h1>")
        major = int(self.site.woocommerce.partition(".")[0])
        if request.path == "/checkout-link/" and major >= CHECKOUT_LINKS_SINCE:
            return page("Checkout", "<h1>Checkout</h1>")
        return not_found()

    def payload(self, webhook: Webhook, arg: int) -> Any:
        """Built when it is delivered, with the rights of the webhook's user."""
        resource, _, event = webhook.topic.partition(".")
        if resource == "action":
            return {"action": event, "arg": arg}
        if event == "deleted":
            return {"id": arg}
        shows: dict[str, Handler] = {
            "order": self.orders.show,
            "product": self.products.show,
            "coupon": self.coupons.show,
            "customer": self.orders.customer,
        }
        user = self.shop.memory.users.get(webhook.user_id)
        nothing = Params(Request("GET", "", "", {}), self.shop.clock)
        try:
            reply = shows[resource](Call("GET", nothing, Caller(user), (arg,)))
        except RestError as error:
            return error.body
        return reply.json()
