"""The people of a shop, and what they allow."""

from typing import Any

from tests.fakes.shopify import people_bodies
from tests.fakes.shopify.acting import Acting
from tests.fakes.shopify.records import (
    Customer,
)


class People(Acting):
    def add_customer(self, email: str | None, subscribed: bool = False, **more: Any) -> Customer:
        silent = more.pop("silent", True)
        made = Customer(**self.new(), email=email, **more)
        if subscribed:
            self._subscribe(made)
        self.memory.customers[made.number] = made
        self.memory.changed(made)
        self.tell(silent, ("customers/create", people_bodies.customer(self.memory, made)))
        return made

    def _subscribe(self, customer: Customer) -> None:
        customer.email_state, customer.email_level = "SUBSCRIBED", "SINGLE_OPT_IN"
        customer.email_changed_at = self.memory.moment()

    def set_consent(self, customer: Customer, state: str, silent: bool = False) -> None:
        customer.email_state, customer.email_changed_at = state, self.memory.moment()
        self.memory.changed(customer)
        self.tell(
            silent,
            ("customers_email_marketing_consent/update", people_bodies.email_consent(self.memory, customer)),
        )

    def delete_customer(self, customer: Customer, silent: bool = False) -> None:
        del self.memory.customers[customer.number]
        for one in (*self.memory.orders.values(), *self.memory.checkouts.values()):
            if one.customer is customer:
                one.customer = None
        self.tell(silent, ("customers/delete", {"id": customer.number}))
