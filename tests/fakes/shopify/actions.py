"""What shoppers and the merchant do in a shop: the memory changes, and the right webhooks follow."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.fakes.shopify import app_bodies
from tests.fakes.shopify.acting import apply
from tests.fakes.shopify.checking_out import CheckingOut
from tests.fakes.shopify.order_desk import OrderDesk
from tests.fakes.shopify.records import (
    Customer,
    Order,
)


class Shop(CheckingOut, OrderDesk):
    """One shop at this Shopify. Every action takes `silent=True`: it then
    exists in the shop alone, as if its webhooks had been lost."""

    def uninstall(self, silent: bool = False) -> None:
        """The tokens are dead at once; the news of it follows."""
        self.installation.uninstall()
        if not silent:
            self.send("app/uninstalled", app_bodies.itself(self.memory))

    def install(self, scopes: Sequence[str] | None = None) -> None:
        """Also again: the app then has no token until it exchanges an ID token."""
        self.installation.installed = True
        if scopes is not None:
            self.installation.scopes = frozenset(scopes)

    def change_scopes(self, *scopes: str, silent: bool = False) -> None:
        previous, self.installation.scopes = sorted(self.installation.scopes), frozenset(scopes)
        body = app_bodies.scopes_change(self.memory, previous, sorted(scopes))
        self.tell(silent, ("app/scopes_update", body))

    def change_profile(self, silent: bool = False, **changes: Any) -> None:
        apply(self.memory.profile, changes)
        self.tell(silent, ("shop/update", app_bodies.itself(self.memory, "shop_update")))

    def redact_shop(self) -> None:
        self.send("shop/redact", app_bodies.compliance(self.memory, "shop_redact", None, ()))

    def redact_customer(self, customer: Customer) -> None:
        body = app_bodies.compliance(self.memory, "customers_redact", customer, self._orders_of(customer))
        self.hooks.deliver(self.domain, "customers/redact", body)

    def request_data(self, customer: Customer) -> None:
        body = app_bodies.compliance(
            self.memory, "customers_data_request", customer, self._orders_of(customer)
        )
        self.hooks.deliver(self.domain, "customers/data_request", body)

    def _orders_of(self, customer: Customer) -> list[Order]:
        return [one for one in list(self.memory.orders.values()) if one.customer is customer]

    def search_lags(self, seconds: float) -> None:
        self.memory.search_lag = timedelta(seconds=seconds)

    def withhold(self, *kinds: str) -> None:
        """Protected customer data this app was not approved for: customer, name, email, phone, address."""
        self.memory.withheld = set(kinds)
