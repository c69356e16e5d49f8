"""Customers told by GraphQL, with what they allowed and when."""

from collections.abc import Iterator

from core.events import ConsentChanged, Contact, Event, LookUp
from integrations.roles import ShopIdentity
from integrations.shopify import people
from integrations.shopify.nodes import Node, number, payload, person

TOPIC = "graphql/customer"


def events(node: Node, shop: ShopIdentity) -> list[Event | LookUp]:
    told = {**(person(node) or {}), "updated_at": node["updatedAt"]}
    return [*people.changed(payload(TOPIC, told, shop)), *_consents(node, shop)]


def _consents(node: Node, shop: ShopIdentity) -> Iterator[Event]:
    """An act without an address or a time says nothing that could be kept."""
    ref = number(node["id"])
    mail = payload(TOPIC, node.get("defaultEmailAddress") or {}, shop)
    phone = payload(TOPIC, node.get("defaultPhoneNumber") or {}, shop)
    sms = phone.part_or_none("smsMarketingConsent")
    email, called = mail.email_or_none("emailAddress"), phone.text_or_none("phoneNumber")
    state, at = mail.text_or_none("marketingState"), mail.time_or_none("marketingUpdatedAt")
    act = people.STATES.get((state or "").lower())
    if email and at and act:
        yield ConsentChanged(Contact(email=email, customer_ref=ref), "email", act, at, people.SOURCE)
    act = people.STATES.get((sms.text_or_none("state") or "").lower()) if sms else None
    at = sms.time_or_none("updatedAt") if sms else None
    if called and at and act:
        yield ConsentChanged(Contact(phone=called, customer_ref=ref), "sms", act, at, people.SOURCE)
