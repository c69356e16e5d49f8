"""A person's decision written back to Shopify, unless a newer one stands there."""

from datetime import datetime
from typing import Any

from core import clock
from integrations.live import ConsentWrite
from integrations.roles import Access
from integrations.shopify.api import Api
from integrations.shopify.change_documents import CONSENT, WRITE_CONSENT
from integrations.shopify.last_moment import moment
from integrations.shopify.nodes import Node

STATES = {"opted_in": "SUBSCRIBED", "opted_out": "UNSUBSCRIBED"}


def write_consent(api: Api, access: Access, consent: ConsentWrite) -> None:
    """The address decides, not the customer: it was this address that was to be written to or not."""
    found = api.ask(access, CONSENT, email=consent.email)["customerByIdentifier"]
    known = (found or {}).get("defaultEmailAddress") or {}
    if (known.get("emailAddress") or "").lower() != consent.email.lower() or _stands(known, consent):
        return
    api.change(access, WRITE_CONSENT, input=_input(found["id"], consent))


def _stands(known: Node, consent: ConsentWrite) -> bool:
    decided = known["marketingUpdatedAt"]
    newer = decided is not None and datetime.fromisoformat(decided) > consent.at
    return newer or known["marketingState"] == STATES[consent.state]


def _input(customer: str, consent: ConsentWrite) -> dict[str, Any]:
    act: dict[str, Any] = {
        "marketingState": STATES[consent.state],
        "consentUpdatedAt": moment(min(consent.at, clock.now())),
    }
    if consent.state == "opted_in":
        act["marketingOptInLevel"] = "SINGLE_OPT_IN"
    return {"customerId": customer, "emailMarketingConsent": act}
