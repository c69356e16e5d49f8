"""Who agreed to advertising in the sandbox shop, when, and to which words."""

from datetime import datetime

from integrations.sandbox.bodies import ConsentBody, ContactBody, CustomerBody
from integrations.sandbox.records import Records

OPT_IN_TEXTS = {
    "en": "Yes, write to me about my cart and about news. I can unsubscribe at any time.",
    "de": "Ja, schreibt mir zu meinem Warenkorb und über Neues. Ich kann mich jederzeit abmelden.",
}


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
        text=opt_in_text(customer.contact.locale),
    )


def opt_in_text(locale: str | None) -> str:
    """The very words beside the box."""
    return OPT_IN_TEXTS["de" if (locale or "").startswith("de") else "en"]


def _ref(contact: ContactBody) -> str:
    return (contact.email or "").lower()
