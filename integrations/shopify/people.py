"""Who a Shopify body speaks of, and what that person allowed."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from core.events import ConsentChanged, ConsentState, Contact, Event, LookUp, PersonChanged
from integrations.payload import Payload

STATES: dict[str, ConsentState] = {
    "subscribed": "opted_in",
    "unsubscribed": "opted_out",
    "pending": "pending",
}
SOURCE = "shopify_customer"


def buyer(payload: Payload) -> Contact:
    """Whose checkout or order it is; every field may be withheld by Shopify."""
    customer = payload.part_or_none("customer") or _nobody(payload)
    billing = payload.part_or_none("billing_address") or _nobody(payload)
    shipping = payload.part_or_none("shipping_address") or _nobody(payload)
    home = customer.part_or_none("default_address") or _nobody(payload)
    return Contact(
        email=payload.email_or_none("email")
        or payload.email_or_none("contact_email")
        or customer.email_or_none("email"),
        phone=payload.text_or_none("phone") or customer.text_or_none("phone"),
        customer_ref=customer.ref_or_none("id"),
        first_name=_first(customer, billing, shipping, key="first_name"),
        locale=payload.text_or_none("customer_locale"),
        country=_country(billing, shipping, home),
    )


def _nobody(payload: Payload) -> Payload:
    return Payload(payload.topic, {}, payload.shop)


def _first(*parts: Payload, key: str) -> str | None:
    return next((text for part in parts if (text := part.text_or_none(key))), None)


def _country(*addresses: Payload) -> str | None:
    return next((code for one in addresses if (code := one.country_or_none("country_code"))), None)


def opt_ins(payload: Payload, contact: Contact, at: datetime, source: str) -> list[ConsentChanged]:
    """The boxes ticked at the checkout; one left unticked is silence.

    The box is sent again with every later change, so it counts from the
    checkout's or order's beginning: an opt-out made since must win.
    """
    sms_phone = payload.text_or_none("sms_marketing_phone")
    made: list[ConsentChanged] = []
    if payload.flag("buyer_accepts_marketing") and contact.email:
        made.append(ConsentChanged(contact, "email", "opted_in", at, source))
    if payload.flag("buyer_accepts_sms_marketing") and sms_phone:
        made.append(ConsentChanged(replace(contact, phone=sms_phone), "sms", "opted_in", at, source))
    return made


def changed(payload: Payload) -> list[Event | LookUp]:
    home = payload.part_or_none("default_address") or _nobody(payload)
    contact = Contact(
        email=payload.email_or_none("email"),
        phone=payload.text_or_none("phone"),
        customer_ref=payload.ref("id"),
        first_name=_first(payload, home, key="first_name"),
        country=_country(home),
    )
    return [PersonChanged(contact, payload.time("updated_at"))]


def deleted(payload: Payload) -> list[Event | LookUp]:
    return [LookUp("customer", payload.ref("id"))]


def email_consent(payload: Payload) -> list[Event | LookUp]:
    ref = payload.ref("customer_id")
    contact = Contact(email=payload.email_or_none("email_address"), customer_ref=ref)
    return _consent(payload.part_or_none("email_marketing_consent"), contact, "email", contact.email)


def sms_consent(payload: Payload) -> list[Event | LookUp]:
    contact = Contact(phone=payload.text_or_none("phone"), customer_ref=payload.ref("id"))
    return _consent(payload.part_or_none("sms_marketing_consent"), contact, "sms", contact.phone)


def _consent(
    consent: Payload | None, contact: Contact, channel: Literal["email", "sms"], address: str | None
) -> list[Event | LookUp]:
    """An act whose time or address is withheld is only a hint: the shop must
    be asked about the person."""
    state = STATES.get((consent.text_or_none("state") or "").lower()) if consent else None
    if consent is None or state is None:
        return []
    at = consent.time_or_none("consent_updated_at")
    if at is None or address is None:
        return [LookUp("customer", contact.customer_ref or "")]
    return [ConsentChanged(contact, channel, state, at, SOURCE)]
