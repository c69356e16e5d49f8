"""What a WooCommerce store tells of people."""

from datetime import UTC, datetime

import pytest

from core.events import Contact, PersonChanged
from tests.integrations.woocommerce.reading import read

ANA = PersonChanged(
    Contact(
        email="ana@example.test",
        phone="+34 600 000 000",
        customer_ref="2",
        first_name="Ana",
        country="ES",
    ),
    datetime(2026, 11, 21, 22, 20, 14, tzinfo=UTC),
)


def test_a_customer_and_her_twin_say_the_same() -> None:
    assert read("customer.created") == read("customer.updated__twin_of_created") == [ANA]


def test_a_new_account_that_was_never_changed_counts_from_its_making() -> None:
    (event,) = read("customer.created__role_subscriber")
    made = datetime(2026, 11, 21, 22, 28, 23, tzinfo=UTC)
    assert event == PersonChanged(Contact(email="sub1@example.test", customer_ref="5"), made)


@pytest.mark.parametrize("role", ["administrator", "shop_manager", "editor", "author", "contributor"])
def test_the_stores_staff_are_not_our_business(role: str) -> None:
    assert read("customer.created", role=role) == []


def test_customers_with_a_role_of_some_plugin_are_customers() -> None:
    assert read("customer.created", role="wholesale_customer") == [ANA]
