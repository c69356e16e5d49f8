"""Who agreed to advertising in the sandbox shop, when, and to which words."""

from datetime import datetime

from integrations.sandbox.bodies import ConsentBody, ContactBody, CustomerBody
from integrations.sandbox.records import Records

OPT_IN_TEXT = "Yes, remind me of my cart and send me news by e-mail. I can unsubscribe at any time."


def remember(records: Records, contact: ContactBody, at: datetime) -> CustomerBody:
    """Note that the person agreed at that time."""
    customer = CustomerBody(contact=contact, opted_in_at=at)
    records.put("customer", _ref(contact), customer)
    return customer


def known(records: Records, contact: ContactBody) -> CustomerBody | None:
    return records.find("customer", _ref(contact), CustomerBody)


def given(customer: CustomerBody) -> ConsentBody:
    """The person's consent as the shop tells it."""
    return ConsentBody(
        contact=customer.contact,
        state="opted_in",
        at=customer.opted_in_at,
        source="sandbox checkout",
        text=OPT_IN_TEXT,
    )


def _ref(contact: ContactBody) -> str:
    return (contact.email or "").lower()
